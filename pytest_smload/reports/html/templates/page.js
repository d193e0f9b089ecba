"use strict";
(() => {
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const live = document.getElementById("live");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const INK = "\u0001ink", GRID = "\u0001grid";
  let drawn, record, ready;

  const unpacked = async (id) => {
    const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };

  const load = () => (ready ??= (async () => {
    if (typeof DecompressionStream === "undefined") throw new Error("this browser is too old to draw the charts");
    drawn = JSON.parse(await unpacked("drawn"));
    if (!document.getElementById("plotly").textContent) return;
    const script = document.createElement("script");
    script.textContent = await unpacked("plotly");
    document.head.append(script);
  })());

  const colours = (light) => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return light ? { ink: "#000", grid: "#ddd", bg: "#fff" } : { ink: of("--ink"), grid: of("--grid"), bg: of("--bg") };
  };

  const themed = (value, theme) => {
    if (typeof value === "string") return value === INK ? theme.ink : value === GRID ? theme.grid : value;
    if (Array.isArray(value)) return value.length && typeof value[0] === "object" ? value.map((each) => themed(each, theme)) : value;
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, themed(each, theme)]));
    return value;
  };

  const isNarrow = (place, width) => (width ?? place.clientWidth) < 600;

  const draw = (place, chart, light = false, width) => {
    const theme = colours(light), narrow = isNarrow(place, width) && chart.narrow;
    const height = narrow ? narrow.height : chart.height;
    place.style.height = `${height}px`;
    const layout = {
      ...themed({ ...chart.layout, ...narrow?.layout }, theme), height, width, autosize: !width, margin: { l: 60, r: 16, t: 28, b: 44 },
      paper_bgcolor: theme.bg, plot_bgcolor: theme.bg, font: { color: theme.ink, size: 12 },
      hoverlabel: { namelength: 40, bgcolor: theme.bg, bordercolor: theme.ink, font: { color: theme.ink } },
    };
    Plotly.react(place, themed(chart.data, theme), layout, { responsive: !width, displaylogo: false, displayModeBar: false });
    place.querySelector("svg.main-svg")?.setAttribute("aria-hidden", "true");
    place.dataset.drawn = narrow ? "narrow" : "wide";
  };

  const table = (columns) => {
    const made = document.createElement("table"), head = made.createTHead().insertRow(), body = made.createTBody();
    const names = Object.keys(columns);
    for (const name of names) {
      const cell = document.createElement("th");
      cell.scope = "col"; cell.textContent = name; head.append(cell);
    }
    for (let row = 0; row < columns[names[0]].length; row++) {
      const line = body.insertRow();
      for (const name of names) line.insertCell().textContent = columns[name][row] ?? "";
    }
    const wide = document.createElement("div");
    wide.className = "wide"; wide.tabIndex = 0; wide.setAttribute("role", "region"); wide.setAttribute("aria-label", "Numbers");
    wide.append(made);
    return wide;
  };

  const show = async (figure) => {
    const place = figure.querySelector(".plot");
    try {
      await load();
      if (!place.dataset.drawn) draw(place, chartOf(figure));
    } catch (error) {
      place.textContent = `The chart cannot be drawn: ${error.message}. Its figures are in report.json.`;
    }
  };

  const chartOf = (figure) => figure.dataset.chart ? drawn[Number(figure.dataset.chart)] : figure.chart;

  const cursor = (figure) => {
    const place = figure.querySelector(".plot"), readout = figure.querySelector(".readout");
    if (!readout) return;
    let at = -1;
    place.addEventListener("keydown", (event) => {
      const chart = place.dataset.drawn && chartOf(figure);
      if (!chart) return;
      const names = Object.keys(chart.columns), last = chart.columns[names[0]].length - 1;
      const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      at = Math.max(0, Math.min(last, at + step));
      readout.textContent = names.map((name) => `${name} ${chart.columns[name][at] ?? "-"}`).join(", ");
      Plotly.Fx.hover(place, { xval: chart.columns[names[0]][at] }, ["xy"]);
    });
  };

  const routeCharts = (spread, name) => {
    const data = spread.routes[name], p95 = spread.routes_p95_ms[name] ?? [];
    const edge = (place) => data.ratio ** (data.first + place);
    const total = data.counts.reduce((sum, count) => sum + count, 0), x = [1], y = [edge(0)];
    let rank = 0;
    data.counts.forEach((count, place) => {
      rank += count;
      if (count) { x.push(total / Math.max(total - rank, 1)); y.push(edge(place + 1)); }
    });
    const legible = (title) => ({ title: { text: title, standoff: 8 }, automargin: true, gridcolor: GRID, zerolinecolor: GRID });
    const ticks = [[2, "p50"], [10, "p90"], [20, "p95"], [100, "p99"], [1000, "p99.9"]].filter(([at]) => at <= Math.max(2, total));
    const line = (xs, ys, name) => ({ type: "scatter", mode: "lines+markers", marker: { size: 4 }, x: xs, y: ys, name, line: { color: "#0072B2", width: 2 } });
    const round = (values) => values.map((value) => value === null ? null : Number(value.toPrecision(4)));
    const found = [{
      title: `Latency by percentile, of ${total} answers`, height: 260, data: [{ ...line(round(x), round(y), "latency"), mode: "lines" }],
      layout: { xaxis: { ...legible("percentile"), type: "log", range: [0, Math.log10(Math.max(2, total))], tickvals: ticks.map(([at]) => at), ticktext: ticks.map(([, text]) => text) }, yaxis: { ...legible("latency ms"), rangemode: "tozero" } },
      columns: { "1/(1-p)": round(x), "latency ms": round(y) },
    }];
    if (p95.length > 1) {
      const seconds = p95.map((_, index) => Number((index * spread.slice_s).toPrecision(4)));
      found.push({
        title: `p95 in slices of ${Number(spread.slice_s.toPrecision(3))} s`, height: 260, data: [line(seconds, p95, "p95")],
        layout: { xaxis: legible("seconds of the window"), yaxis: { ...legible("p95 ms"), rangemode: "tozero" } }, columns: { s: seconds, "p95 ms": p95 },
      });
    }
    return found;
  };

  const figureOf = (chart) => {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption"), place = document.createElement("div");
    const numbers = document.createElement("details"), summary = document.createElement("summary"), strong = document.createElement("strong");
    figure.className = "chart"; place.className = "plot"; place.style.height = `${chart.height}px`; figure.chart = chart;
    strong.textContent = chart.title; caption.append(strong);
    numbers.className = "numbers"; summary.textContent = `Numbers of “${chart.title}”`; numbers.append(summary);
    figure.append(caption, place, numbers);
    return figure;
  };

  const openRoute = async (button) => {
    const row = button.closest("tr"), open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) { row.nextElementSibling.remove(); return; }
    const inside = document.createElement("tr"), cell = inside.insertCell(), pair = document.createElement("div");
    inside.className = "inside"; cell.colSpan = row.cells.length; pair.className = "pair"; cell.append(pair); row.after(inside);
    try {
      await load();
      record ??= JSON.parse(await unpacked("record"));
      const [test, place] = button.closest("table").dataset.load.split(".").map((each) => Number(each) - 1);
      const name = button.dataset.name === undefined ? button.textContent : JSON.parse(button.dataset.name);
      // All of them first: how wide one is depends on the others.
      const figures = routeCharts(record.tests[test].loads[place].distribution, name).map(figureOf);
      pair.append(...figures);
      for (const figure of figures) { prepare(figure); draw(figure.querySelector(".plot"), figure.chart); }
    } catch (error) { pair.textContent = `The charts cannot be drawn: ${error.message}.`; }
  };

  const sortable = (made) => {
    const heads = all("thead th", made);
    heads.forEach((head, column) => {
      if (!head.dataset.sort) return;
      const button = document.createElement("button");
      button.type = "button"; button.textContent = head.textContent; head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending" && (head.dataset.sort !== "name" || head.hasAttribute("aria-sort"));
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        all("tr.inside", made).forEach((row) => row.remove());
        all("button.open", made).forEach((each) => each.setAttribute("aria-expanded", "false"));
        const key = (row) => { const cell = row.cells[column], value = cell.dataset.v; return value === undefined ? cell.textContent : value === "" ? -Infinity : Number(value); };
        const rows = [...made.tBodies[0].rows].map((row) => [key(row), row]);
        rows.sort(([a], [b]) => (typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b) * (down ? -1 : 1));
        made.tBodies[0].append(...rows.map(([, row]) => row));
        live.textContent = `sorted by ${head.dataset.sort}, ${down ? "largest" : "smallest"} first`;
      });
    });
  };

  const searchable = (input) => {
    const made = document.getElementById(input.getAttribute("aria-controls")), found = input.closest(".tools").querySelector(".found");
    const rows = [...made.tBodies[0].rows].map((row) => [row.cells[0].textContent.toLowerCase(), row]);
    const search = () => {
      const wanted = input.value.toLowerCase();
      let count = 0;
      for (const [text, row] of rows) { const hit = text.includes(wanted); row.hidden = !hit; count += hit; if (!hit && row.nextElementSibling?.className === "inside") { row.nextElementSibling.remove(); row.querySelector("button.open")?.setAttribute("aria-expanded", "false"); } }
      found.textContent = wanted ? `${count} of ${rows.length}` : "";
    };
    input.addEventListener("input", search);
    if (input.value) search();
  };

  const prepare = (figure) => {
    figure.querySelector(".numbers").addEventListener("toggle", async (event) => {
      if (event.target.open && event.target.children.length === 1) { await load(); event.target.append(table(chartOf(figure).columns)); }
    });
  };

  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) if (isIntersecting) { near.unobserve(target); show(target); }
  }, { rootMargin: "600px" });

  for (const figure of all("figure.chart")) { prepare(figure); cursor(figure); near.observe(figure); }
  all("table.routes").forEach(sortable);
  all("input.search").forEach(searchable);
  document.addEventListener("click", (event) => { const button = event.target.closest("button.open"); if (button) openRoute(button); });

  const redraw = (light, width) => {
    if (!drawn || typeof Plotly === "undefined") return;
    for (const figure of all("figure.chart")) {
      const place = figure.querySelector(".plot");
      if ((place.dataset.drawn || light) && place.offsetParent !== null) draw(place, chartOf(figure), light, width);
    }
  };
  dark.addEventListener("change", () => redraw(false));
  addEventListener("resize", () => {
    for (const place of all(".plot[data-drawn]")) {
      const chart = chartOf(place.closest("figure"));
      if (chart.narrow && place.offsetParent !== null && (place.dataset.drawn === "narrow") !== isNarrow(place)) draw(place, chart);
    }
  });
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = all("details:not(.numbers):not([open])");
    for (const each of unfolded) each.open = true;
    redraw(true, 680);
  });
  addEventListener("afterprint", () => {
    for (const each of unfolded) each.open = false;
    redraw(false);
  });
  (window.requestIdleCallback ?? setTimeout)(() => load().catch(() => {}));

  const download = document.getElementById("download");
  if (download) download.hidden = typeof DecompressionStream === "undefined";
  download?.addEventListener("click", async () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([await unpacked("record")], { type: "application/json" }));
    link.download = "report.json"; link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
})();
