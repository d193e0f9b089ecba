"""What botocore knows about an endpoint: its address, region, credentials."""
