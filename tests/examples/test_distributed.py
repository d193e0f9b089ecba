"""The manifest and the command lines for several machines: what they start exists, and fits together."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_smload.engine.distributed.token import LEAST_TOKEN
from pytest_smload.engine.distributed.wanted import address_of, wanted_at
from pytest_smload.gate.generators import crew_of
from pytest_smload.options import OPTIONS
from pytest_smload.settings.sources import read_overrides

yaml = pytest.importorskip("yaml", reason="needs PyYAML to read the manifest")

FOLDER = Path(__file__).parents[2] / "examples" / "distributed"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def manifest() -> dict[str, dict[str, Any]]:
    """The objects of kubernetes.yaml by kind."""
    documents = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text(encoding="utf-8"))
    return {document["kind"]: document for document in documents}


def container(workload: dict[str, Any]) -> dict[str, Any]:
    (found,) = workload["spec"]["template"]["spec"]["containers"]
    return dict(found)


def options_of(command: list[str]) -> dict[str, str]:
    """The plugin's options among a pytest command's words, by name; each must exist."""
    flags = {option.flag: option.name for option in OPTIONS}
    given = [place for place, word in enumerate(command) if word.startswith("--smload")]
    return {flags[command[place]]: command[place + 1] for place in given}


def test_the_job_waits_for_the_deployment_s_workers(manifest: dict[str, dict[str, Any]]) -> None:
    """Its options are read as the plugin reads them, and ask for as many workers as there are replicas."""
    command = container(manifest["Job"])["command"]

    crew = crew_of(read_overrides(options_of(command), {}), {"SMLOAD_TOKEN": TOKEN})

    assert command[:3] == ["pytest", "-m", "perf"]
    assert crew is not None
    assert crew.wanted.count == manifest["Deployment"]["spec"]["replicas"]
    assert not crew.wanted.local


def test_workers_reach_the_job_by_its_service(manifest: dict[str, dict[str, Any]]) -> None:
    """Name, port and labels are those of the Job's pod; nobody else is let in."""
    job, deployment, service, policy = (manifest[kind] for kind in ("Job", "Deployment", "Service", "NetworkPolicy"))
    bound = address_of(options_of(container(job)["command"])["bind"], "--smload-bind")
    *module, address = container(deployment)["command"]
    pod, worker = (each["spec"]["template"]["metadata"]["labels"] for each in (job, deployment))

    assert module == ["python", "-m", "pytest_smload.worker"]
    assert address_of(address, "worker") == (service["metadata"]["name"], bound[1])
    assert service["spec"]["ports"] == [{"name": "workers", "port": bound[1], "targetPort": bound[1]}]
    assert service["spec"]["selector"] == pod == policy["spec"]["podSelector"]["matchLabels"]
    (rule,) = policy["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": worker}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": bound[1]}]
    assert deployment["spec"]["selector"]["matchLabels"] == worker


def test_both_have_the_secret_the_image_and_the_role(manifest: dict[str, dict[str, Any]]) -> None:
    """One token that is long enough, no key of AWS, and no CPU limit that would make a worker late."""
    secret = manifest["Secret"]
    (key, token), *_ = secret["stringData"].items()
    named = {"name": secret["metadata"]["name"], "key": key}
    both = [container(manifest[kind]) for kind in ("Job", "Deployment")]

    assert len(token) >= LEAST_TOKEN
    assert [each["env"] for each in both] == [[{"name": "SMLOAD_TOKEN", "valueFrom": {"secretKeyRef": named}}]] * 2
    assert len({each["image"] for each in both}) == 1
    assert (
        len({manifest[kind]["spec"]["template"]["spec"]["serviceAccountName"] for kind in ("Job", "Deployment")}) == 1
    )
    assert all("limits" not in each["resources"] for each in both)
    assert manifest["Job"]["spec"]["backoffLimit"] == 0


def test_the_command_lines_are_understood() -> None:
    """Those of two machines: every option exists, and workers go where the master listens."""
    lines = [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines]
    (master,) = [command for command in commands if command[0] == "pytest"]
    workers = [command for command in commands if command[:3] == ["python", "-m", "pytest_smload.worker"]]
    options = options_of(master)

    wanted = wanted_at(int(options["workers"]), options["bind"], TOKEN, "--smload-bind")

    assert [command[3:] for command in workers] == [[wanted.address, "&"]] * wanted.count
    assert f'"pytest_smload.worker", "{wanted.address}"' in README
    for written in re.findall(r"`(\S+:5557)`", README):
        address_of(written, "README.md")


def test_a_worker_s_command_line_is_what_its_help_says() -> None:
    """The one argument of the examples; no option is needed."""
    command = [sys.executable, "-m", "pytest_smload.worker", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert "python -m pytest_smload.worker [-h] HOST:PORT" in done.stdout
    assert "SMLOAD_TOKEN" in done.stdout
