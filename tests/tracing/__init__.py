"""Traces: spans that join sender, delivery and function."""
