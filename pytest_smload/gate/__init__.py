"""What the pytest hooks delegate to: which tests are ours, running their loads, enforcing their verdicts."""
