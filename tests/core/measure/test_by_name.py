"""Figures by name, and what an unknown name is answered with."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest
from finished import result
from pydantic import TypeAdapter

from pytest_smload.core.measure.by_name import ByName, UnknownNameError


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """The KeyError names what was asked for, the nearest, and what there is."""
    found = ByName({"xgboost-0.tar.gz": 1, "xgboost-1.tar.gz": 2})
    with pytest.raises(KeyError) as caught:
        found["xgboost-1.tar.gs"]
    expected = (
        "there is no 'xgboost-1.tar.gs'; did you mean 'xgboost-1.tar.gz'? "
        "(there are: xgboost-0.tar.gz, xgboost-1.tar.gz)"
    )
    assert expected == str(caught.value)
    with pytest.raises(UnknownNameError, match=r"\(there are: none\)"):
        ByName[int]()["a"]


def test_it_is_a_dict_in_all_else() -> None:
    """Equal to one, read and written as one, and asking whether a name is there raises nothing."""
    found = ByName({"a": 1})
    assert {"a": 1} == found == copy.deepcopy(found) == pickle.loads(pickle.dumps(found))
    assert (None, 0, False) == (found.get("b"), found.get("b", 0), "b" in found)
    assert b'{"a":1}' == TypeAdapter(dict[str, int]).dump_json(found)


@pytest.mark.parametrize("name", ["models", "stages"])
def test_a_result_has_its_models_and_stages_so(name: str) -> None:
    """In a result that was changed, too."""
    for found in (result(), dataclasses.replace(result(), label="again")):
        with pytest.raises(KeyError, match="there is no 'nothing-like-it'"):
            getattr(found, name)["nothing-like-it"]


@pytest.mark.parametrize(("name", "meant"), [("p95", "p95_ms"), ("p99ms", "p99_ms"), ("model", "models")])
def test_an_unknown_figure_is_answered_with_the_nearest(name: str, meant: str) -> None:
    """``load_result.p95`` says that it is ``p95_ms``."""
    expected = f"LoadResult has no attribute {name!r}; did you mean {meant!r}?"
    with pytest.raises(AttributeError) as caught:
        getattr(result(), name)
    assert expected == str(caught.value)
    assert not hasattr(result().total, "nothing_like_it")


def test_a_result_is_short_to_read() -> None:
    """A failing assertion shows it on one line, with verdict and main figures; so with the figures of a model."""
    found = result()
    assert "<LoadResult 'calm' fail: 4 requests, 0.5 TPS, p95 200 ms, 50% errors, 3 models>" == repr(found)
    assert repr(found.total) == "<Stats 4 requests, 0.5 TPS, p95 200 ms, 50% errors>"
