"""botocore's loggers: held at INFO while somebody needs quiet, then exactly as they were."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from pytest_smload.aws.quiet import hold_quiet, quiet_botocore, release_quiet

NAMES = ("botocore", "botocore.parsers", "botocore.hooks", "urllib3", "boto3")


@pytest.fixture(autouse=True)
def own_levels() -> Iterator[None]:
    """Loggers as a test changes them do not outlive it."""
    before = {name: logging.getLogger(name).level for name in NAMES}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def levels() -> list[int]:
    return [logging.getLogger(name).getEffectiveLevel() for name in NAMES]


def test_debug_becomes_info(caplog: pytest.LogCaptureFixture) -> None:
    """Under a DEBUG root, and with children set to DEBUG themselves."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("botocore.parsers").setLevel(logging.DEBUG)
    before = levels()

    with quiet_botocore():
        assert levels() == [logging.INFO] * len(NAMES)

    assert levels() == before


def test_higher_levels_stay() -> None:
    """Quiet loggers are not made to talk."""
    logging.getLogger("botocore").setLevel(logging.ERROR)

    with quiet_botocore():
        assert logging.getLogger("botocore").level == logging.ERROR


def test_holds_may_overlap(caplog: pytest.LogCaptureFixture) -> None:
    """The last to let go restores, in whatever order they came; a logger lowered in between is caught by the next."""
    caplog.set_level(logging.DEBUG)
    before = levels()
    hold_quiet()
    with quiet_botocore():
        release_quiet()
        logging.getLogger("botocore.hooks").setLevel(logging.DEBUG)
        with quiet_botocore():
            assert levels() == [logging.INFO] * len(NAMES)
        assert levels() == [logging.INFO] * len(NAMES)
    logging.getLogger("botocore.hooks").setLevel(logging.NOTSET)

    assert levels() == before
