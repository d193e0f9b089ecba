// Says on Locust's page what it cannot know: whose load this is, when another begins, and that there are no more.
(() => {
  "use strict";
  const shown = Number(document.currentScript.dataset.load);
  const EVERY_MS = 1000;
  const GONE = "The run has ended, or cannot be reached any more. These are the last figures that came.";
  // What would start or change a load is refused; Stop has nothing to end where nobody answers.
  const refused = new Set(["edit", "new", "reset"]);
  const bar = document.createElement("p");
  bar.id = "smload";
  bar.setAttribute("role", "status");
  bar.style.cssText = "margin:0;padding:6px 24px;background:#1f2937;color:#fff;font:14px/1.5 Roboto,Helvetica,Arial,sans-serif";
  document.body.prepend(bar);

  const hideRefused = () => {
    for (const button of document.querySelectorAll("button")) {
      if (refused.has(button.textContent.trim().toLowerCase())) button.style.display = "none";
    }
  };
  new MutationObserver(hideRefused).observe(document.body, { childList: true, subtree: true, characterData: true });
  hideRefused();

  const say = (text) => {
    if (bar.textContent !== text) bar.textContent = text;
  };
  let unanswered = 0;
  const ask = async () => {
    try {
      const { load, said } = await (await fetch("./smload")).json();
      // Locust's page asks no more once a load is over, and draws one load after another into one chart.
      if (load !== shown) return location.reload();
      unanswered = 0;
      say(said);
    } catch {
      unanswered += 1;
      if (unanswered > 2) {
        say(GONE);
        refused.add("stop").add("loading");
        hideRefused();
        return;
      }
    }
    setTimeout(ask, EVERY_MS);
  };
  ask();
})();
