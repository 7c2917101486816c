"""fly.toml: what fly.io will do with it agrees with what karin does."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from karin.doctor.platform import read_platform
from karin.settings import Settings
from karin.supervisor.loop import DRAIN_LIMIT_MS
from karin.wsgi.health import GOOD_FOR_MS
from tests.wire.raw import ask

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fly() -> dict[str, Any]:
    """Return the file as Fly reads it."""
    return tomllib.loads((ROOT / "fly.toml").read_text(encoding="utf-8"))


def of_the_image(word: str) -> list[str]:
    """Return what the Dockerfile says with an instruction."""
    return re.findall(rf"^{word} (.+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)


def seconds(text: str) -> int:
    """Return a duration as Fly writes it."""
    return int(text.removesuffix("s"))


def test_karin_has_the_time_that_it_may_take_to_end(fly: dict[str, Any]) -> None:
    assert fly["kill_signal"] == "SIGTERM"
    assert fly["kill_timeout"] * 1000 > DRAIN_LIMIT_MS
    assert of_the_image("ENTRYPOINT") == ['["karin"]']
    assert of_the_image("CMD") == ['["up"]']


def test_its_settings_are_karins_and_its_ports_are_one(fly: dict[str, Any]) -> None:
    with_keys = Settings.from_env(fly["env"] | {"KARIN_ACCESS_KEYS": "app:a-long-secret"})
    assert with_keys.bind_host == "0.0.0.0"
    assert with_keys.region == fly["env"]["AWS_REGION"]
    ports = {with_keys.bind_port, fly["http_service"]["internal_port"], fly["checks"]["healthz"]["port"]}
    assert ports == {4000}
    assert of_the_image("EXPOSE") == ["4000"]


def test_no_secret_stands_in_it(fly: dict[str, Any]) -> None:
    assert fly["env"].keys() == {"AWS_REGION", "KARIN_BIND", "KARIN_HOME"}


def test_the_volume_is_where_the_embedded_store_keeps_its_data(fly: dict[str, Any]) -> None:
    home = Settings.from_env(fly["env"] | {"KARIN_ACCESS_KEYS": "app:a-long-secret"}).home
    assert fly["mounts"]["destination"] == str(home)
    assert of_the_image("VOLUME") == [str(home)]
    assert f"KARIN_HOME={home}" in of_the_image("ENV")[-1]


def test_fly_neither_stops_the_machine_nor_gives_up_on_it(fly: dict[str, Any]) -> None:
    assert read_platform({}, ROOT, None).fly_stops == ((False, 1),)
    assert fly["restart"] == [{"policy": "always"}]


def test_no_deployment_runs_two_machines_at_once(fly: dict[str, Any]) -> None:
    assert fly["deploy"]["strategy"] == "rolling"
    assert "processes" not in fly


def test_a_failing_check_never_keeps_senders_out(fly: dict[str, Any]) -> None:
    assert "checks" not in fly["http_service"]


def test_its_check_is_answered_without_being_sent_elsewhere(fly: dict[str, Any], endpoint: str) -> None:
    check = fly["checks"]["healthz"]
    answer = ask(endpoint, check["method"].upper(), check["path"], None, check["headers"])
    assert answer.status in (200, 503)  # there is no scheduler here
    assert answer.headers["content-type"] == "application/json"


def test_its_check_asks_the_store_no_more_often_than_the_page_says(fly: dict[str, Any]) -> None:
    check = fly["checks"]["healthz"]
    every = max(seconds(check["interval"]), GOOD_FOR_MS / 1000)
    page = (ROOT / "docs/deploy-fly.md").read_text(encoding="utf-8")
    month = round(30 * 24 * 3600 / every)
    assert f"{month:,}" in page
