"""Ctrl-C outside of a load that must not be lost."""

from __future__ import annotations

import signal

import pytest

from pytest_smload.engine.interrupts import Interrupts, held_back


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_it_is_held_back_and_told() -> None:
    """Nothing is raised, the caller knows, and the handler of before is back."""
    before = signal.getsignal(signal.SIGINT)
    with held_back() as held:
        press()
        press()

    assert 2 == held.count
    assert signal.getsignal(signal.SIGINT) is before


def test_the_third_time_is_meant() -> None:
    """What hangs can be ended."""
    before = signal.getsignal(signal.SIGINT)
    with held_back():
        press()
        press()
        with pytest.raises(KeyboardInterrupt):
            press()

    assert signal.getsignal(signal.SIGINT) is before


def test_what_takes_long_is_ended_by_the_first() -> None:
    """The caller goes on, and knows of it; afterwards it is held back again."""
    with held_back() as held:
        with held.let_through():
            press()
            raise AssertionError("the press was held back")
        press()

    assert 2 == held.count


def test_what_others_raise_meanwhile_is_raised() -> None:
    """Only a press of ours is taken for one."""
    with held_back() as held, pytest.raises(KeyboardInterrupt), held.let_through():
        raise KeyboardInterrupt


def test_a_load_that_begins_afterwards_ends_at_once() -> None:
    """It was asked to, before it could count."""
    told = []
    with held_back():
        press()
        interrupts = Interrupts(lambda: told.append("end"))
        with interrupts.counted():
            assert (1, ["end"]) == (interrupts.count, told)


def test_a_load_counts_its_own() -> None:
    """What it heard is not held back a second time."""
    told = []
    with held_back() as held:
        interrupts = Interrupts(lambda: told.append("end"))
        with interrupts.counted():
            press()

    assert (0, 1, ["end"]) == (held.count, interrupts.count, told)
