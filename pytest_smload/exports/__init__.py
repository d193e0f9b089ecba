"""What a run leaves for tools that are not ours: CSV, raw samples, OpenMetrics, OpenTelemetry."""
