"""Makes a run that has one text in every place a user, an endpoint or AWS can put one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import drawn_runs
from drawn_loads import measured

from pytest_smload.core.diagnosis.finding import Diagnosis
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.measure.figures import InvokedVariant, MixShare
from pytest_smload.core.results.result import OtherFailure, RunResult, TestResult
from pytest_smload.core.trust.health import Finding

TEXTS = {
    "script": "<script>window.pwned=1</script>",
    "end of script": "</script><script>window.pwned=1</script>",
    "end of style": "</style></title></textarea><img src=x onerror=window.pwned=1>",
    "attribute": "\" onmouseover=window.pwned=1 x='",
    "single quotes": "' autofocus onfocus='window.pwned=1",
    "comment": "<!--><svg/onload=window.pwned=1>-->]]>",
    "pseudo-HTML": '<a href="javascript:window.pwned=1">x</a><b>y</b><br>%{x}<extra></extra>',
    "template": "{{ 7 * 7 }}{% raw %}${window.pwned=1}`",
    "entity": "&lt;script&gt;&#60;img&#62;&amp;&quot;&bogus;",
    "ANSI": "\x1b[31mred\x1b[0m\x07\x00",
    "bidi": "a\u202eb\u2066c\u200bd\ufeffe\u061cf",
    "command": "::error file=x::y\n::set-output name=z::w",
    "pipes": "| a | `b` |\n|---|",
    "newlines": "one\r\ntwo\u2028three\u2029four\x85five",
    "surrogate": "lone \ud800 and \udfff",
    "names of JS": "__proto__",
    "long": "x" * 5000,
}
"""By what each tries."""


class Fields:
    """Hands out a mark for each field, at which its text is put in later.

    Attributes:
        marks: Field by mark.
    """

    def __init__(self) -> None:
        self.marks: dict[str, str] = {}

    def __call__(self, field: str) -> str:
        mark = f"zq{len(self.marks):02}qz"
        self.marks[mark] = field
        return mark


def hostile(text: str | Mapping[str, str]) -> RunResult:
    """Return the run with *text* behind each mark, or what *text* has for a field in its place."""

    def put(match: re.Match[str]) -> str:
        return match[0] + text if isinstance(text, str) else text.get(FIELDS[match[0]], match[0])

    found: RunResult = _with_texts(_MARKED, put)
    return found


def _with_texts(value: Any, put: Callable[[re.Match[str]], str]) -> Any:
    if isinstance(value, str):
        return _MARK.sub(put, value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{each.name: _with_texts(getattr(value, each.name), put) for each in fields(value) if each.init}
        )
    if isinstance(value, Mapping):
        return {_with_texts(name, put): _with_texts(each, put) for name, each in value.items()}
    return type(value)(_with_texts(each, put) for each in value) if isinstance(value, (list, tuple)) else value


def _marked() -> tuple[RunResult, dict[str, str]]:
    """Return a run with a mark in each field, and the field of each mark."""
    of = Fields()
    (hosted,), (control,) = drawn_runs.hosted().tests, drawn_runs.control().tests
    names = (of("model"), of("other model"))
    stages = [Stage("10s", tps=40, name=of("stage")), Stage("10s", tps=40, name=of("other stage"))]
    base = measured(1, models=names, window_s=20, stages=stages, error_share=0.3, label=of("label"))
    endpoint = replace(
        base.endpoint, name=of("endpoint"), endpoint_name=of("endpoint name"), region=of("region"), url=of("url"),
        account=of("account"),
    )  # fmt: skip
    spread = base.distribution
    assert spread is not None
    kinds = {"ModelError": of("error kind"), "ThrottlingException": of("other error kind")}
    server, scaling = hosted.loads[0].server, hosted.loads[0].scaling
    beside = control.loads[0].control
    assert server is not None
    assert scaling is not None
    assert beside is not None
    checks = [
        *(replace(each, source=of("source"), limit=each.limit + of("limit"), note=of("note")) for each in base.checks),
        replace(base.checks[0], scope=names[0], outcome="fail"),
    ]
    client = replace(
        base.client, valid=False, reasons=(Finding(of("cause"), of("remedy")),),
        warnings=(Finding(of("warning"), of("its remedy")),),
    )  # fmt: skip
    baseline = control.loads[1].baseline
    assert baseline is not None
    load = replace(
        base, endpoint=endpoint, transport_reason=of("transport"), profile={**base.profile, of("field"): of("value")},
        errors={kinds[kind]: count for kind, count in base.errors.items()},
        examples={kinds[kind]: of("example") for kind in base.errors}, checks=tuple(checks), client=client,
        examples_by_route={
            name: {kinds[kind]: of("example of a model") if name == names[0] else "" for kind in row}
            for name, row in spread.errors_by_route.items()
        },
        notes=(of("remark"),), mix={names[0]: MixShare(0.75, 0.7), names[1]: MixShare(0.25, 0.3)},
        diagnosis=(Diagnosis("cache", of("sentence"), {of("evidence"): 1.0}, of("advice")),),
        invoked_variants={of("variant"): InvokedVariant(1, 0.5, 1, 1, 1), of("v2"): InvokedVariant(1, 0.5, 1, 1, 1)},
        server=replace(
            server, variants=(replace(server.variants[0], instance_type=of("instance type")),),
            figures={of("metric"): 1.0, **server.figures},
            series=tuple(
                replace(each, variant=variant)
                for variant in (of("serving variant"), of("other serving variant"))
                for each in server.series
            ),
        ),
        scaling=replace(
            scaling, asked=of("asked"), variant=of("scaled variant"),
            activities=(replace(scaling.activities[0], cause=of("scaling cause"), status=of("status")),),
        ),
        workers=tuple(replace(each, host=of("host")) for each in hosted.loads[0].workers),
        control=replace(
            beside, name=of("control"), endpoint=replace(beside.endpoint, name=of("control endpoint")),
            comparisons=tuple(replace(each, scope=names[0]) for each in beside.comparisons),
        ),
        baseline=replace(baseline, changes=(of("change"),)),
        distribution=replace(
            spread,
            errors_over_time={kinds[kind]: row for kind, row in spread.errors_over_time.items()},
            errors_by_route={
                name: {kinds[kind]: count for kind, count in row.items()}
                for name, row in spread.errors_by_route.items()
            },
        ),
    )  # fmt: skip
    search = drawn_runs.searched()
    search = replace(
        search, label=of("search"), ended=of("ended"), notes=(of("search note"),), reasons=(Finding(of("doubt"), "x"),),
        levels=tuple(replace(each, why=of("why not")) for each in search.levels[:2]),
    )  # fmt: skip
    tests = (TestResult(of("node id"), 1, "invalid", (load,), (search,)),)
    facts: dict[str, Any] = {"commit": of("commit"), "branch": of("branch"), "version": of("version")}
    failures = (OtherFailure(of("failed node id"), of("why it failed")),)
    return drawn_runs.of(*tests, failures=failures, **facts), of.marks


_MARK = re.compile(r"zq\d\dqz")
_MARKED, FIELDS = _marked()
