"""The tag on a scalable target that says what was there before: of a run whose machine, and journal, are gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_smload.core.scaling.state import (
    TARGET_TRACKING,
    ScalableTarget,
    ScalingPolicy,
    Suspension,
    VariantState,
)

TAG_KEY = "pytest-smload"
TAG_KEYS = (TAG_KEY,)
_KINDS = {"in": "scale_in", "out": "scale_out", "scheduled": "scheduled"}
_ABSENT = "-"
_LONGEST_RUN = 80
_TAG = re.compile(
    r"instances=(?P<instances>\d+) bounds=(?P<bounds>\d+\.\.\d+|-) suspended=(?P<suspended>[a-z+]+|-) "
    r"policy=(?P<policy>\S+|-) autoscaled=(?P<autoscaled>[01]) run=(?P<run>.*)"
)
"""Only what every service allows in a tag: letters, digits, space, and ``+ - = . _ : / @``."""


@dataclass(frozen=True, slots=True)
class TagNote:
    """What a tag says.

    Attributes:
        instances: DesiredInstanceCount before.
        target: Bounds and switches before; None where there was no scalable target.
        policy: TargetValue, ScaleInCooldown, ScaleOutCooldown and DisableScaleIn of the policy on invocations before.
        autoscaled: Whether the run had it scale, rather than pinned.
        run: Who it was.
    """

    instances: int
    target: ScalableTarget | None
    policy: Mapping[str, Any] | None
    autoscaled: bool
    run: str

    def before(self, now: VariantState) -> VariantState:
        """Return what was there before, as far as the tag tells; the rest is as *now*."""
        target, policies = self.target, now.policies
        if target is not None and now.target is not None:
            target = replace(target, arn=now.target.arn, role_arn=now.target.role_arn)
        ours = now.invocations_policy
        if self.autoscaled and ours is not None:
            others = [policy for policy in policies if policy is not ours]
            policies = tuple(others)
            if self.policy is not None:
                rest = {name: value for name, value in ours.configuration.items() if name not in _POLICY_MEMBERS}
                policies = (*others, ScalingPolicy(ours.name, TARGET_TRACKING, {**rest, **self.policy}))
        return replace(now, instances=self.instances, target=target, policies=policies)


_POLICY_MEMBERS = ("TargetValue", "ScaleInCooldown", "ScaleOutCooldown", "DisableScaleIn")


def tags_of(before: VariantState, *, autoscaled: bool, run: str) -> dict[str, str]:
    """Return the tag that says what was there *before* the run called *run* changed it."""
    target = before.target
    bounds = _ABSENT if target is None else f"{target.minimum}..{target.maximum}"
    kinds = [] if target is None else [word for word, name in _KINDS.items() if getattr(target.suspension, name)]
    policy = before.invocations_policy
    figures = _ABSENT if policy is None else "/".join(map(_figure, map(policy.configuration.get, _POLICY_MEMBERS)))
    named = re.sub(r"[^A-Za-z0-9 +=._:/@-]", "_", run)[:_LONGEST_RUN]
    text = (
        f"instances={before.instances} bounds={bounds} suspended={'+'.join(kinds) or _ABSENT} policy={figures} "
        f"autoscaled={int(autoscaled)} run={named}"
    )
    return {TAG_KEY: text}


def note_of(tags: Mapping[str, str]) -> TagNote | None:
    """Return what our tag among *tags* says, or None where there is none, or none that can be read."""
    match = _TAG.fullmatch(tags.get(TAG_KEY, ""))
    if match is None:
        return None
    target = None
    if match["bounds"] != _ABSENT:
        minimum, _, maximum = match["bounds"].partition("..")
        kinds = match["suspended"].split("+")
        suspension = Suspension(**{name: word in kinds for word, name in _KINDS.items()})
        target = ScalableTarget(int(minimum), int(maximum), suspension)
    return TagNote(int(match["instances"]), target, _policy(match["policy"]), match["autoscaled"] == "1", match["run"])


def _figure(value: Any) -> str:
    return _ABSENT if value is None else str(int(value)) if isinstance(value, bool) else repr(value)


def _policy(text: str) -> dict[str, Any] | None:
    figures = text.split("/")
    if len(figures) != len(_POLICY_MEMBERS):
        return None
    kinds: tuple[Callable[[str], Any], ...] = (float, int, int, lambda figure: figure == "1")
    return {
        name: kind(figure)
        for name, kind, figure in zip(_POLICY_MEMBERS, kinds, figures, strict=True)
        if figure != _ABSENT
    }
