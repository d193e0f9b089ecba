"""The embedded local endpoint: a process that speaks the SageMaker Runtime protocol, by a scenario."""
