"""Properties of a test in JUnit XML."""

from __future__ import annotations

from math import inf

from pytest_smload.reports.junit import junit_properties

WHERE = "staging (abalone-mme-staging) in us-east-1, account 111122223333"


def properties_of(test):
    found = junit_properties(test)
    assert len(dict(found)) == len(found)
    return dict(found)


def test_a_load_alone(records):
    """Verdict and endpoint come first; a check has limit, verdict and source, and numbers with their unit."""
    test = records.of_test(records.load(checks=records.failing_checks()))
    found = junit_properties(test)
    assert [("smload.verdict", "fail"), ("smload.endpoint", WHERE)] == found[:2]
    slow = "smload.xgboost-1.tar.gz.p95"
    assert {
        f"{slow}.limit": "<= 400 ms",
        f"{slow}.unit": "ms",
        f"{slow}.observed": "812",
        f"{slow}.at_most": "400",
        f"{slow}.lower": "640",
        f"{slow}.upper": "1220",
        f"{slow}.n": "751",
        f"{slow}.n_eff": "402",
        f"{slow}.verdict": "fail",
        f"{slow}.proven": "yes",
        f"{slow}.source": 'smload.toml [budgets."tests/perf/test_abalone.py"]',
    } == {name: value for name, value in found if name.startswith(slow)}
    assert "pass" == dict(found)["smload.total.tps.verdict"]
    assert "no" == dict(found)["smload.total.tps.proven"]


def test_bounds_are_there_where_the_record_has_them(records):
    """Bounds are numbers; what is null has no property."""
    latency = records.check(interval=(208.04, inf), n_eff=2711, proven=False, note="few")
    rate = records.check("error_rate", 0.0, "<= 1%", interval=(None, 0.0012))
    found = properties_of(records.of_test(records.single_model_load(checks=[latency, rate])))
    p95 = {name.rpartition(".")[2]: value for name, value in found.items() if ".p95." in name}
    assert ("208.04", "inf", "2711", "no", "few") == tuple(
        p95[k] for k in ("lower", "upper", "n_eff", "proven", "note")
    )
    error_rate = {name.rpartition(".")[2]: value for name, value in found.items() if ".error_rate." in name}
    assert {"limit", "unit", "observed", "at_most", "upper", "n", "verdict", "proven", "source"} == set(error_rate)
    assert ("0.0012", "yes") == (error_rate["upper"], error_rate["proven"])


def test_every_number_can_be_read_by_a_machine(records):
    """Whatever the unit, observed, bounds and samples are plain numbers."""
    loads = [records.load(checks=records.failing_checks()), records.single_model_load()]
    numbers = ("observed", "at_least", "at_most", "lower", "upper", "n", "n_eff")
    found = properties_of(records.of_test(*loads))
    values = [value for name, value in found.items() if name.rpartition(".")[2] in numbers]
    assert len(values) > 20
    assert all(float(value) >= 0 for value in values)
    units = {value for name, value in found.items() if name.endswith(".unit")}
    assert {"ms", "requests/s", "ratio"} == units


def test_several_loads_are_told_apart(records):
    """A label names its load; a number does where there is none, or where a label does not say which."""
    loads = [records.single_model_load(label=label) for label in ("calm", None, "twice", "twice", "1")]
    found = properties_of(records.of_test(*loads, attempt=2))
    places = [name.split(".")[1] for name in found if name.endswith(".endpoint")]
    assert ["calm", "2", "3", "4", "5"] == places
    assert ("pass", "2") == (found["smload.verdict"], found["smload.attempt"])
    assert "<= 250 ms" == found["smload.calm.total.p95.limit"]


def test_checks_of_an_invalid_load_are_not_judged(records):
    """A breach measured by a client that cannot be trusted is no verdict on the endpoint."""
    invalid = records.load(checks=records.failing_checks(), client=records.invalid_client(("late", "hurry")))
    found = properties_of(records.of_test(records.single_model_load(), invalid))
    assert ("invalid", "pass", "invalid") == tuple(found[f"smload.{place}verdict"] for place in ("", "1.", "2."))
    assert {"not judged"} == {
        value for name, value in found.items() if name.startswith("smload.2.") and ".p95.verdict" in name
    }
    assert "pass" == found["smload.1.total.p95.verdict"]


def test_two_limits_on_one_thing(records):
    """Both are there, under names of their own."""
    checks = [records.check(), records.check(limit="<= 110% of the baseline")]
    found = properties_of(records.of_test(records.single_model_load(checks=checks)))
    assert ["<= 250 ms", "<= 110% of the baseline"] == [found[f"smload.total.p95{n}.limit"] for n in ("", ".2")]


def test_nothing_xml_cannot_hold(records):
    """Control and non-characters of a label or a note become spaces."""
    load = records.single_model_load(label="a\x1b[1m\ufffe", checks=[records.check(note="one\ntwo\x00")])
    found = properties_of(records.of_test(load, records.single_model_load()))
    assert "one two" == found["smload.a [1m .total.p95.note"]


def test_nothing_unseen(records):
    """Bidi and zero-width characters are in no name and no value."""
    unseen = "a\u202eb\u200b"
    load = records.single_model_load(label=unseen, checks=[records.check(scope=unseen, source=unseen, note=unseen)])
    for name, value in junit_properties(records.of_test(load, load)):
        assert name.isprintable()
        assert value.isprintable()
