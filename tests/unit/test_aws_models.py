"""Clients built from the shortened data files are the clients that botocore builds."""

from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from karin.aws.clients import AwsClients


@pytest.mark.parametrize("service", ["lambda", "sqs", "sts"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_a_shortened_client_speaks_to_the_same_endpoint_with_the_same_operations(
    monkeypatch: pytest.MonkeyPatch, service: str, region: str
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_SQS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    short = AwsClients().build(service, region, Config())
    full: Any = botocore.session.Session().create_client(service, region_name=region)

    assert short.meta.endpoint_url == full.meta.endpoint_url
    assert short.meta.partition == full.meta.partition
    assert short.meta.service_model.operation_names == full.meta.service_model.operation_names
    assert short.meta.service_model.documentation == ""
    assert full.meta.service_model.documentation != ""
