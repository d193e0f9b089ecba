"""The row that says what there is to know of one field of a load, beside its name, type and default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Final, Literal

from pytest_smload.core.load.values import ValueCheck, text_per_model
from pytest_smload.core.load.weights import check_weights
from pytest_smload.core.request.route_kinds import RouteKind
from pytest_smload.core.wording import unknown_field

POISSON: Final = "poisson"
UNIFORM: Final = "uniform"
"""How the arrivals of an open load are spaced."""
MARK_KEYS = ("profile", "endpoint", "control")
"""Keyword arguments of the ``perf`` mark besides the fields of a load: names of tables of the
settings file, or of a variant."""
THE_ENDPOINTS = "the endpoint's"
"""What a traffic field amounts to where nothing is given."""
ROW = "row"
"""Key of a dataclass field's metadata under which its `LoadField` stands."""


@dataclass(frozen=True, slots=True)
class LoadField:
    """What is said of one field, once; marks, files, options, reports, baselines and the reference follow.

    Attributes:
        summary: What it is, in one line of Markdown.
        check: Gives one sentence per mistake in a value, wherever it was written.
        unset: What it amounts to where nothing is given, for a field whose default is None.
        shape: Whether it says how much load there is; a load has exactly one such field.
        loads: The loads it says something of: all, those of one model, or those without stages.
        traffic: Whether it says what a request carries, so that an endpoint may have a value of its own.
        from_text: How the text of the option and variable of its name becomes its value; None where there are none.
        fingerprint: How it stands in the facts that make runs comparable: as written, as a duration (which has many
            spellings), derived by the fingerprint itself, or not at all, as it changes nothing about the requests.
    """

    summary: str
    check: ValueCheck
    unset: str = "none"
    shape: bool = False
    loads: Literal["all", "closed", "open", "unstaged"] = "all"
    traffic: bool = False
    from_text: Callable[[str], object] | None = None
    fingerprint: Literal["written", "duration", "derived", "no"] = "written"


def member_field(name: str) -> Any:
    """Return the dataclass field of the InvokeEndpoint member *name*: text, or a table of it per model, say."""
    return field(default=None, metadata={ROW: LoadField(name, text_per_model, unset=THE_ENDPOINTS, traffic=True)})


def weights_row(kind: RouteKind, summary: str) -> LoadField:
    """Return the row of weights over what *kind* says."""
    check = partial(check_weights, kind=kind)
    return LoadField(summary, check, unset=THE_ENDPOINTS, traffic=True, fingerprint="derived")


def rows_of(profile: type[Any]) -> dict[str, LoadField]:
    """Return the rows of a dataclass whose fields have them, by name, in their order."""
    return {spec.name: spec.metadata[ROW] for spec in fields(profile)}


def unknown_load_field(name: str, known: Mapping[str, LoadField]) -> str:
    """Return the sentence for what is no field of a load."""
    if name in MARK_KEYS:
        return f'{name} is no load field; a test\'s mark names it: @pytest.mark.perf({name}="NAME")'
    return unknown_field(name, known)
