"""What CloudWatch says of a load: which series to ask for, what they amount to, whether they are of that load."""
