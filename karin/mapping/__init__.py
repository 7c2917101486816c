"""The rules of the Lambda event source mapping: pure, without AWS clients and without storage."""
