"""Where in S3 a run's reports go: as its settings files say, unless an option or variable says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_smload.aws.report_place import parse_report_place
from pytest_smload.gate.exports import Exports
from pytest_smload.settings.sources import read_overrides
from pytest_smload.settings.tables import FileSettings

if TYPE_CHECKING:
    from pathlib import Path

FILE, OTHER = "s3://bucket/of-the-file", "s3://bucket/of-the-option"


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ({}, {}, [FILE]),
        ({"report_to": OTHER}, {}, [OTHER]),
        ({}, {"SMLOAD_REPORT_TO": "none"}, []),
        ({"report_to": OTHER}, {"SMLOAD_REPORT_TO": "none"}, [OTHER]),
    ],
    ids=["file", "option", "variable", "option-and-variable"],
)
def test_the_nearest_word_says_where(
    tmp_path: Path, options: dict[str, str], environment: dict[str, str], expected: list[str]
) -> None:
    """The option before the variable, both before the file, each place once."""
    about: dict[str, Any] = {
        "path": tmp_path,
        "root": tmp_path,
        "endpoint": None,
        "endpoints": {},
        "profiles": {},
        "budgets": {},
    }
    files = [FileSettings(label=label, report_to=parse_report_place(FILE), **about) for label in ("a", "b")]
    exports = Exports(read_overrides(options, environment), tmp_path)
    exports.check(files)
    assert expected == [f"s3://{place['bucket']}/{place['prefix']}" for place in exports.finish()["places"]]
