"""Pointing this process's AWS clients at a server of a test, whatever the environment of whoever runs it says."""

import pytest


def point_aws_at(monkeypatch: pytest.MonkeyPatch, **endpoints: str) -> None:
    """Set credentials, and the endpoint of each service by its name in AWS_ENDPOINT_URL_<name>."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        **{f"AWS_ENDPOINT_URL_{service}": url for service, url in endpoints.items()},
    }.items():
        monkeypatch.setenv(name, value)
