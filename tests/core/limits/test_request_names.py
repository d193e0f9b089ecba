"""Limits on the requests of a locustfile, which are told apart by names that are known once they were sent."""

from __future__ import annotations

from pytest_smload.core.limits.budget import Budget, Level, merge
from pytest_smload.core.limits.sources import parse_budget_table, parse_marker_limits
from pytest_smload.core.measure.scope_name import ScopeName


def budget(*marks: dict[str, object]) -> Budget:
    """The budget of these marks."""
    parsed = [parse_marker_limits(mark, source="the mark") for mark in marks]
    assert [] == [problem for _, problems in parsed for problem in problems]
    return merge([Level("mark", [entry for entries, _ in parsed for entry in entries])])[0]


def names(found: Budget, *routes: str) -> list[tuple[str, str]]:
    """(scope, limit) of what holds once requests of these names were seen."""
    resolved = found.resolve(routes=routes, kind="name", open_model=False)
    assert () == resolved.problems
    return [(str(scope), limit.text) for scope, limit in resolved.limits]


def test_each_waits_for_the_names_there_are() -> None:
    """Before any was seen it is neither a limit nor a mistake; a name's own limit goes before it."""
    found = budget({"name": "each", "p95": "1s"}, {"name": "GET /", "p95": "2s"})
    assert [("name GET /", "2s")] == names(found, *found.request_names)
    assert [("name GET /", "2s"), ("name GET /b", "1s")] == names(found, "GET /", "GET /b")
    assert [] == names(budget({"name": "each", "p95": "1s"}))


def test_braces_in_a_path_stand_for_themselves() -> None:
    """A name is no pattern."""
    assert ["GET /items/{0..3}"] == budget({"name": "GET /items/{0..3}", "p95": "1s"}).request_names


def test_a_budget_table_has_names() -> None:
    """``names."GET /"`` is a table as ``models.NAME`` is, and its text reads back as the same scope."""
    table, problems = parse_budget_table({"names": {"GET /": {"p95": "1s"}}, "each": {"p50": "1s"}}, source="F [T]")
    assert [] == problems
    scopes = [scope for scope, _ in table.limits]
    assert ScopeName("name", "GET /") in scopes
    assert all(ScopeName.parse(str(scope)) == scope for scope in scopes)


def test_names_and_models_are_not_mixed_up() -> None:
    """A limit on what the load is not told apart by is a mistake, and says what would be none."""
    of_model = budget({"model": "a", "p95": "1s"}).resolve(routes=[], kind="name", open_model=False)
    (problem,) = of_model.problems
    assert problem.endswith(
        "but a locustfile's requests are told apart by their names; limit one by name=, or the total"
    )
    of_name = budget({"name": "GET /", "p95": "1s"}).resolve(routes=["a"], kind="model", open_model=False)
    (problem,) = of_name.problems
    assert problem.startswith("the mark: name 'GET /' is limited, but only a locustfile's requests have names;")
    assert () == of_name.limits
