"""How many vCPUs and GPUs an instance type has."""

from __future__ import annotations

import pytest
from botocore.session import Session

from pytest_smload.core.limits.vcpus import gpus_of, vcpus_of


@pytest.mark.parametrize(
    ("instance_type", "vcpus", "gpus"),
    [
        ("ml.m5.large", 2, 0),
        ("ml.m5.xlarge", 4, 0),
        ("ml.c5.9xlarge", 36, 0),
        ("ml.c4.8xlarge", 36, 0),
        ("ml.m4.10xlarge", 40, 0),
        ("ml.t2.medium", 2, 0),
        ("ml.m8g.medium", 1, 0),
        ("ml.g4dn.xlarge", 4, 1),
        ("ml.g4dn.12xlarge", 48, 4),
        ("ml.g5.16xlarge", 64, 1),
        ("ml.g5.48xlarge", 192, 8),
        ("ml.g6.24xlarge", 96, 4),
        ("ml.p3.2xlarge", 8, 1),
        ("ml.p3.16xlarge", 64, 8),
        ("ml.p4d.24xlarge", 96, 8),
        ("ml.p5.4xlarge", 16, 1),
        ("ml.p5.48xlarge", 192, 8),
        ("ml.p6-b200.48xlarge", 192, 8),
        ("ml.inf2.xlarge", 4, 0),
        ("ml.trn1.32xlarge", 128, 0),
    ],
)
def test_a_known_type(instance_type, vcpus, gpus):
    """By the rule, and by its exceptions."""
    assert (vcpus, gpus) == (vcpus_of(instance_type), gpus_of(instance_type))


@pytest.mark.parametrize("instance_type", ["", "ml.m5", "ml.m5.metal", "ml.m5.0x", "large", "ml..xlarge", "m5 large"])
def test_what_does_not_read_as_a_type_is_not_known(instance_type):
    """None, and no guess."""
    assert (None, None) == (vcpus_of(instance_type), gpus_of(instance_type))


def test_gpus_of_a_family_nobody_listed_are_not_known():
    """It may have any number."""
    assert (None, 96) == (gpus_of("ml.g99.24xlarge"), vcpus_of("ml.g99.24xlarge"))


def test_every_type_sagemaker_hosts_on_has_its_vcpus():
    """All that the installed botocore names."""
    shape = Session().get_service_model("sagemaker").shape_for("ProductionVariantInstanceType")

    assert [] == [each for each in shape.enum if vcpus_of(each) is None]
