"""Scenario files: what they mean, and what is said about mistakes in them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from pytest_smload.emulator.durations import Constant, Lognormal, Uniform
from pytest_smload.emulator.scenario import Scenario, load_scenario
from pytest_smload.emulator.scenario_mistakes import ScenarioError
from pytest_smload.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path

DURATION_ALLOWED = 'a number with a unit such as "200us", "20ms", "1.5s", "1m30s"'
KINDS_ALLOWED = (
    "ThrottlingException, ValidationError, AccessDeniedException, ExpiredTokenException, IncompleteSignatureException, "
    "InvalidSignatureException, MissingAuthenticationTokenException, UnrecognizedClientException, ModelError, "
    "ModelNotReadyException, InternalFailure, ServiceUnavailable, InternalDependencyException, freeze, slow, reset, "
    "or a status 400..599"
)
KEYS_ALLOWED = (
    "endpoint, multi_model, models, instances, workers, queue_limit, model_timeout, check_signatures, seed, latency, "
    "cold, response, variants, containers, components, hosting, autoscaling, faults"
)

VARIANT_ALLOWED = "weight, instances, instance_type, latency"
COMPONENT_ALLOWED = 'a latency such as "30ms", or { latency = "30ms", … }'
HOSTING_ALLOWED = (
    "instance_type, image, tags, data_capture, managed_instance_scaling, metrics_period, metrics_delay, start_up, "
    "quota, cpu_share, allow"
)


def read(folder: Path, text: str) -> Scenario:
    """Read *text* as the scenario file ``s.toml``."""
    path = folder / "s.toml"
    path.write_text(text)
    return load_scenario(path)


def mistakes(folder: Path, text: str) -> list[str]:
    """Return what is said about *text*, without the path of the file."""
    with pytest.raises(ScenarioError) as caught:
        read(folder, text)
    assert isinstance(caught.value, EmulatorError)
    assert all(problem.startswith(f"{folder / 's.toml'}: ") for problem in caught.value.problems)
    return [problem.removeprefix(f"{folder / 's.toml'}: ") for problem in caught.value.problems]


def test_without_a_word_it_is_a_fast_healthy_endpoint(tmp_path: Path) -> None:
    """An empty file is the default scenario: any name, any target model, some 5 ms."""
    scenario = read(tmp_path, "")

    assert Scenario() == scenario
    assert (scenario.endpoint, scenario.multi_model, scenario.models, scenario.faults) == (None, None, None, [])
    assert Lognormal(0.005, 0.008) == scenario.latency_of("anything")


def test_everything_a_file_can_say(tmp_path: Path) -> None:
    """Each key is read into its unit."""
    scenario = read(
        tmp_path,
        """
        endpoint = "abalone-mme"
        models = ["a", "b"]
        instances = 2
        workers = 4
        queue_limit = 100
        model_timeout = "30s"
        check_signatures = false
        seed = 7
        [latency]
        "*" = { lognormal = { p50 = "20ms", p95 = "60ms" } }
        b = { uniform = ["5ms", "9ms"] }
        [cold]
        memory = 10
        size = { b = 3 }
        load_time = "2s"
        load_timeout = "500ms"
        [response]
        size = 4
        content_type = "text/csv"
        custom_attributes = "trace=1"
        [variants]
        blue = 3
        green = 1
        [[faults]]
        kind = "ModelError"
        original_status = 502
        rate = 0.05
        [[faults]]
        kind = 413
        at = "10s"
        for = "2s"
        model = "b"
        """,
    )

    assert (
        scenario.instances,
        scenario.workers,
        scenario.queue_limit,
        scenario.model_timeout_s,
        scenario.check_signatures,
    ) == (2, 4, 100, 30.0, False)
    assert (Lognormal(0.02, 0.06), Uniform(0.005, 0.009)) == (scenario.latency_of("a"), scenario.latency_of("b"))
    assert scenario.cold is not None
    assert (1.0, 3.0, Constant(2.0), 0.5) == (
        scenario.cold.size_of("a"),
        scenario.cold.size_of("b"),
        scenario.cold.load_time,
        scenario.cold.load_timeout_s,
    )
    assert scenario.response.content == b"0000"
    first, second = (table.fault() for table in scenario.faults)
    assert ("ModelError", Fraction(1, 20), 502) == (first.kind, first.rate, first.original_status)
    assert (second.kind, second.at_s, second.until_s, second.model) == ("413", 10.0, 12.0, "b")


@pytest.mark.parametrize("text", ['latency = "20ms"', 'latency = { constant = "20ms" }', 'latency = { "*" = "20ms" }'])
def test_one_latency_for_all_models(tmp_path: Path, text: str) -> None:
    """Without a table by model, the latency is every model's."""
    assert Constant(0.02) == read(tmp_path, text).latency_of("any")


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    """Each mistake names its table and key, what is allowed, and the nearest match of a misspelt key."""
    found = mistakes(
        tmp_path,
        """
        endpint = "x"
        workers = "four"
        model_timeout = 5
        [latency]
        "*" = "20"
        [cold]
        memry = 3
        [[faults]]
        kind = "Throttling"
        rate = 2
        [[faults]]
        rate = 0.5
        """,
    )

    assert [
        "key 'workers': input should be a valid integer, not 'four'",
        f"key 'model_timeout': 5 is not a duration; allowed: {DURATION_ALLOWED}",
        f"[latency], key '*': '20' is not a duration; allowed: {DURATION_ALLOWED}",
        "[cold]: unknown key 'memry'; did you mean 'memory'? Allowed: memory, size, load_time, load_timeout",
        f"[[faults]] no. 1, key 'kind': 'Throttling' is not a fault; allowed: {KINDS_ALLOWED}",
        "[[faults]] no. 1, key 'rate': input should be less than or equal to 1, not 2",
        "[[faults]] no. 2: key 'kind' is missing",
        f"unknown key 'endpint'; did you mean 'endpoint'? Allowed: {KEYS_ALLOWED}",
    ] == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("queue_limit = 3", "queue_limit needs workers: without a limit on workers nothing ever queues"),
        (
            "multi_model = false\n[cold]",
            "cold and models belong to multi-model endpoints; set multi_model = true or remove them",
        ),
        ("[cold]\nmemory = 2\nsize = { big = 3 }", "[cold]: size of 'big' is 3, more than memory = 2"),
        ('[response]\nbody = "a"\necho = true', "[response]: body and echo exclude each other; keep one"),
        (
            '[[faults]]\nkind = "reset"',
            '[[faults]] no. 1: needs rate = 0.05, or at = "10s" with for = "2s", or both',
        ),
        (
            '[[faults]]\nkind = "reset"\nrate = 0.1\nfor = "1s"',
            '[[faults]] no. 1: for needs at, such as at = "10s"',
        ),
        (
            '[[faults]]\nkind = "freeze"\nat = "1s"',
            "[[faults]] no. 1: freeze is a span: it takes at and for, and no rate",
        ),
        (
            '[[faults]]\nkind = "slow"\nrate = 0.1',
            '[[faults]] no. 1: slow needs extra = "200ms", and only slow takes it',
        ),
        (
            'latency = { p50 = "20ms", p95 = "60ms" }',
            'key \'latency\': a table by model, and p50 is none; write { lognormal = { p50 = "20ms", p95 = "60ms" } }',
        ),
        (
            "[[faults]]\nkind = 404\nrate = 0.1\noriginal_status = 500",
            "[[faults]] no. 1: original_status belongs to ModelError only",
        ),
    ],
)
def test_contradictions(tmp_path: Path, text: str, expected: str) -> None:
    """Keys that make no sense together are refused, saying why."""
    assert [expected] == mistakes(tmp_path, text)


def test_a_file_that_is_not_there_or_not_toml(tmp_path: Path) -> None:
    """The path, and what is wrong with it, is all that is said."""
    assert mistakes(tmp_path, "x") == ["is not TOML: Expected '=' after a key in a key/value pair (at end of document)"]
    with pytest.raises(ScenarioError, match=r"none\.toml: cannot be read: No such file or directory$"):
        load_scenario(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "text",
    [
        f"instances = {10**400}",
        f"seed = {'9' * 4400}",
        f"latency = '{'9' * 400}s'",
        f"[response]\nsize = {10**18}",
        f"[cold]\nmemory = {10**400}",
        f"latency = {{ lognormal = {{ p50 = '0.{'0' * 305}1us', p95 = '1s' }} }}",
        f"[[faults]]\nkind = '500'\nat = '{'9' * 400}s'",
        f"seed = {'[' * 5000}{']' * 5000}",
    ],
    ids=["instances", "seed", "latency", "body", "memory", "tiny p50", "fault", "nesting"],
)
def test_absurd_numbers_are_one_line(tmp_path: Path, text: str) -> None:
    """A number nobody means is a mistake like any other: no overflow, no traceback, one short line."""
    (line,) = mistakes(tmp_path, text)

    assert "\n" not in line
    assert 400 > len(line)


def test_mistakes_in_hosting_variants_and_components(tmp_path: Path) -> None:
    """Tables by name have their own keys, and units and patterns are asked for like everywhere."""
    found = mistakes(
        tmp_path,
        """
        [hosting]
        start_up = 3
        instancetype = "ml.m5.large"
        [variants]
        blue = "most"
        green = { wieght = 1 }
        [components]
        a = { copies = 0 }
        b = 20
        """,
    )

    assert [
        "[variants], key 'blue': 'most' is not a variant; allowed: a weight such as 3, or { weight = 3, … }",
        f"[variants], key 'green': unknown key 'wieght'; did you mean 'weight'? Allowed: {VARIANT_ALLOWED}",
        "[components], key 'a.copies': input should be greater than or equal to 1, not 0",
        '[components], key \'b\': 20 is not a component; allowed: a latency such as "30ms", or { latency = "30ms", … }',
        f"[hosting], key 'start_up': 3 is not a duration; allowed: {DURATION_ALLOWED}",
        f"[hosting]: unknown key 'instancetype'; did you mean 'instance_type'? Allowed: {HOSTING_ALLOWED}",
    ] == found
