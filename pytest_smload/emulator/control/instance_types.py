"""What is inside an instance type, by its name."""

from __future__ import annotations

import re
from typing import Final

_SIZE: Final = re.compile(r"(?:(\d+))?xlarge|.+")
_GPU_FAMILY: Final = re.compile(r"g\d+[a-z]*|p\d+[a-z]*")
_GPUS: Final = {
    "g": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "p": {"8xlarge": 4, "16xlarge": 8, "24xlarge": 8, "48xlarge": 8},
}


def vcpus(instance_type: str) -> int:
    """Return the vCPUs of a type: Nxlarge has 4N, the smaller ones two."""
    size = _SIZE.fullmatch(instance_type.rpartition(".")[2])
    return 4 * int(size[1] or 1) if size is not None and size[0].endswith("xlarge") else 2


def gpus(instance_type: str) -> int:
    """Return the GPUs of a type: none outside the families g and p."""
    _, family, size = instance_type.split(".")
    if not _GPU_FAMILY.fullmatch(family):
        return 0
    return 1 if family.startswith("g4dn") and size == "16xlarge" else _GPUS[family[0]].get(size, 1)
