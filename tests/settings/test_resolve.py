"""Where the values of a load come from: option, environment, marks, named profile, endpoint, default, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_smload.core.load.profile import SHAPES, LoadProfile
from pytest_smload.core.load.stages import Stage
from pytest_smload.core.load.weights import resolve_weights
from pytest_smload.errors import ConfigurationError
from pytest_smload.settings.resolve import Resolved, choose_endpoint, narrowed_to, resolve_load, with_endpoint_defaults
from pytest_smload.settings.sources import Overrides, read_overrides
from pytest_smload.settings.tables import EndpointSettings, FileSettings, embedded_endpoint

MODULE, CLASS, FUNCTION = "the module's mark", "the class's mark", "the function's mark"
NOTHING = Overrides()


def endpoint(**traffic: Any) -> EndpointSettings:
    return EndpointSettings(
        name="staging",
        endpoint_name="abalone",
        source="smload.toml [endpoints.staging]",
        traffic=MappingProxyType(traffic),
    )


def file(
    *, default: str | None = None, endpoints: tuple[EndpointSettings, ...] = (), **profiles: Mapping[str, Any]
) -> FileSettings:
    return FileSettings(
        path=Path("/p/smload.toml"),
        label="smload.toml",
        root=Path("/p"),
        endpoint=default,
        endpoints={each.name: each for each in endpoints},
        profiles=profiles,
        budgets={},
    )


def resolve(
    *marks: tuple[str, dict[str, Any]],
    options: dict[str, str] | None = None,
    environment: dict[str, str] | None = None,
    settings_file: FileSettings | None = None,
    on: EndpointSettings | None = None,
) -> Resolved:
    return resolve_load(
        overrides=read_overrides(options or {}, environment or {}),
        marks=marks,
        file=settings_file,
        endpoint=on or endpoint(),
    )


def problems(*marks: tuple[str, dict[str, Any]], **more: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        resolve(*marks, **more)
    return caught.value.problems


def test_each_source_beats_the_weaker_ones() -> None:
    """Removing the strongest source of a field uncovers the next one, down to the default."""
    layers: list[tuple[str, dict[str, Any]]] = [
        ("profile", {"duration": "2s"}),
        ("module", {"duration": "3s"}),
        ("class", {"duration": "4s"}),
        ("function", {"duration": "5s"}),
        ("environment", {"SMLOAD_DURATION": "6s"}),
        ("option", {"duration": "7s"}),
    ]
    seen = []
    for count in range(len(layers) + 1):
        given_layers = dict(layers[:count])
        resolved = resolve(
            (MODULE, {"profile": "smoke", **given_layers.get("module", {})}),
            (CLASS, given_layers.get("class", {})),
            (FUNCTION, given_layers.get("function", {})),
            environment=given_layers.get("environment", {}),
            options=given_layers.get("option", {}),
            settings_file=file(smoke=given_layers.get("profile", {})),
        )
        seen.append((resolved.profile.duration, resolved.sources.get("duration")))

    assert seen == [
        ("60s", None),
        ("2s", "smload.toml [profiles.smoke]"),
        ("3s", MODULE),
        ("4s", CLASS),
        ("5s", FUNCTION),
        ("6s", "SMLOAD_DURATION"),
        ("7s", "--smload-duration"),
    ]


def test_keys_are_merged_one_by_one() -> None:
    """A stronger source replaces only what it names."""
    resolved = resolve((MODULE, {"tps": 5, "warmup": "1s"}), (FUNCTION, {"duration": "9s"}), options={"seed": "4"})

    profile = resolved.profile
    assert (profile.tps, profile.warmup, profile.duration, profile.seed) == (5, "1s", "9s", 4)
    assert dict(resolved.sources) == {"tps": MODULE, "warmup": MODULE, "duration": FUNCTION, "seed": "--smload-seed"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*SHAPES, None]), min_size=4, max_size=4))
def test_the_strongest_shape_stands_alone(shapes: list[str | None]) -> None:
    """Whatever the weaker sources set, exactly the strongest of users, tps and stages is left."""
    values = {"users": 3, "tps": 4.0, "stages": [{"duration": "1s", "tps": 2}]}
    levels = [{} if shape is None else {shape: values[shape]} for shape in shapes]

    profile = resolve(
        (MODULE, {"profile": "p", **levels[1]}),
        (CLASS, levels[2]),
        (FUNCTION, levels[3]),
        settings_file=file(p=levels[0]),
    ).profile

    expected = next((shape for shape in reversed(shapes) if shape is not None), None)
    assert [name for name in SHAPES if getattr(profile, name) is not None] == ([expected] if expected else [])


def test_two_shapes_in_one_mark_are_refused() -> None:
    """A level that contradicts itself is named."""
    assert problems((FUNCTION, {"users": 1, "tps": 2})) == [
        "the function's mark: users and tps are both given; a load has exactly one of users, tps and stages"
    ]


def test_a_duration_over_weaker_stages_is_refused() -> None:
    """The stages' own durations hold, so the option would silently mean nothing."""
    stages = {"stages": [Stage(duration="5s", users=2)]}

    assert "\n".join(problems((FUNCTION, stages), options={"duration": "9s"})) == (
        "--smload-duration: duration means nothing here, as the stages of the function's mark have their own; give "
        "users or tps as well to replace them, or change the stages"
    )
    assert resolve((FUNCTION, stages), options={"duration": "9s", "users": "1"}).profile.duration == "9s"


def test_stages_clear_a_weaker_duration() -> None:
    """A mark's stages replace a profile's tps and duration together."""
    resolved = resolve(
        (FUNCTION, {"profile": "peak", "stages": [Stage(duration="5s", tps=2)]}),
        settings_file=file(peak={"tps": 9, "duration": "5m"}),
    )

    assert resolved.profile.duration_s == 5
    assert resolved.profile_name == "peak"


def test_tps_clears_a_weaker_spawn_rate() -> None:
    """Users are spawned in a closed load only; the two in one mark stay an error."""
    assert resolve((MODULE, {"users": 9, "spawn_rate": 3}), options={"tps": "5"}).profile.spawn_rate is None
    assert problems((FUNCTION, {"tps": 5, "spawn_rate": 3}))[0].startswith("the function's mark: spawn_rate: ")


def test_mistakes_name_their_source() -> None:
    """A field's mistake begins with where the field came from."""
    found = problems((FUNCTION, {"users": 0, "warmpu": "1s"}), on=endpoint(batch=0))

    assert found[0].startswith("unknown key 'warmpu'; did you mean 'warmup'?")
    assert found[1:] == [
        "smload.toml [endpoints.staging]: batch: 0 is not a whole number from 1",
        "the function's mark: users: 0 is not a whole number from 1 to 5,000",
    ]


def test_models_are_replaced_whole() -> None:
    """A mark's models are all there are; none of the endpoint's is mixed in."""
    resolved = resolve((FUNCTION, {"models": {"c": 1}}), on=endpoint(models={"a": 3, "b": 1}))

    assert resolved.profile.models == {"c": 1}


@pytest.mark.parametrize(
    ("weaker", "expected"),
    [
        (["a", "b"], ["a", "b", "zipf(1.1)"]),
        (["a", "b", "zipf(2)"], ["a", "b", "zipf(1.1)"]),
        ({"a": 1, "b": 3, "m-{0..2}": 2, "gone": 0}, ["b", "m-{0..2}", "a", "zipf(1.1)"]),
    ],
)
def test_a_distribution_spreads_over_the_next_weaker_models(weaker: Any, expected: list[str]) -> None:
    """zipf(s) alone keeps the models of the weaker source, most popular first."""
    resolved = resolve((MODULE, {"models": weaker}), (FUNCTION, {"models": "zipf(1.1)"}), on=endpoint(models=["other"]))

    assert resolved.profile.models == expected
    assert sum(resolve_weights(resolved.profile.models).values()) == pytest.approx(1)


def test_a_named_profile_is_chosen_by_the_strongest_source() -> None:
    """--smload-profile > SMLOAD_PROFILE > the strongest mark."""
    profiles = file(a={"tps": 1}, b={"tps": 2}, c={"tps": 3}, d={"tps": 4})
    marks = ((MODULE, {"profile": "a"}), (FUNCTION, {"profile": "b"}))

    assert resolve(*marks, settings_file=profiles).profile_name == "b"
    assert resolve(*marks, environment={"SMLOAD_PROFILE": "c"}, settings_file=profiles).profile.tps == 3
    assert (
        resolve(
            *marks, environment={"SMLOAD_PROFILE": "c"}, options={"profile": "d"}, settings_file=profiles
        ).profile.tps
        == 4
    )


def test_an_unknown_profile_is_named_with_the_nearest() -> None:
    """The message says who asked and what there is."""
    assert problems(options={"profile": "smok"}, settings_file=file(smoke={}, peak={})) == [
        "--smload-profile: there is no profile 'smok'; did you mean 'smoke'? (known: smoke, peak) in smload.toml"
    ]
    assert "\n".join(problems((FUNCTION, {"profile": "smoke"}))) == (
        "the function's mark: profile: there is no profile 'smoke' (known: none) as there is no smload.toml with "
        "[profiles] tables"
    )


def test_an_endpoint_is_chosen_by_the_strongest_source() -> None:
    """--smload-endpoint > SMLOAD_ENDPOINT > the strongest mark > the file's default."""
    names = ("a", "b", "c", "d")
    tables = file(
        default="a", endpoints=tuple(EndpointSettings(name=name, endpoint_name=name, source=name) for name in names)
    )
    mark = ((FUNCTION, {"endpoint": "b"}),)
    env = read_overrides({}, {"SMLOAD_ENDPOINT": "c"})
    both = read_overrides({"endpoint": "d"}, {"SMLOAD_ENDPOINT": "c"})

    chosen = [
        choose_endpoint(overrides=NOTHING, marks=(), file=tables),
        choose_endpoint(overrides=NOTHING, marks=mark, file=tables),
        choose_endpoint(overrides=env, marks=mark, file=tables),
        choose_endpoint(overrides=both, marks=mark, file=tables),
    ]

    assert [each.name for each in chosen] == ["a", "b", "c", "d"]


def test_no_endpoint_shows_both_ways_out() -> None:
    """Nothing is tested by default: a gate that fell back to the local endpoint would be a wrong pass."""
    with pytest.raises(ConfigurationError) as caught:
        choose_endpoint(overrides=NOTHING, marks=(), file=None)
    with pytest.raises(ConfigurationError) as undecided:
        choose_endpoint(overrides=NOTHING, marks=(), file=file(endpoints=(endpoint(),)))

    assert str(caught.value) == (
        "no endpoint is configured, so there is nothing to load. Either describe one in smload.toml:\n"
        '    endpoint = "staging"\n'
        "    [endpoints.staging]\n"
        '    name = "my-endpoint"\n'
        "or load the embedded one on this machine: --smload-endpoint local"
    )
    assert "no endpoint is configured (smload.toml describes staging but names no default)" in str(undecided.value)


def test_an_unknown_endpoint_is_named_with_the_nearest() -> None:
    """Only names of tables are taken, never an endpoint's own name."""
    with pytest.raises(ConfigurationError) as caught:
        choose_endpoint(
            overrides=read_overrides({"endpoint": "stagin"}, {}), marks=(), file=file(endpoints=(endpoint(),))
        )

    assert str(caught.value) == (
        "--smload-endpoint: there is no endpoint 'stagin'; did you mean 'staging'? (known: staging, local) "
        "in smload.toml"
    )


def test_local_needs_no_table() -> None:
    """The embedded endpoint is always there by its name."""
    local = choose_endpoint(overrides=read_overrides({"endpoint": "local"}, {}), marks=(), file=None)

    assert local == embedded_endpoint()
    assert local.embedded


def test_a_profile_of_the_test_takes_the_endpoints_traffic() -> None:
    """Fields left None are the endpoint's; those given stay."""
    own = LoadProfile(users=1, content_type="text/csv")

    filled = with_endpoint_defaults(own, endpoint(payload="a.csv", content_type="application/json", models={"a": 1}))

    assert (filled.users, filled.payload, filled.content_type, filled.models) == (1, "a.csv", "text/csv", {"a": 1})


def test_a_distribution_of_the_test_spreads_over_the_endpoints_models() -> None:
    """LoadProfile(models="zipf(s)") needs models somewhere."""
    own = LoadProfile(users=1, models="zipf(1)", payload=b"x")

    assert with_endpoint_defaults(own, endpoint(models=["a", "b"])).models == ["a", "b", "zipf(1)"]
    with pytest.raises(ConfigurationError, match="spreads over the endpoint's own models, and it has none"):
        with_endpoint_defaults(own, endpoint())


@pytest.mark.parametrize(
    ("weaker", "stronger", "expected"),
    [
        ({"variant": "blue"}, {"variants": {"blue": 9, "green": 1}}, {"variants": {"blue": 9, "green": 1}}),
        ({"variants": {"blue": 9, "green": 1}}, {"variant": "blue"}, {"variant": "blue"}),
        ({"component": "llm"}, {"components": ["llm", "tiny"]}, {"components": ["llm", "tiny"]}),
        ({"containers": ["a", "b"]}, {"containers": "zipf(1)"}, {"containers": ["a", "b", "zipf(1)"]}),
        (
            {"models": ["a.tar.gz"]},
            {"variants": ["blue", "green"]},
            {"models": ["a.tar.gz"], "variants": ["blue", "green"]},
        ),
    ],
)
def test_one_name_or_weights_over_several(
    weaker: dict[str, Any], stronger: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Whichever a stronger source gives replaces the other of a weaker one, as for a test's own load."""
    names = ("models", "variant", "variants", "container", "containers", "component", "components")
    merged = resolve((FUNCTION, {"tps": 1, **stronger}), on=endpoint(**weaker)).profile
    filled = with_endpoint_defaults(LoadProfile(users=1, payload=b"x", **stronger), endpoint(**weaker))

    for profile in (merged, filled):
        assert {name: value for name in names if (value := getattr(profile, name)) is not None} == expected


def test_two_spreads_of_two_sources_are_refused() -> None:
    """The endpoint's models and the mark's variants are one too many; the endpoint's tables fit the names in force."""
    (problem,) = problems((FUNCTION, {"tps": 1, "variants": ["blue", "green"]}), on=endpoint(models=["a", "b"]))
    assert problem.startswith(
        "smload.toml [endpoints.staging]: models: a load spreads its requests over one thing, and variants have several"
    )
    own = LoadProfile(users=1, payload=b"x", components=["llm"])
    filled = with_endpoint_defaults(own, endpoint(accept={"llm": "text/csv", "tiny": "text/plain"}))
    assert filled.accept == {"llm": "text/csv"}


def test_one_request_is_spread_over_nothing() -> None:
    """sm_endpoint.invoke leaves the variant to SageMaker, and asks for the model it is told."""
    profile = LoadProfile(users=1, payload=b"x", variants=["blue", "green"], accept={"blue": "text/csv"})
    narrowed = narrowed_to(profile, "a.tar.gz")

    assert (narrowed.models, narrowed.variants, narrowed.accept) == (["a.tar.gz"], None, None)


def test_the_embedded_endpoint_has_a_payload_of_its_own() -> None:
    """Without a payload it gets {} as JSON; a real endpoint gets an error that says where to set one."""
    filled = with_endpoint_defaults(LoadProfile(users=1), embedded_endpoint())

    assert (filled.payload, filled.content_type) == (b"{}", "application/json")
    assert with_endpoint_defaults(LoadProfile(users=1, payload=b"1"), embedded_endpoint()).content_type is None
    with pytest.raises(ConfigurationError, match="no payload is given for 'abalone'; set payload there"):
        with_endpoint_defaults(LoadProfile(users=1), endpoint())
