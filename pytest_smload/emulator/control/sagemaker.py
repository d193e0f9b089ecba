"""SageMaker's control plane for one endpoint: what describes it, what changes its weights and instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_smload.emulator.control.call import ControlError, needed
from pytest_smload.emulator.control.clock import moment
from pytest_smload.emulator.control.hosting import endpoint_arn, resource_arn
from pytest_smload.emulator.credentials import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_smload.emulator.control.hosting import Hosting
    from pytest_smload.emulator.scenario import Scenario

BUCKET: Final = "smload-emulator"
MODELS_PREFIX: Final = "models/"
_MODEL_NAME: Final = "smload-emulator-"
_ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/smload-emulator"
_PERIODS_S: Final = 60


class SageMaker:
    """The operations, by name in `operations`."""

    def __init__(self, scenario: Scenario, hosting: Hosting) -> None:
        self._scenario = scenario
        self._hosting = hosting
        self.operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "DescribeEndpoint": self.describe_endpoint,
            "DescribeEndpointConfig": self.describe_endpoint_config,
            "DescribeModel": self.describe_model,
            "UpdateEndpointWeightsAndCapacities": self.update_endpoint_weights_and_capacities,
            "UpdateEndpoint": self.update_endpoint,
            "DeleteEndpoint": self.delete_endpoint,
            "ListTags": self.list_tags,
            "AddTags": self.add_tags,
            "DeleteTags": self.delete_tags,
            "ListInferenceComponents": self.list_inference_components,
            "DescribeInferenceComponent": self.describe_inference_component,
        }

    def describe_endpoint(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return status, weights and instance counts; the instance type is in the configuration alone."""
        name = needed(arguments, "EndpointName")
        hosting = self._hosting
        hosting.check_name(name)
        found = {
            "EndpointName": name,
            "EndpointArn": endpoint_arn(name),
            "EndpointConfigName": hosting.config_name,
            "ProductionVariants": [self._variant(variant) for variant in hosting.wanted],
            "EndpointStatus": hosting.status,
            "CreationTime": moment(hosting.created_s),
            "LastModifiedTime": moment(hosting.modified_s),
        }
        if self._scenario.hosting.data_capture:
            found["DataCaptureConfig"] = {
                "EnableCapture": True,
                "CaptureStatus": "Started",
                "CurrentSamplingPercentage": self._scenario.hosting.data_capture,
                "DestinationS3Uri": f"s3://{BUCKET}/capture",
                "KmsKeyId": "",
            }
        return found

    def describe_endpoint_config(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return instance types, initial counts and weights, and how often metrics are published."""
        name = needed(arguments, "EndpointConfigName")
        if name not in self._hosting.config_names:
            arn = resource_arn("endpoint-config", name)
            raise ControlError("ValidationException", f'Could not find endpoint configuration "{arn}".')
        hosting = self._scenario.hosting
        found: dict[str, Any] = {
            "EndpointConfigName": name,
            "EndpointConfigArn": resource_arn("endpoint-config", name),
            "ProductionVariants": [self._configured_variant(variant) for variant in self._scenario.variants],
            "CreationTime": moment(self._hosting.created_s),
            "EnableNetworkIsolation": False,
        }
        if hosting.metrics_period_s != _PERIODS_S:
            period_s = int(hosting.metrics_period_s)
            found["MetricsConfig"] = {"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": period_s}
        if hosting.data_capture:
            found["DataCaptureConfig"] = {
                "EnableCapture": True,
                "InitialSamplingPercentage": hosting.data_capture,
                "DestinationS3Uri": f"s3://{BUCKET}/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            }
        return found

    def describe_model(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return a variant's containers; without ``Mode`` where the scenario takes requests with and without models."""
        name = needed(arguments, "ModelName")
        if name not in {_MODEL_NAME + variant for variant in self._scenario.variants}:
            raise ControlError("ValidationException", f'Could not find model "{resource_arn("model", name)}".')
        found: dict[str, Any] = {
            "ModelName": name,
            "ModelArn": resource_arn("model", name),
            "ExecutionRoleArn": _ROLE,
            "CreationTime": moment(self._hosting.created_s),
            "EnableNetworkIsolation": False,
        }
        if self._scenario.containers is None:
            return {**found, "PrimaryContainer": self._container()}
        containers = [{"ContainerHostname": name, **self._container()} for name in self._scenario.containers]
        return {**found, "Containers": containers, "InferenceExecutionConfig": {"Mode": "Direct"}}

    def update_endpoint_weights_and_capacities(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Begin to change weights and instance counts; what a request leaves out stays as it is."""
        name = needed(arguments, "EndpointName")
        self._hosting.check_name(name)
        weights: dict[str, float] = {}
        counts: dict[str, int] = {}
        for wish in needed(arguments, "DesiredWeightsAndCapacities"):
            variant = needed(wish, "VariantName")
            if variant not in self._hosting.wanted:
                raise ControlError(
                    "ValidationException",
                    f'The variant name(s) "{variant}" is/are not present within endpoint configuration '
                    f'"{self._hosting.config_name}".',
                )
            if wish.get("DesiredWeight") is not None:
                weights[variant] = float(wish["DesiredWeight"])
            if wish.get("DesiredInstanceCount") is not None:
                counts[variant] = int(wish["DesiredInstanceCount"])
        self._check_wishes(weights, counts)
        self._hosting.update(name, weights, counts)
        return {"EndpointArn": endpoint_arn(name)}

    def update_endpoint(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Begin to deploy a configuration of another name, which is otherwise the same."""
        name = needed(arguments, "EndpointName")
        self._hosting.check_name(name)
        self._hosting.update(name, config_name=needed(arguments, "EndpointConfigName"))
        return {"EndpointArn": endpoint_arn(name)}

    def delete_endpoint(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Delete the endpoint; only a reset brings it back."""
        self._hosting.check_name(needed(arguments, "EndpointName"))
        self._hosting.delete()
        return {}

    def list_tags(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the endpoint's tags; nothing else has any."""
        tags = self._hosting.tags if ":endpoint/" in needed(arguments, "ResourceArn") else {}
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def add_tags(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Add tags to the endpoint, or change them."""
        self._hosting.tags.update({tag["Key"]: tag["Value"] for tag in needed(arguments, "Tags")})
        return self.list_tags(arguments)

    def delete_tags(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Remove tags from the endpoint."""
        for key in needed(arguments, "TagKeys"):
            self._hosting.tags.pop(key, None)
        return {}

    def list_inference_components(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the endpoint's inference components, one page of all."""
        name = arguments.get("EndpointNameEquals") or self._scenario.endpoint or "local"
        if not self._hosting.is_named(name):
            return {"InferenceComponents": []}
        found = [self._component(component, name) for component in self._scenario.components or {}]
        only = arguments.get("VariantNameEquals")
        return {"InferenceComponents": [one for one in found if only in (None, one["VariantName"])]}

    def describe_inference_component(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return one inference component with its copies."""
        component = needed(arguments, "InferenceComponentName")
        endpoint = self._scenario.endpoint or "local"
        if component not in (self._scenario.components or {}) or not self._hosting.is_named(endpoint):
            arn = resource_arn("inference-component", component)
            raise ControlError("ValidationException", f'Could not find inference component "{arn}".')
        copies = (self._scenario.components or {})[component].copies
        return {
            **self._component(component, endpoint),
            "Specification": {"Container": {"DeployedImage": self._image(), "ArtifactUrl": self._model_data_url()}},
            "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": copies},
        }

    def _check_wishes(self, weights: dict[str, float], counts: dict[str, int]) -> None:
        for variant, weight in weights.items():
            if weight < 0:
                raise ControlError("ValidationException", f"The weight of variant {variant} must not be negative.")
        if not any(weights.get(name, wanted.weight) for name, wanted in self._hosting.wanted.items()):
            raise ControlError("ValidationException", "At least one variant must have a weight above 0.")
        for variant, count in counts.items():
            if count < 1:
                raise ControlError(
                    "ValidationException", f"The instance count of variant {variant} must be at least 1."
                )

    def _variant(self, name: str) -> dict[str, Any]:
        current, wanted = self._hosting.current(name), self._hosting.wanted[name]
        found = {
            "VariantName": name,
            "DeployedImages": [self._image()],
            "CurrentWeight": current.weight,
            "DesiredWeight": wanted.weight,
            "CurrentInstanceCount": current.count,
            "DesiredInstanceCount": wanted.count,
        }
        return {**found, **self._managed()}

    def _configured_variant(self, name: str) -> dict[str, Any]:
        table = self._scenario.variants[name]
        found: dict[str, Any] = {
            "VariantName": name,
            "InstanceType": table.instance_type or self._scenario.hosting.instance_type,
            "InitialInstanceCount": table.instances or self._scenario.instances,
            "InitialVariantWeight": table.weight,
        }
        if self._scenario.components is None:
            found["ModelName"] = _MODEL_NAME + name
        return {**found, **self._managed()}

    def _managed(self) -> dict[str, Any]:
        if not self._scenario.hosting.managed_instance_scaling:
            return {}
        return {"ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 4}}

    def _container(self) -> dict[str, Any]:
        scenario = self._scenario
        found = {
            "Image": scenario.hosting.image,
            "ModelDataUrl": self._model_data_url(),
            "Environment": {},
        }
        if scenario.needs_target_model:
            return {**found, "Mode": "MultiModel", "MultiModelConfig": {"ModelCacheSetting": "Enabled"}}
        return found if scenario.multi_model is None else {**found, "Mode": "SingleModel"}

    def _model_data_url(self) -> str:
        prefix = f"s3://{BUCKET}/{MODELS_PREFIX}"
        return prefix if self._scenario.needs_target_model else f"{prefix}model.tar.gz"

    def _image(self) -> dict[str, Any]:
        image = self._scenario.hosting.image
        return {
            "SpecifiedImage": image,
            "ResolvedImage": f"{image.partition(':')[0]}@sha256:{'0' * 64}",
            "ResolutionTime": moment(self._hosting.created_s),
        }

    def _component(self, component: str, endpoint: str) -> dict[str, Any]:
        table = (self._scenario.components or {})[component]
        return {
            "InferenceComponentName": component,
            "InferenceComponentArn": resource_arn("inference-component", component),
            "EndpointName": endpoint,
            "EndpointArn": endpoint_arn(endpoint),
            "VariantName": table.variant or next(iter(self._scenario.variants)),
            "InferenceComponentStatus": "InService",
            "CreationTime": moment(self._hosting.created_s),
            "LastModifiedTime": moment(self._hosting.created_s),
        }
