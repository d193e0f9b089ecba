"""What is asked for: profile, weights, payloads, stages, and the schedule they make."""
