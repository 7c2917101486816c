"""What botocore's chain says of how functions are called, in this process and in one of its own."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from karin.aws.access import Found
from karin.aws.apart import (
    NEXT_SECONDS,
    AwsApart,
    Botocore,
    FindAccess,
    NoAnswerError,
    find_access_apart,
)
from karin.aws.clients import AwsClients
from karin.aws.finding import find_access
from karin.aws.unavailable import CatalogUnavailable
from karin.local.process import LocalLambda
from karin.mapping.refusals import Refused
from tests.aws_environ import point_aws_at
from tests.support import wait_until
from tests.system.whole import definition

PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    point_aws_at(monkeypatch)
    for name in (*PROXIES, "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def find(region: str = "eu-west-1") -> Found:
    return find_access(region, AwsClients(), os.environ)  # noqa: TID251 - botocore reads it as well


def test_a_region_has_its_endpoint_and_the_environment_its_keys() -> None:
    access = find().access

    assert access is not None
    assert access.route.url == "https://lambda.eu-west-1.amazonaws.com"
    assert Path(access.route.ca_file).is_file()
    assert access.route.proxy_url is None
    assert (access.region, access.service) == ("eu-west-1", "lambda")
    assert (access.key_id, access.secret, access.token) == ("AKIAEXAMPLE", "secret", None)
    assert access.expires_at_ms is None


def test_a_region_of_another_partition_has_that_ones_endpoint() -> None:
    access = find("cn-north-1").access

    assert access is not None
    assert access.route.url == "https://lambda.cn-north-1.amazonaws.com.cn"


def test_a_profile_is_followed_with_its_endpoint_and_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    config = tmp_path / "config"
    config.write_text(
        "[profile work]\nservices = mine\nca_bundle = /etc/own.pem\naws_access_key_id = AKIAPROFILE\n"
        "aws_secret_access_key = hidden\naws_session_token = token\n"
        "[services mine]\nlambda =\n  endpoint_url = https://gateway.example/base/\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setattr("os.path.exists", lambda _: True)

    access = find().access

    assert access is not None
    assert (access.route.url, access.route.ca_file) == ("https://gateway.example/base", "/etc/own.pem")
    assert (access.key_id, access.secret, access.token) == ("AKIAPROFILE", "hidden", "token")


def test_keys_that_a_program_gives_come_with_the_instant_at_which_they_expire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    answer = '{"Version":1,"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t","Expiration":"%s"}'
    (tmp_path / "keys").write_text(answer % "2100-01-01T00:00:00Z")
    (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {tmp_path / 'keys'}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    access = find().access

    assert access is not None
    assert (access.key_id, access.token, access.expires_at_ms) == ("ASIA", "t", 4_102_444_800_000)


def test_a_proxy_is_taken_from_the_environment_unless_the_host_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pw@proxy:3128")
    access = find().access
    assert access is not None
    assert access.route.proxy_url == "http://me:pw@proxy:3128"

    monkeypatch.setenv("NO_PROXY", ".amazonaws.com")
    access = find().access
    assert access is not None
    assert access.route.proxy_url is None


def test_a_proxy_that_is_reached_over_tls_is_left_to_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "https://proxy:3128")

    assert find() == Found()


def test_certificates_may_be_named_as_for_other_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "own.pem"
    bundle.touch()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))

    access = find().access

    assert access is not None
    assert access.route.ca_file == str(bundle)


def test_no_keys_are_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")

    assert find().refused == Refused("NoCredentialsError", message="Unable to locate credentials")


def test_a_process_of_its_own_finds_the_same() -> None:
    found = find_access_apart("eu-west-1")

    assert found.access is not None
    assert found == find()


def test_a_process_that_fails_is_a_refusal_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    found = find_access_apart("eu-west-1")
    with pytest.raises(CatalogUnavailable, match=r"cannot run /nowhere/python -m karin.aws: No such file"):
        AwsApart().read(0, "eu-west-1")

    assert found.refused is not None
    assert found.refused.is_unreached
    assert found.refused.message == "cannot run /nowhere/python -m karin.aws: No such file or directory"


def test_a_deployment_that_cannot_be_read_apart_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")

    with pytest.raises(CatalogUnavailable, match=r"ListFunctions in eu-west-1: .*nonsense"):
        AwsApart().read(0, "eu-west-1")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Botocore]:
    """Return the processes that are started."""
    started: list[Botocore] = []

    class Noted(Botocore):
        def __init__(self) -> None:
            super().__init__()
            started.append(self)

    monkeypatch.setattr("karin.aws.apart.Botocore", Noted)
    return started


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalLambda]:
    """Run a Lambda service with one function, and lead to it."""
    with LocalLambda(definition(tmp_path)) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        yield running


@pytest.mark.usefixtures("service")
def test_the_process_that_read_a_deployment_reads_its_urls_and_has_ended_then(started: list[Botocore]) -> None:
    catalog = AwsApart()

    snapshot = catalog.read(1, "us-east-1")
    (function,), warning = catalog.read_urls(snapshot.functions, 2, "us-east-1")

    assert (function.name, function.urls_read_at_ms, warning) == ("printer", 2, None)
    (process,) = started
    assert process._process.returncode == 0


@pytest.mark.usefixtures("service")
def test_a_deployment_is_read_by_the_process_that_finds_an_access_just_then(started: list[Botocore]) -> None:
    aws = AwsApart()
    with ThreadPoolExecutor(1) as pool:
        finding = pool.submit(aws.find_access, "us-east-1")
        wait_until(lambda: started, "it is being found")

        snapshot = aws.read(1, "us-east-1")

    (function,), _ = aws.read_urls(snapshot.functions, 2, "us-east-1")
    assert (finding.result(), function.urls_read_at_ms) == (find("us-east-1"), 2)
    assert [one._process.returncode for one in started] == [0]


@pytest.mark.usefixtures("service")
def test_who_finds_an_access_lets_its_process_go_when_nobody_reads_a_deployment(started: list[Botocore]) -> None:
    aws = AwsApart()

    aws.find_access("us-east-1")
    assert [one._process.returncode for one in started] == [0]
    aws.read_urls(aws.read(1, "us-east-1").functions, 2, "us-east-1")

    assert [one._process.returncode for one in started] == [0, 0]


@pytest.mark.usefixtures("service")
def test_one_that_was_not_asked_for_urls_ends_by_itself_and_another_is_asked(started: list[Botocore]) -> None:
    catalog = AwsApart()

    snapshot = catalog.read(1, "us-east-1")
    assert started[0]._process.wait(NEXT_SECONDS + 20) == 0
    (function,), warning = catalog.read_urls(snapshot.functions, 2, "us-east-1")

    assert (function.urls_read_at_ms, warning) == (2, None)
    assert [one._process.returncode for one in started] == [0, 0]


def test_a_process_that_is_killed_is_told_of_in_one_line() -> None:
    process = Botocore()
    process._process.kill()

    with pytest.raises(NoAnswerError, match=r"-m karin\.aws ended with -9: "):
        process.ask(FindAccess("us-east-1"), Found)

    process.end()
