"""A single-model endpoint that classifies text; boto3 sends, and Locust's global events hear of it.

Runs under Locust's own command line as well: ENDPOINT_NAME=... locust -f single_endpoint.py --headless -u 12
"""

import json
import os
import time

import boto3
from botocore.config import Config
from locust import constant, events, task
from locust.contrib.fasthttp import FastHttpUser


class BotoClient:
    def __init__(self):
        self.sagemaker = boto3.client("sagemaker-runtime", config=Config(retries={"max_attempts": 0}))

    def send(self):
        request = {
            "request_type": "InvokeEndpoint",
            "name": "SageMaker",
            "start_time": time.time(),
            "response_length": 0,
            "response": None,
            "context": {},
            "exception": None,
        }
        start = time.perf_counter()
        try:
            response = self.sagemaker.invoke_endpoint(
                EndpointName=os.environ["ENDPOINT_NAME"],
                ContentType="application/json",
                Body=json.dumps({"inputs": "I would buy it again."}),
            )
            body = response["Body"].read()
            request["response_length"] = len(body)
        except Exception as error:  # every failure is one of the request's
            request["exception"] = error
        request["response_time"] = (time.perf_counter() - start) * 1000
        events.request.fire(**request)


class SingleEndpointUser(FastHttpUser):
    host = "https://sagemaker"
    wait_time = constant(0.1)

    def __init__(self, environment):
        super().__init__(environment)
        self.client = BotoClient()

    @task
    def send_request(self):
        self.client.send()
