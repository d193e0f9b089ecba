"""Makes the reference's tables of the code's own: ``python docs/reference_tables.py`` writes them into the pages."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_type_hints

from cells import (
    attributes,
    default_cell,
    direction,
    first_marked,
    json_words,
    literals,
    metavar,
    names,
    opening,
    table,
    type_words,
    unset_cell,
    value_words,
)

import pytest_smload
from pytest_smload.aws.report_place import KEYS as PLACE_KEYS
from pytest_smload.cli import command_line
from pytest_smload.core.limits.cost_limit import COST_METRICS
from pytest_smload.core.limits.metrics import METRICS
from pytest_smload.core.limits.scaling_limit import SCALING_METRICS
from pytest_smload.core.limits.server_metrics import SERVER_METRICS
from pytest_smload.core.load.fields import MARK_KEYS
from pytest_smload.core.load.profile import LOAD_FIELDS, TRAFFIC_FIELDS, LoadProfile
from pytest_smload.core.request.error_kinds import CLIENT_CAUSED_KINDS, OTHER, OWN_NAMES, TASK
from pytest_smload.core.request.known_kinds import AWS_CODES, CLASSES
from pytest_smload.core.request.route_kinds import ROUTE_KINDS
from pytest_smload.core.scaling.wish import SCALING_KEYS
from pytest_smload.emulator.protocol import ERRORS
from pytest_smload.emulator.scenario import FAULT_KINDS, Cold, FaultTable, Response, Scenario
from pytest_smload.emulator.scenario_hosting import Autoscaling, Component, Hosting, Variant
from pytest_smload.gate.marks import BUDGET, PERF
from pytest_smload.gate.typed_marks import AutoscaledFields, PerfLimits, PinnedFields
from pytest_smload.options import OPTIONS, SWITCHES, TOKEN_VARIABLE
from pytest_smload.reports.json_report import report_schema
from pytest_smload.settings.safety import DATA_GB, SafetyTable
from pytest_smload.settings.schema import EndpointTable, SettingsTable

PAGES = Path(__file__).parent
EXAMPLES = PAGES.parent / "examples"
BLOCK = re.compile(r"^<!-- from the code: ([\w-]+) -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL)
"""Where a table stands in a page; so that the page can be read on GitHub as well, it is written there."""
VALUES_OF_THE_PACKAGE = {
    "INHERIT": "`load(budget=INHERIT)`, the default: the test's own limits hold.",
    "perf": "`pytest.mark.perf` with typed arguments: [markers](markers.md#markers).",
    "perf_budget": "`pytest.mark.perf_budget`, likewise.",
}
"""Public names that have no docstring of their own."""
OURS: Mapping[str, tuple[str, ...]] = {
    "ClientHealth": ("distrusted",),
    "LoadProfile": ("abort_rule", "has_shape", "window_ends_s"),
    "ScopeName": ("parse",),
    "SmEndpoint": ("held_as_marked",),
}
"""Members of public classes that only the package itself calls."""


def load_fields() -> str:
    """Each field of a load, with what it is where nothing is given, and the loads it says something of."""
    rows = [
        (f"`{spec.name}`", default_cell(spec.default, row.unset), row.summary)
        for spec, row in zip(dataclasses.fields(LoadProfile), LOAD_FIELDS.values(), strict=True)
    ]
    return table(("field", "default", ""), rows)


def limits() -> str:
    """Each limit on what the client measured."""
    rows = [
        (
            f"`{name}`",
            direction(metric.at_least),
            value_words(metric.quantity),
            f"{metric.needed:,}" if metric.needed > 1 else "",
            "yes" if metric.comparable else "",
        )
        for name, metric in METRICS.items()
    ]
    return table(("limit", "direction", "value", "requests it takes", "regression budget"), rows)


def server_limits() -> str:
    """Each limit on the server's side, and what CloudWatch is asked for."""
    rows = [
        (
            f"`{name}`",
            direction(metric.at_least),
            value_words(metric.quantity),
            f"`{metric.namespace}` {metric.series}: {', '.join(metric.statistics)}"
            + (f", ÷ {metric.per}s" if metric.per else ""),
        )
        for name, metric in SERVER_METRICS.items()
    ]
    return table(("limit", "direction", "value", "CloudWatch"), rows)


def other_limits() -> str:
    """Limits on scaling and cost."""
    rows = [
        (f"`{name}`", direction(metric.at_least), value_words(metric.quantity), metric.words)
        for name, metric in (*SCALING_METRICS.items(), *COST_METRICS.items())
    ]
    return table(("limit", "direction", "value", ""), rows)


def marks() -> str:
    """The keyword arguments of the marks."""
    scopes = (*ROUTE_KINDS, "stage")
    budget = [name for name in get_type_hints(PerfLimits) if name not in scopes]
    rows = [
        (f"`{PERF}`", f"any [load field](load-fields.md): {names(LOAD_FIELDS)}"),
        ("", f"tables of smload.toml by name: {names(MARK_KEYS)}"),
        ("", f"its instances: {names(SCALING_KEYS)}"),
        (f"`{BUDGET}`", f"[limits](limits.md): {names(budget)}"),
        ("", f"what they hold for, one of: {names(scopes)}"),
        ("`autoscaled={...}`", names(get_type_hints(AutoscaledFields))),
        ("`pinned={...}`", names(get_type_hints(PinnedFields))),
    ]
    return table(("mark", "keyword arguments"), rows)


def options() -> str:
    """Each option, and the variable that stands in for it."""
    rows = [("`--smload`", "", "run perf tests, as `-m perf` does")]
    rows += [
        (f"`{f'{option.flag} {option.metavar}'.strip()}`", f"`{option.variable}`", option.help)
        for option in (*OPTIONS, *SWITCHES)
    ]
    rows.append(("", f"`{TOKEN_VARIABLE}`", "what workers elsewhere and their master share"))
    return table(("option", "variable", ""), rows)


def settings() -> str:
    """The keys of each table of a settings file."""
    tables = {"at the top": SettingsTable, "`[endpoints.NAME]`": EndpointTable, "`[safety]`": SafetyTable}
    rows = [
        (title if first else "", f"`{spec.alias or name}`", type_words(spec.annotation), unset_cell(spec))
        for title, model in tables.items()
        for first, (name, spec) in first_marked(model.model_fields.items())
    ]
    rows.insert(-len(SafetyTable.model_fields), ("", names(TRAFFIC_FIELDS), "as of a load", ""))
    rows.append(("`[profiles.NAME]`", names(LOAD_FIELDS), "[load fields](load-fields.md)", ""))
    rows.append(("`[prices]`", f"an instance type, `{DATA_GB}`", "US dollars", ""))
    place = ((f"`{key}`", "text", "required" if key == PLACE_KEYS[0] else "") for key in PLACE_KEYS)
    rows += [("`[report_to]`" if first else "", *row) for first, row in first_marked(place)]
    return table(("table", "key", "value", "default"), rows)


def scenario() -> str:
    """The keys of each table of a scenario file."""
    tables = {
        "at the top": Scenario,
        "`[cold]`": Cold,
        "`[response]`": Response,
        "`[variants]`, each": Variant,
        "`[components]`, each": Component,
        "`[hosting]`": Hosting,
        "`[autoscaling]`": Autoscaling,
        "`[[faults]]`": FaultTable,
    }
    rows = []
    for title, model in tables.items():
        said = attributes(model)
        for first, (name, spec) in first_marked(model.model_fields.items()):
            key = spec.alias or name
            rows.append((title if first else "", f"`{key}`", said.get(name, ""), unset_cell(spec)))
    return table(("table", "key", "", "default"), rows)


def fault_kinds() -> str:
    """What ``kind`` of a fault may be."""
    ours = [kind for kind in FAULT_KINDS if kind not in ERRORS]
    return f"{names(ours)}, an error code of AWS ({names(ERRORS)}), or a status from `400` to `599`.\n"


def report_json() -> str:
    """Each object of report.json, as its JSON Schema has it."""
    schema = report_schema()
    parts = []
    for name, definition in {schema["title"]: schema, **schema["$defs"]}.items():
        optional = set(definition["properties"]) - set(definition.get("required", ()))
        rows = [
            (f"`{key}`", json_words(spec), "may be missing" if key in optional else "")
            for key, spec in definition["properties"].items()
        ]
        parts.append(f"### {name}\n\n{table(('key', 'value', ''), rows)}")
    return "\n".join(parts)


def error_kinds() -> str:
    """The error kinds a limit may name."""
    rows = [
        ("ours", names((*OWN_NAMES[1:], TASK, OTHER))),
        ("AWS's, verbatim", names(AWS_CODES)),
        ("by HTTP status", f'{names(CLASSES)}, or one status such as `"503"`'),
        ("accuse the client, never the endpoint", names(sorted(CLIENT_CAUSED_KINDS))),
    ]
    return table(("kinds", ""), rows)


def public_names() -> str:
    """The names of the package, and the first sentence of what each says of itself."""
    rows = []
    for name in pytest_smload.__all__:
        said = getattr(pytest_smload, name)
        text = opening(said) if inspect.isclass(said) or inspect.isfunction(said) else VALUES_OF_THE_PACKAGE[name]
        rows.append((f"`{name}`", literals(text)))
    return table(("name", ""), rows)


def python_api() -> str:
    """What autodoc says of each public name that is a class or a function."""
    directives = []
    for name in pytest_smload.__all__:
        said = getattr(pytest_smload, name)
        if inspect.isclass(said):
            apart = f"   :exclude-members: {', '.join(OURS[name])}\n" if name in OURS else ""
            directives.append(f".. autoclass:: pytest_smload.{name}\n   :members:\n{apart}")
        elif inspect.isfunction(said):
            directives.append(f".. autofunction:: pytest_smload.{name}\n")
    return "```{eval-rst}\n" + "\n".join(directives) + "```\n"


def examples() -> str:
    """The examples' tests, by the first sentence of each."""
    rows = []
    for path in sorted(EXAMPLES.rglob("test_*.py"), key=lambda path: (len(path.relative_to(EXAMPLES).parts), path)):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        name = path.relative_to(EXAMPLES).as_posix()
        rows.append((f"[{name}](../examples/{name})", literals(" ".join(said.partition("\n\n")[0].split()))))
    return table(("file", ""), rows)


def command_line_help() -> str:
    """What ``smload COMMAND --help`` says, in the layout of no version of Python."""
    parser = command_line.parser()
    (commands,) = (action.choices for action in parser._actions if isinstance(action.choices, dict))
    parts = []
    for name, command in commands.items():
        said = [
            f"{' '.join(action.option_strings) or metavar(action)}: {action.help}"
            for action in command._actions
            if action.help and "--help" not in action.option_strings
        ]
        parts.append(f"### smload {name}\n\n```text\n{command.description}\n\n" + "\n".join(said) + "\n```\n")
    return "\n".join(parts)


TABLES: Mapping[str, Callable[[], str]] = {
    made.__name__.replace("_", "-"): made
    for made in (
        load_fields,
        limits,
        server_limits,
        other_limits,
        marks,
        options,
        settings,
        scenario,
        fault_kinds,
        report_json,
        error_kinds,
        public_names,
        python_api,
        examples,
        command_line_help,
    )
}
"""What stands in a page between ``<!-- from the code: NAME -->`` and ``<!-- end -->``, by its name."""


def written_anew(page: str) -> str:
    """Return the text of a page with its tables as the code has them now."""
    return BLOCK.sub(lambda found: f"<!-- from the code: {found[1]} -->\n\n{TABLES[found[1]]()}\n<!-- end -->", page)


if __name__ == "__main__":
    for path in sorted(PAGES.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        path.write_text(written_anew(text), encoding="utf-8")
