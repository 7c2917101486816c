"""The AWS side: reading a deployment and calling its functions. Knows botocore, but neither Redis nor any door."""
