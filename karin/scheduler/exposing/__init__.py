"""Serving metrics. Only a scheduler that is told where to serve them loads any of this."""
