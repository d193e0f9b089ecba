"""Two models of one multi-model endpoint, three requests to the first for one to the second.

Runs under Locust's own command line as well: ENDPOINT_NAME=... locust -f weighted_multi_model.py --headless -u 12
"""

import os
import time

import boto3
from botocore.config import Config
from locust import between, task
from locust.contrib.fasthttp import FastHttpUser

ENDPOINT_NAME = os.environ["ENDPOINT_NAME"]
ROW = "1,0.53,0.42,0.135,0.677,0.2565,0.1415,0.21"


class BotoClient:
    def __init__(self, environment):
        self.environment = environment
        # Retries would hide errors, and their time would be in the latency.
        config = Config(retries={"max_attempts": 0})
        self.sagemaker = boto3.client("sagemaker-runtime", config=config)

    def invoke(self, model):
        request = {
            "request_type": "InvokeEndpoint",
            "name": model.removesuffix(".tar.gz"),
            "start_time": time.time(),
            "response_length": 0,
            "response": None,
            "context": {},
            "exception": None,
        }
        start = time.perf_counter()
        try:
            response = self.sagemaker.invoke_endpoint(
                EndpointName=ENDPOINT_NAME, TargetModel=model, ContentType="text/csv", Body=ROW
            )
            request["response_length"] = len(response["Body"].read())
        except Exception as error:  # every failure is one of the request's
            request["exception"] = error
        request["response_time"] = (time.perf_counter() - start) * 1000
        self.environment.events.request.fire(**request)


class BotoUser(FastHttpUser):
    abstract = True

    def __init__(self, environment):
        super().__init__(environment)
        self.client = BotoClient(environment)


class MultiModelUser(BotoUser):
    host = f"https://{ENDPOINT_NAME}"
    wait_time = between(0.05, 0.15)

    @task(3)
    def popular(self):
        self.client.invoke("xgboost-0.tar.gz")

    @task(1)
    def other(self):
        self.client.invoke("xgboost-1.tar.gz")
