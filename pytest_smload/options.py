"""The command line's options and the environment variables that stand in for them, as names and help only."""

from __future__ import annotations

from typing import NamedTuple

PREFIX = "SMLOAD_"
TOKEN_VARIABLE = f"{PREFIX}TOKEN"
"""What workers elsewhere and their master share; a variable only, for command lines are there for all to see."""


class Option(NamedTuple):
    """One option.

    Attributes:
        name: The load field or setting it gives.
        metavar: What help calls its value; ``""`` where the option has none.
        help: One line for ``pytest --help``.
    """

    name: str
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        """The option: ``--smload-tps``."""
        return f"--smload-{self.name.replace('_', '-')}"

    @property
    def dest(self) -> str:
        """The attribute pytest keeps the option's text under: ``smload_tps``."""
        return f"smload_{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable: ``SMLOAD_TPS``."""
        return f"{PREFIX}{self.name.upper()}"


OPTIONS = (
    Option("endpoint", "NAME", "endpoint to load: the name of a table of smload.toml, or 'local' (the embedded one)"),
    Option("profile", "NAME", "named load profile of smload.toml"),
    Option("users", "N", "closed loop: concurrent users"),
    Option("tps", "RATE", "open loop: requests per second"),
    Option("duration", "TIME", "measured window, such as 60s"),
    Option("warmup", "TIME", "unrecorded ramp before the window, such as 10s"),
    Option("seed", "N", "seed of schedule and model sequence"),
    Option("transport", "NAME", "how requests are sent: http or boto3"),
    Option("processes", "N", "send each load from N worker processes on this machine"),
    Option("workers", "N", "send each load from N workers elsewhere, which join at --smload-bind"),
    Option(
        "bind", "HOST:PORT", "where they join: python -m pytest_smload.worker HOST:PORT, with the same SMLOAD_TOKEN"
    ),
    Option("report", "DIR", "write report.json, report.md and report.html into this folder"),
    Option("csv", "PREFIX", "write PREFIX_stats.csv, PREFIX_stats_history.csv and PREFIX_failures.csv, as Locust does"),
    Option("samples", "FILE", "write each request of each load into this file: .csv.gz, or .parquet"),
    Option("ui", "[HOST:]PORT", "serve Locust's web UI of the running load there; 0 takes a port that is free"),
    Option("openmetrics", "FILE", "write the figures of each load into this file, as Prometheus reads them"),
    Option("report_to", "S3|none", "upload the reports to s3://bucket/prefix, or nowhere, whatever smload.toml says"),
)
"""Every option with a value, and with it its ``SMLOAD_*`` variable."""
UI_VARIABLE = f"{PREFIX}UI"
FILE_OPTIONS = ("report", "csv", "samples", "ui", "openmetrics", "report_to")
"""Those that say where something is written or shown, and nothing of what is loaded and how."""
UPDATE_BASELINES = Option(
    "update_baselines", "", "record valid, passing runs in .smload/baselines, unless they are worse than what is there"
)
ACCEPT_REGRESSION = Option(
    "accept_regression", "", "with --smload-update-baselines: record a run although it is worse than what is there"
)
NO_CLOUDWATCH = Option(
    "no_cloudwatch", "", "never ask CloudWatch: a test with a limit on the server's side is then refused"
)
ALLOW_PRODUCTION = Option("allow_production", "", "load an endpoint that is marked as production")
OTEL = Option("otel", "", "send the figures of each load to an OpenTelemetry collector, by OTEL_EXPORTER_OTLP_*")
SWITCHES = (UPDATE_BASELINES, ACCEPT_REGRESSION, NO_CLOUDWATCH, ALLOW_PRODUCTION, OTEL)
"""Every option without a value; its variable is 1 or 0."""
