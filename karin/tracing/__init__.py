"""Traces by OpenTelemetry, for those who installed ``karin[otel]`` and said where spans go; nobody else loads it."""
