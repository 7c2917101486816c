"""What a command knows of the karin that it finds: that karin's settings, and of its own only what concerns itself."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from karin import runtime
from karin.finding import Running, find
from karin.runtime import RuntimeInfo
from karin.settings import DEFAULT_SWEEP_SECONDS, SHARED_VARIABLES, SQS_MAX_DELAY_SECONDS, VARIABLES, shared_variables
from karin.sqs.quotas import Limits

ENDPOINT_URL = "http://127.0.0.1:4321"
OF_KARIN = {
    "KARIN_SWEEP_INTERVAL": "7",
    "KARIN_MAX_DELAY_SECONDS": "3600",
    "KARIN_MAX_QUEUE_BYTES": "1000",
    "KARIN_MAX_BYTES": "2000",
    "KARIN_STORE_MEMORY": "48",
    "KARIN_ACCOUNT_ID": "1" * 12,
    "AWS_REGION": "eu-west-1",
}
UNSHARED = {"KARIN_HOME", "KARIN_BIND", "KARIN_ACCESS_KEYS", "KARIN_URL_TOKEN", "KARIN_WEB_PASSWORD", "KARIN_INDEX"}


def look(home: Path, store_url: str, variables: Mapping[str, str] | None, **own: str) -> Running:
    """Find a karin that was started with some variables, from a shell with others."""
    runtime.write(home, RuntimeInfo(os.getpid(), 0, store_url, ENDPOINT_URL, {}, variables))
    return find({"KARIN_HOME": str(home), **own})


def test_a_bare_shell_knows_what_the_running_karin_was_told(tmp_path: Path, store_url: str) -> None:
    found = look(tmp_path, store_url, OF_KARIN)
    settings, context = found.settings, found.context
    assert (settings.store_url, found.endpoint_url) == (store_url, ENDPOINT_URL)
    assert (settings.sweep_interval_seconds, settings.store_memory_mb) == (7, 48)
    assert (context.max_delay_seconds, context.region, context.account.id()) == (3600, "eu-west-1", "1" * 12)
    assert context.quotas.read_limits() == Limits(1000, 2000)


@pytest.mark.parametrize("variables", [{}, {"KARIN_SWEEP_INTERVAL": "7"}])
def test_what_the_shell_was_told_is_nothing_to_a_karin_that_was_told_otherwise(
    tmp_path: Path, store_url: str, variables: dict[str, str]
) -> None:
    settings = look(tmp_path, store_url, variables, **OF_KARIN | {"KARIN_SWEEP_INTERVAL": "5"}).settings
    assert settings.sweep_interval_seconds == int(variables.get("KARIN_SWEEP_INTERVAL", DEFAULT_SWEEP_SECONDS))
    assert (settings.max_delay_seconds, settings.max_bytes) == (SQS_MAX_DELAY_SECONDS, None)
    assert (settings.region, settings.account_id) == ("us-east-1", None)


def test_what_concerns_a_command_alone_is_its_own(tmp_path: Path, store_url: str) -> None:
    own = {"KARIN_WEB_PASSWORD": "twelve-chars", "KARIN_BIND": "127.0.0.1:4001"}
    settings = look(tmp_path, store_url, OF_KARIN, **own).settings
    assert (settings.web_password, settings.bind_port, settings.sweep_interval_seconds) == ("twelve-chars", 4001, 7)


def test_a_karin_on_another_store_than_the_one_that_is_named_is_not_meant(tmp_path: Path, store_url: str) -> None:
    found = look(tmp_path, "redis://127.0.0.1:1", OF_KARIN, REDIS_URL=store_url, KARIN_SWEEP_INTERVAL="5")
    assert (found.settings.store_url, found.settings.sweep_interval_seconds) == (store_url, 5)
    assert found.endpoint_url == found.settings.endpoint_url != ENDPOINT_URL
    same = look(tmp_path, store_url, OF_KARIN, REDIS_URL=store_url, KARIN_SWEEP_INTERVAL="5")
    assert (same.settings.sweep_interval_seconds, same.endpoint_url) == (7, ENDPOINT_URL)


def test_a_karin_that_did_not_say_leaves_it_to_the_shell(tmp_path: Path, store_url: str) -> None:
    look(tmp_path, store_url, None)
    file = tmp_path / runtime.FILE_NAME
    written = json.loads(file.read_bytes())
    del written["variables"]  # as an older karin wrote it
    file.write_text(json.dumps(written))
    found = find({"KARIN_HOME": str(tmp_path), "KARIN_SWEEP_INTERVAL": "5"})
    assert (found.settings.store_url, found.settings.sweep_interval_seconds) == (store_url, 5)


def test_neither_secrets_nor_what_a_later_karin_adds_are_shared() -> None:
    assert {*VARIABLES} - {*SHARED_VARIABLES} == UNSHARED
    secrets = {"AWS_SECRET_ACCESS_KEY": "s", "AWS_ACCESS_KEY_ID": "s", "REDIS_URL": "s", "KARIN_FROM_LATER": "s"}
    assert shared_variables(OF_KARIN | secrets | dict.fromkeys(UNSHARED, "s")) == OF_KARIN
