"""Measures what report.html of a large run costs: making it, its size, and how soon its table can be used."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from measure import machine_described, print_table, verdict

from pytest_smload.core.limits.judge import judge
from pytest_smload.core.limits.sources import parse_marker_limits
from pytest_smload.core.load.profile import LoadProfile
from pytest_smload.core.measure.measurement import measure
from pytest_smload.core.measure.scope_name import TOTAL
from pytest_smload.core.request.endpoint import EndpointFacts
from pytest_smload.core.request.error_kinds import ErrorKinds
from pytest_smload.core.results.assemble import build_result
from pytest_smload.core.results.result import LoadResult, RunResult, TestResult
from pytest_smload.core.samples.recording import ClientReadings, Recording, Samples
from pytest_smload.core.trust.validity import examine
from pytest_smload.reports.html.page import run_html

TESTS, MODELS, HOUR_S, TPS = 10, 200, 3600, 100
MOST_S, MOST_MB, MOST_USABLE_S = 5.0, 8.0, 2.0
_CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def an_hour(seed: int) -> LoadResult:
    """Return the result of an hour's open load over 200 models, about 1 % of it errors."""
    draw, count = np.random.default_rng(seed), HOUR_S * TPS
    kinds = ErrorKinds()
    codes = np.array([kinds.code("ModelError", 500), kinds.code("ThrottlingException", 400)], np.uint8)
    due = np.arange(count) / TPS
    samples = Samples()
    columns = {
        "due": due,
        "start": due + 0.000_2,
        "end": due + 0.000_2 + draw.lognormal(-3.5 + 0.3 * np.sin(due / 300), 0.5),
        "kind": np.where(draw.random(count) < 0.01, codes[(draw.random(count) < 0.3).astype(int)], 0).astype(np.uint8),
        "model": (draw.random(count) * MODELS).astype(np.uint16),
    }
    for name, column in columns.items():
        getattr(samples, name).frombytes(column.tobytes())
    names = [f"tenant-{number:03}.tar.gz" for number in range(MODELS)]
    profile = LoadProfile(models=names, duration="1h", warmup="0s", tps=TPS)
    lag_s = samples.due[:0]
    lag_s.frombytes(draw.exponential(0.0002, 360_000).tobytes())
    recording = Recording(
        model_names=names,
        route_kind="model",
        target_shares=[1 / MODELS] * MODELS,
        kind_names=kinds.names,
        kind_statuses=kinds.statuses,
        samples=samples,
        open_model=True,
        window_start_s=0.0,
        window_end_s=float(HOUR_S),
        clients=[ClientReadings(0.2, lag_s, lag_s)],
        started_at="2026-01-01T00:00:00+00:00",
        offered_tps=float(TPS),
        bytes_in=[1] * MODELS,
        bytes_out=[1] * MODELS,
    )
    measured = measure(recording)
    limits, _ = parse_marker_limits({"p95": "250ms", "p99": "500ms", "error_rate": "2%", "tps": ">= 90"}, source="mark")
    return build_result(
        recording,
        measured,
        examine(recording, measured, budgeted_scopes=(TOTAL,), simulated=False),
        label=None,
        endpoint=EndpointFacts("staging", "tenants", "us-east-1", "https://runtime.sagemaker.example", None),
        profile=profile,
        transport="http",
        transport_reason="default",
        checks=judge(limits, measured),
        notes=(),
    )


def usable_s(page: Path, rounds: int) -> list[float]:
    """Return how long Chromium took, each time anew, from opening *page* until its first table had found a model."""
    from playwright.sync_api import sync_playwright

    binary = next(path for path in _CHROMIUM if Path(path).exists())
    found = []
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=binary, args=["--no-sandbox"])
        for _ in range(rounds):
            tab = browser.new_page()
            begin_s = time.perf_counter()
            tab.goto(page.as_uri(), wait_until="commit")
            tab.locator("input.search").first.fill("tenant-123")
            tab.locator(".found", has_text="1 of").first.wait_for()
            found.append(time.perf_counter() - begin_s)
            tab.close()
        browser.close()
    return found


def main() -> None:
    """Print the table; the exit status is 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="write the page here as well")
    asked = parser.parse_args()
    with machine_described(), tempfile.TemporaryDirectory() as folder:
        tests = tuple(TestResult(f"tests/perf/test_{n}.py::test_hour", 1, "pass", (an_hour(n),)) for n in range(TESTS))
        run = RunResult(started_at="2026-01-01T00:00:00+00:00", version="0.1.0", tests=tests)
        took_s, text = [], ""
        for _ in range(asked.rounds):
            begin_s = time.process_time()
            text = run_html(run)
            took_s.append(time.process_time() - begin_s)
        page = Path(folder) / "report.html"
        page.write_text(text, encoding="utf-8")
        if asked.keep is not None:
            asked.keep.write_text(text, encoding="utf-8")
        size_mb = page.stat().st_size / 1e6
        rows = [
            ("made, CPU s", f"{median(took_s):.2f}", f"< {MOST_S:g} {verdict(median(took_s) < MOST_S)}"),
            ("size, MB", f"{size_mb:.2f}", f"< {MOST_MB:g} {verdict(size_mb < MOST_MB)}"),
        ]
        kept = median(took_s) < MOST_S and size_mb < MOST_MB
        if any(Path(path).exists() for path in _CHROMIUM):
            opened_s = usable_s(page, asked.rounds)
            met = median(opened_s) < MOST_USABLE_S
            kept &= met
            rows.append(("table usable after, s", f"{median(opened_s):.2f}", f"< {MOST_USABLE_S:g} {verdict(met)}"))
        else:
            print("no Chromium is installed, so that opening the page is not measured")
        title = f"{TESTS} tests, {MODELS} models each, an hour of {TPS} TPS, median of {asked.rounds}"
        print_table(title, ("report.html", "measured", "target"), rows)
    if not kept:
        sys.exit(1)


if __name__ == "__main__":
    main()
