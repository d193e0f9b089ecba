"""Finds what a load asks of an endpoint that the endpoint does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_smload.core.hosting.hosting import IN_SERVICE
from pytest_smload.core.quoting import quoted
from pytest_smload.core.request.members import MEMBERS, TARGET_MODEL
from pytest_smload.core.wording import did_you_mean, some, unknown_name

if TYPE_CHECKING:
    from pytest_smload.core.hosting.hosting import Hosting
    from pytest_smload.core.request.invocation import Route

_VARIANT, _CONTAINER, _COMPONENT = (
    MEMBERS[name].name for name in ("TargetVariant", "TargetContainerHostname", "InferenceComponentName")
)
_MOST_SAID = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What the requests of a load name, each name once.

    Attributes:
        models: TargetModels.
        all_name_models: Whether every request names one.
    """

    models: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    all_name_models: bool = False

    @classmethod
    def of(cls, routes: Sequence[Route]) -> Asked:
        """Return what requests on *routes* name."""
        fields = [dict(route.fields) for route in routes]

        def named(member: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(each[member] for each in fields if member in each))

        return cls(
            models=named(TARGET_MODEL.name),
            variants=named(_VARIANT),
            containers=named(_CONTAINER),
            components=named(_COMPONENT),
            all_name_models=all(TARGET_MODEL.name in each for each in fields),
        )


def mismatches(hosting: Hosting, asked: Asked) -> list[str]:
    """Return a sentence per thing the load asks for that the endpoint of *hosting* does not have or take.

    What is not known of the endpoint contradicts nothing.
    """
    return [
        *_wrong_kind(hosting, asked),
        *_unknown("variant", asked.variants, [each.name for each in hosting.production]),
        *_wrong_containers(hosting, asked),
        *_wrong_components(hosting, asked),
    ]


def missing_models(models: Iterable[str], keys: Collection[str], prefix: str) -> list[str]:
    """Return which of *models* have no object among the *keys* of the bucket, TargetModels being below *prefix*."""
    folder = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    return [model for model in models if folder + model not in keys and prefix + model not in keys]


def missing_models_sentence(missing: Sequence[str], there: Iterable[str], place: str) -> str:
    """Return the sentence for *missing* TargetModels, with the nearest of those *there*, under the S3 URI *place*."""
    known = list(there)
    named = [f"{quoted(name)}{_nearest(name, known)}" for name in missing[:_MOST_SAID]]
    more = f" and {len(missing) - _MOST_SAID:,} more" if len(missing) > _MOST_SAID else ""
    return f"there is no object under {place} for TargetModel {', '.join(named)}{more}; correct models, or upload them"


def _nearest(name: str, known: Sequence[str]) -> str:
    hint = did_you_mean(name, known)
    return f" ({hint.removeprefix('; ')})" if hint else ""


def _wrong_kind(hosting: Hosting, asked: Asked) -> list[str]:
    if hosting.asynchronous:
        return ["it is an asynchronous endpoint, which takes no InvokeEndpoint; name a real-time endpoint"]
    named = [each for each in hosting.production if each.name in asked.variants] or list(hosting.production)
    kinds = {each.multi_model for each in named}
    if asked.models and kinds == {False}:
        hosted = [repr(each.model) for each in named if each.model is not None]
        single = f" (it hosts the model {some(hosted)})" if hosted else ""
        named_models = some([quoted(name) for name in asked.models], _MOST_SAID)
        why = f"it is not a multi-model endpoint{single}, and the load names the TargetModel {named_models}"
        return [f"{why}; remove models, or name a multi-model endpoint"]
    if not asked.all_name_models and not asked.components and kinds == {True}:
        prefix = some(hosting.model_prefixes, 1)
        why = "it is a multi-model endpoint, and the load names no TargetModel"
        return [f'{why}; give models = {{ "a.tar.gz" = 1 }}, the names of objects under {prefix or "its S3 prefix"}']
    return []


def _wrong_containers(hosting: Hosting, asked: Asked) -> list[str]:
    names = hosting.container_names
    if not asked.containers or names is None:
        return []
    problems = _unknown("container", asked.containers, names)
    if not problems and not any(each.direct for each in hosting.production):
        why = f"its containers run one after the other (Serial), and the load names {some([*asked.containers])}"
        problems = [f"{why}; remove container, or have the model's InferenceExecutionConfig say Direct"]
    return problems


def _wrong_components(hosting: Hosting, asked: Asked) -> list[str]:
    if not asked.components:
        if hosting.components:
            names = some([repr(each.name) for each in hosting.components])
            return [f"it hosts inference components, and the load names none; set component (known: {names})"]
        return []
    if hosting.components is None:
        models = [each.model for each in hosting.production]
        hosts_models = bool(models) and None not in models
        return ["it hosts no inference components, and the load names one; remove component"] if hosts_models else []
    known = {each.name: each.status for each in hosting.components}
    stopped = [name for name in asked.components if known.get(name, IN_SERVICE) != IN_SERVICE]
    return [
        *_unknown("inference component", asked.components, known),
        *(f"its inference component {name!r} is {known[name]}; wait until it is InService" for name in stopped),
    ]


def _unknown(kind: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    there = list(known)
    return [
        f"{unknown_name(kind, name, there)}; correct {kind.rpartition(' ')[2]}" for name in names if name not in there
    ]
