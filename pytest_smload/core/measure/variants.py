"""Which production variant answered what, as the answers say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pytest_smload.core.measure.figures import InvokedVariant
from pytest_smload.core.samples.recording import Recording
from pytest_smload.core.statistics.columns import Integers, view
from pytest_smload.core.statistics.percentiles import percentile


def invoked_variants(recording: Recording) -> dict[str, InvokedVariant]:
    """Return what each variant answered in the window, by its name, in the order of names.

    Empty where one answered all and none was asked for: nobody looks any further then.
    """
    place, code = _named(recording)
    if len(recording.variant_names) <= 2 and not any(recording.target_variants):
        return {}
    samples = recording.samples
    begin = view(samples.due if recording.open_model else samples.start)
    took_ms = (view(samples.end)[place] - begin[place]) * 1000
    found = {}
    for name, own in sorted((name, own) for own, name in enumerate(recording.variant_names) if own):
        own_ms = np.sort(took_ms[code == own])
        if len(own_ms):
            figures = (percentile(own_ms, per_mille) for per_mille in (500, 950, 990))
            found[name] = InvokedVariant(len(own_ms), len(own_ms) / len(place), *figures)
    return found


def diverted(recording: Recording) -> Iterator[tuple[str, str, int, int]]:
    """Yield (variant asked for, variant that answered, how often, of how many) where these are not the same."""
    if not any(recording.target_variants):
        return
    place, code = _named(recording)
    route = view(recording.samples.model)[place]
    for asked in dict.fromkeys(filter(None, recording.target_variants)):
        routes = [index for index, each in enumerate(recording.target_variants) if each == asked]
        own = code[np.isin(route, routes)]
        for answered, count in enumerate(np.bincount(own, minlength=len(recording.variant_names)).tolist()):
            if count and recording.variant_names[answered] != asked:
                yield asked, recording.variant_names[answered], count, len(own)


def _named(recording: Recording) -> tuple[Integers, Integers]:
    """Positions and variant codes of the samples of the window whose answer named one."""
    samples = recording.samples
    begin = view(samples.due if recording.open_model else samples.start)
    place, code = view(samples.variant_index), view(samples.variant_code)
    inside = begin[place] >= recording.window_start_s
    return place[inside], code[inside]
