"""The rules of Amazon SQS, pure: limits, errors, validation, digests, receipts. Knows nothing of HTTP or Redis."""
