"""Adds to a load's result what explains it."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from pytest_smload.core.diagnosis.evidence import Evidence
from pytest_smload.core.diagnosis.rules import diagnose
from pytest_smload.core.results.result import LoadResult


def diagnosed(result: LoadResult) -> LoadResult:
    """Return *result* with its diagnosis; a load that was cut short, or had no client to judge, has none."""
    if result.interrupted or not result.client.judged:
        return result
    client = result.client
    added_ms = [each for each in (client.bias_p95_ms, client.lag_bias_p95_ms) if isfinite(each)]
    evidence = Evidence(
        requests=result.requests,
        tps=result.tps,
        offered_tps=result.offered_tps,
        unsent=result.unsent,
        grows=any(check.projected is not None for check in result.checks),
        errors=result.errors,
        client_cpu=client.cpu if isfinite(client.cpu) else 0.0,
        client_undecided=any(check.cause == "client" for check in result.checks),
        client_adds_ms=sum(added_ms),
        server=result.server,
    )
    return replace(result, diagnosis=diagnose(evidence))
