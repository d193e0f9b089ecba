"""Which production variant answered what, as the answers say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pytest_smload.core.measure.figures import InvokedVariant
from pytest_smload.core.request.error_kinds import OK
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Flags, Integers, view
from pytest_smload.core.statistics.percentiles import percentile


def invoked_variants(recording: Recording) -> dict[str, InvokedVariant]:
    """Return what each variant answered in the window, by its name, in the order of names."""
    answered = _answered(recording)
    if answered is None:
        return {}
    samples, (inside, variant) = recording.samples, answered
    begin = view(samples.due if recording.open_model else samples.start)
    took_ms = (view(samples.end)[inside] - begin[inside]) * 1000
    named = int(np.count_nonzero(variant))
    found = {}
    for name, code in sorted((name, code) for code, name in enumerate(recording.variant_names) if code):
        own_ms = np.sort(took_ms[variant == code])
        if len(own_ms):
            figures = (percentile(own_ms, per_mille) for per_mille in (500, 950, 990))
            found[name] = InvokedVariant(len(own_ms), len(own_ms) / named, *figures)
    return found


def diverted(recording: Recording) -> Iterator[tuple[str, str, int, int]]:
    """Yield (variant asked for, variant that answered, how often, of how many) where these are not the same."""
    answered = _answered(recording) if any(recording.target_variants) else None
    if answered is None:
        return
    inside, variant = answered
    route = view(recording.samples.model)[inside]
    for asked in dict.fromkeys(filter(None, recording.target_variants)):
        routes = [index for index, each in enumerate(recording.target_variants) if each == asked]
        own = variant[np.isin(route, routes)]
        own = own[own != 0]
        for code, count in enumerate(np.bincount(own, minlength=len(recording.variant_names)).tolist()):
            if count and recording.variant_names[code] != asked:
                yield asked, recording.variant_names[code], count, len(own)


def _answered(recording: Recording) -> tuple[Flags, Integers] | None:
    """Which samples are successes of the window, and the variant code of each of these; None where nobody looked."""
    samples = recording.samples
    if not samples.variant or len(recording.variant_names) < 2:
        return None
    begin = view(samples.due if recording.open_model else samples.start)
    inside: Flags = (view(samples.kind) == OK) & (begin >= recording.window_start_s)
    return inside, view(samples.variant)[inside]
