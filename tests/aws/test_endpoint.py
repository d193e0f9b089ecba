"""Resolving an endpoint: botocore's own rules, every override named, every gap one clear line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_smload.aws.endpoint import local_target, resolve_target
from pytest_smload.aws.target import EndpointTarget
from pytest_smload.errors import EndpointError


@dataclass(frozen=True)
class Address:
    endpoint_name: str = "abalone"
    region: str | None = "us-east-1"
    endpoint_url: str | None = None
    control_url: str | None = None
    source: str = "smload.toml [endpoints.staging]"


def problem(address: Address) -> str:
    with pytest.raises(EndpointError) as caught:
        resolve_target(address)
    assert caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.usefixtures("credentials")
class TestAddress:
    """Region and URL."""

    @pytest.mark.parametrize(
        ("region", "environment", "url"),
        [
            ("us-east-1", {}, "https://runtime.sagemaker.us-east-1.amazonaws.com"),
            ("cn-north-1", {}, "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn"),
            ("us-west-2", {"AWS_USE_FIPS_ENDPOINT": "true"}, "https://runtime-fips.sagemaker.us-west-2.amazonaws.com"),
            ("us-west-2", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "https://runtime.sagemaker.us-west-2.api.aws"),
        ],
    )
    def test_botocores_url(
        self, region: str, environment: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without overrides the URL is the one botocore would send to."""
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

        target = resolve_target(Address(region=region))

        assert (target.url, target.url_source, target.region) == (url, "botocore", region)

    def test_region_of_boto3(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The table's region goes before boto3's own."""
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

        assert resolve_target(Address(region=None)).region == "eu-west-1"
        assert resolve_target(Address(region="us-east-2")).region == "us-east-2"

    def test_no_region(self) -> None:
        """The three places a region can come from are named."""
        assert problem(Address(region=None)) == (
            "smload.toml [endpoints.staging]: no region is known for 'abalone'; set region in its table, "
            "AWS_DEFAULT_REGION, or region in the AWS profile"
        )

    def test_overrides_in_botocores_order(self, aws_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Table > service variable > global variable > services section > profile, and what counted is named."""
        (aws_files / "config").write_text(
            "[profile team]\nendpoint_url = https://profile.example\nservices = mine\n"
            "[profile plain]\nendpoint_url = https://profile.example\n"
            "[services mine]\nsagemaker_runtime =\n  endpoint_url = https://section.example/\n"
        )
        monkeypatch.setenv("AWS_PROFILE", "plain")
        seen = [_where()]
        monkeypatch.setenv("AWS_PROFILE", "team")
        seen.append(_where())
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://global.example")
        seen.append(_where())
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "https://service.example/base/")
        seen.append(_where())
        seen.append(_where("https://vpce-1.example/"))
        monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
        seen.append(_where())

        assert seen == [
            ("https://profile.example", "endpoint_url of AWS profile 'plain'"),
            ("https://section.example", "services section of AWS profile 'team'"),
            ("https://global.example", "AWS_ENDPOINT_URL"),
            ("https://service.example/base", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"),
            ("https://vpce-1.example", "smload.toml [endpoints.staging]"),
            ("https://runtime.sagemaker.us-east-1.amazonaws.com", "botocore"),
        ]

    @pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"])
    def test_plain_http_on_this_machine(self, url: str) -> None:
        """http:// is for loopback addresses."""
        assert resolve_target(Address(endpoint_url=url)).url == url

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("http://10.0.0.1", "http://10.0.0.1 is refused: http:// would send signed requests in the clear"),
            ("http://127.evil.example", "http://127.evil.example is refused"),
            ("https://me:PLANTED@host", "the endpoint URL 'https://host' contains a user name or password; remove it"),
            ("https://me:PLANTED@ho st", "the endpoint URL 'https://…' contains a user name or password; remove it"),
            ("host", "the endpoint URL has no scheme; write https://host[:port]"),
            ("ftp://host", "'ftp://host' is not an endpoint URL; write https://host[:port]"),
        ],
    )
    def test_refused_urls(self, url: str, expected: str) -> None:
        """An address that cannot be used is refused before anything is sent, and no password is repeated."""
        found = problem(Address(endpoint_url=url))

        assert found.startswith("smload.toml [endpoints.staging]: ")
        assert "PLANTED" not in found
        assert expected in found

    @pytest.mark.parametrize("region", ["us east", "us_east_1!"])
    def test_a_region_that_is_none(self, region: str) -> None:
        """botocore's complaint is one line with the table's name."""
        assert problem(Address(region=region)).startswith(
            "smload.toml [endpoints.staging]: the address of 'abalone' cannot be resolved: "
        )

    @pytest.mark.parametrize("name", ["", "a_b", "-a", "a-", "x" * 64, "arn:aws:sagemaker:us-east-1:1:endpoint/x"])
    def test_names_no_endpoint_can_have(self, name: str) -> None:
        """botocore would send any name; AWS's own pattern holds here."""
        assert "is not an endpoint name; it has 1 to 63 letters, digits and inner hyphens" in problem(Address(name))

    def test_ca_bundle(self, aws_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """AWS_CA_BUNDLE > the profile's ca_bundle > REQUESTS_CA_BUNDLE, as botocore has it; plain http has none."""
        for name in ("requests.pem", "profile.pem", "aws.pem"):
            (aws_files / name).touch()
        seen = [resolve_target(Address()).ca_bundle]
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(aws_files / "requests.pem"))
        seen.append(resolve_target(Address()).ca_bundle)
        (aws_files / "config").write_text(f"[default]\nca_bundle = {aws_files / 'profile.pem'}\n")
        seen.append(resolve_target(Address()).ca_bundle)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(aws_files / "aws.pem"))
        seen.append(resolve_target(Address()).ca_bundle)
        seen.append(resolve_target(Address(endpoint_url="http://127.0.0.1")).ca_bundle)

        names = [None if path is None else Path(path).name for path in seen]
        assert names == [None, "requests.pem", "profile.pem", "aws.pem", None]

    def test_a_ca_bundle_that_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The variable is named rather than every request failing."""
        monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere/ca.pem")

        assert problem(Address()).startswith("AWS_CA_BUNDLE: CA bundle '/nowhere/ca.pem' does not exist")


def test_the_local_target_ignores_boto3s_chain(credentials: None) -> None:
    """The embedded endpoint is signed for with its own credentials, whatever the environment holds."""
    target = local_target(
        "http://127.0.0.1:1/", access_key="LOCAL", secret_key="nothing", endpoint_name="local", region="us-east-1"
    )

    assert target.credentials.current.access_key == "LOCAL"
    assert (target.url, target.url_source, target.credentials.method) == ("http://127.0.0.1:1", "emulator", "emulator")
    assert "nothing" not in repr(target)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.3.2.1", True),
        ("http://localhost", True),
        ("http://[::1]:1", True),
        ("http://127.evil.example", False),
        ("http://localhost.evil.example", False),
        ("https://10.0.0.1", False),
    ],
)
def test_what_loopback_is(url: str, *, loopback: bool) -> None:
    """A host name is not an address because it begins like one."""
    target = local_target(url, access_key="a", secret_key="b", endpoint_name="c", region="d")

    assert target.is_loopback is loopback


def _where(url: str | None = None) -> tuple[str, str]:
    target: EndpointTarget = resolve_target(Address(endpoint_url=url))
    return target.url, target.url_source
