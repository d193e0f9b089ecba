"""Emulators started from a scenario's text, and boto3 clients for them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from pytest_smload.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def start_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., EmulatorProcess]]:
    """Start an emulator for a scenario given as text; it is stopped at the end of the module."""
    with ExitStack() as stack:

        def start(scenario: str, **options: Any) -> EmulatorProcess:
            path = tmp_path_factory.mktemp("scenario") / "scenario.toml"
            path.write_text(scenario)
            return stack.enter_context(EmulatorProcess.start(path, **options))

        yield start


@pytest.fixture(scope="module")
def boto3_client() -> Iterator[Callable[..., Any]]:
    """Make a client of boto3 for a service of an emulator, SageMaker Runtime unless named, with retries off."""
    session = boto3.session.Session()
    with ExitStack() as stack:

        def client(emulator: EmulatorProcess, service: str = "sagemaker-runtime", **options: Any) -> Any:
            arguments = {
                "region_name": emulator.region,
                "endpoint_url": emulator.url,
                "aws_access_key_id": emulator.access_key,
                "aws_secret_access_key": emulator.secret_key,
                "config": Config(retries={"total_max_attempts": 1, "mode": "standard"}, proxies={}),
                **options,
            }
            made = session.client(service, **arguments)
            stack.callback(made.close)
            return made

        yield client
