"""The members of an InvokeEndpoint request that travel in its headers, a row each."""

from __future__ import annotations

from typing import Final, NamedTuple


class Member(NamedTuple):
    """One member.

    Attributes:
        name: Its name in the API: ``TargetModel``.
        header: Header name as botocore's rest-json serializer writes it.
        max_chars: Longest value the API accepts.
        field: The field of a load that gives its text, or None where no field does.
    """

    name: str
    header: str
    max_chars: int
    field: str | None = None

    @property
    def header_key(self) -> bytes:
        """The header's name as a server reads it: bytes in lower case."""
        return self.header.lower().encode()


MEMBERS: Final = {
    member.name: member
    for member in (
        Member("ContentType", "Content-Type", 1024, "content_type"),
        Member("Accept", "Accept", 1024, "accept"),
        Member("CustomAttributes", "X-Amzn-SageMaker-Custom-Attributes", 1024, "custom_attributes"),
        Member("TargetModel", "X-Amzn-SageMaker-Target-Model", 1024),
        Member("TargetVariant", "X-Amzn-SageMaker-Target-Variant", 63, "variant"),
        Member("TargetContainerHostname", "X-Amzn-SageMaker-Target-Container-Hostname", 63, "container"),
        Member("InferenceId", "X-Amzn-SageMaker-Inference-Id", 64, "inference_id"),
        Member("EnableExplanations", "X-Amzn-SageMaker-Enable-Explanations", 64),
        Member("InferenceComponentName", "X-Amzn-SageMaker-Inference-Component", 63, "component"),
        Member("SessionId", "X-Amzn-SageMaker-Session-Id", 256),
        Member("PrefixAwareId", "X-Amzn-SageMaker-Prefix-Aware-Id", 64),
    )
}
"""By name in the API, in the order of its reference (sagemaker-runtime 2017-05-13 service model)."""
TARGET_MODEL: Final = MEMBERS["TargetModel"]
