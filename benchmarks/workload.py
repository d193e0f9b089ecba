"""What every client compared sends: the published article's two models at 3:1, and its row of Abalone."""

from __future__ import annotations

ENDPOINT_NAME = "benchmark"
REGION = "us-east-1"
MODELS = {"xgboost-0.tar.gz": 3, "xgboost-1.tar.gz": 1}
CYCLE = tuple(name for name, weight in MODELS.items() for _ in range(weight))
ROW = b"0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"
CONTENT_TYPE = "text/csv"
