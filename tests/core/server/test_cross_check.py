"""The client's account of a window against CloudWatch's."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan

import pytest
from recordings import MODEL_ERROR, TIMEOUT, Row, recording

from pytest_smload.core.server.account import Account, account_of, answered_by_model
from pytest_smload.core.server.cross_check import Counts, Latencies


def account(sent=1000, answered=None, at_edges=0, lost=0):
    return Account(sent, sent if answered is None else answered, at_edges, lost, 12.0)


def test_the_clients_account_of_a_span():
    """By when each was sent; what was under way at its ends may be counted on either side."""
    rows = [
        Row(9.0, 9.0, 9.1),  # before
        Row(9.8, 9.9, 10.3),  # sent before, answered inside
        Row(10.0, 10.0, 10.2),
        Row(11.0, 11.0, 11.6, MODEL_ERROR),
        Row(12.0, 12.0, 15.0, TIMEOUT),
        Row(19.0, 19.9, 20.4),  # answered after
        Row(20.0, 20.1, 20.2),  # after
    ]

    found = account_of(recording(rows, 10.0, 20.0), 10.0, 20.0, period_s=5.0)

    assert (4, 3, 2, 1) == (found.sent, found.answered, found.at_edges, found.lost)
    assert pytest.approx((0.4 + 0.2 + 0.6) / 3 * 1000) == found.service_mean_ms
    assert pytest.approx((0.2 + 0.6 + 0.5) / 3 * 1000) == found.begun_mean_ms
    assert (2, 0) == found.within
    assert 6 == answered_by_model(recording(rows, 10.0, 20.0))


def test_a_span_without_an_answer_has_no_mean():
    """NaN, not 0."""
    assert isnan(account_of(recording([], 10.0, 20.0), 10.0, 20.0, period_s=5.0).service_mean_ms)


@pytest.mark.parametrize(
    ("counted", "sent", "foreign", "uncounted"),
    [
        (1000, account(), 0, 0),
        (1010, account(), 10, 0),
        (990, account(), 0, 10),
        (1010, account(at_edges=8), 2, 0),
        (990, account(at_edges=8), 0, 2),
        (950, account(answered=900), 0, 0),
        (880, account(answered=900), 0, 20),
        (0, account(answered=0), 0, 0),
    ],
)
def test_what_is_foreign_and_what_is_missing(counted, sent, foreign, uncounted):
    """Beyond what the edges explain; a failure may have been counted or not."""
    found = Counts.of([counted], sent)

    assert (foreign, uncounted) == (found.foreign, found.uncounted)


@pytest.mark.parametrize(
    ("counted", "uncounted"), [([500, 500], 0), ([1000, 0], 500), ([505, 495], 0), ([550, 450], 50), ([900, 400], 100)]
)
def test_a_period_that_is_missing_is_not_made_up_for_by_another(counted, uncounted):
    """What others send in one period does not stand for what is not counted in the next; clocks may differ a little."""
    sent = replace(account(), within=(500, 500))

    assert uncounted == Counts.of(counted, sent).uncounted


@pytest.mark.parametrize(
    ("counted", "invalid", "noted"), [(1000, False, False), (1010, False, True), (1011, True, False)]
)
def test_foreign_traffic_is_named_and_above_a_share_invalid(counted, invalid, noted):
    """1 % of what was counted."""
    found = Counts.of([counted], account())

    assert (invalid, noted) == (found.foreign_reason() is not None, bool(found.note()))


def test_the_sentence_on_foreign_traffic():
    """How much of what, and what to do."""
    reason = Counts.of([1500.0], account()).foreign_reason()

    assert (
        "500 of the 1,500 invocations CloudWatch counted in the window (33.33%) were not sent by this load; keep "
        "others off the endpoint while it is measured, or load an endpoint of its own"
    ) == str(reason)


def test_whose_the_time_is():
    """What is left is network and client."""
    found = Latencies(12.3, 9.8, 0.9)

    assert pytest.approx(1.6) == found.rest_ms
    assert not found.disagree
    assert "client 12.3 ms = model 9.8 ms + overhead 0.9 ms + network and client 1.6 ms" == found.words()


@pytest.mark.parametrize(
    ("client_ms", "model_ms", "lost", "disagree"),
    [
        (12.0, 12.9, 0, False),
        (12.0, 13.1, 0, True),
        (100.0, 104.9, 0, False),
        (100.0, 105.1, 0, True),
        (100.0, 205.0, 3, False),
        (nan, 5.0, 0, False),
        (5.0, nan, 0, False),
    ],
)
def test_a_server_slower_than_the_client_waited_is_a_disagreement(client_ms, model_ms, lost, disagree):
    """Beyond a tolerance; not where the client gave up on requests that the server finished."""
    found = Latencies(client_ms, model_ms, 0.0, lost)

    assert (disagree, disagree) == (found.disagree, bool(found.note()))


@pytest.mark.parametrize(("begun_ms", "disagree"), [(700, True), (1000, False), (nan, True)])
def test_a_queue_that_grows_is_no_disagreement(begun_ms, disagree):
    """Requests begun in a window wait longer than those answered in it; CloudWatch may mean either."""
    assert disagree == Latencies(500.0, 900.0, 0.0, begun_ms=begun_ms).disagree


def test_a_part_nobody_knows_says_nothing():
    """No sum of unknowns."""
    assert "" == Latencies(12.0, nan, 1.0).words()
