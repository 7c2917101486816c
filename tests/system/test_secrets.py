"""No secret that karin is given is shown: not by a process, an answer, a log, a file, a command or karin-tui."""

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from karin.cli.main import main
from tests.processes import bare_environ
from tests.support import short_folder
from tests.system.whole import Karin, running_karin
from tests.tui.lines.talking import talk
from tests.wire.raw import ask
from tests.wire.raw import talk as send

KEY, LIMITED = "SECRET-of-a-key-0", "SECRET-of-a-limited-key-0"
TOKEN, AWS, WEB = "SECRET-url-token-0", "SECRET-of-aws-0", "SECRET-web-password-0"
SECRETS = (KEY, LIMITED, TOKEN, AWS, WEB)
SECRET = "SECRET-"
COMMANDS = ("status", "queues", "messages hello", "mappings", "functions", "invocations", "doctor")
PATHS = (f"/{TOKEN}/?Action=ListQueues", f"/{TOKEN}x/", f"//{TOKEN}/", "/", "/healthz", f"/healthz/{TOKEN}")
BROKEN = (
    f"GET /{TOKEN}/ HTTP/9.9\r\n\r\n",
    f"GET /{TOKEN}/{'x' * 9000} HTTP/1.1\r\n\r\n",
    f"GET /{TOKEN}/ HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    f"GET /{TOKEN}/ HTTP/1.1\r\nHost: x\r\n{KEY} {TOKEN}: y\r\n\r\n",
    f"{TOKEN}\r\n\r\n",
)


@pytest.fixture(scope="module")
def karin() -> Iterator[Karin]:
    """Run all of karin with every kind of secret, and have it meet strangers and callers who make mistakes."""
    with running_karin(
        KARIN_ACCESS_KEYS=f"ops:{KEY},shop:{LIMITED}:send:hello*",
        KARIN_URL_TOKEN=TOKEN,
        KARIN_WEB_PASSWORD=WEB,
        AWS_SECRET_ACCESS_KEY=AWS,
    ) as karin:
        for path in PATHS:
            ask(karin.url, "GET", path)
        for request in BROKEN:
            send(karin.url, request.encode())
        yield karin


def processes(karin: Karin) -> dict[str, Path]:
    """Return the places in /proc of the supervisor, its children, and the worker of the endpoint."""
    places = {name: Path(f"/proc/{karin.pid_of(name)}") for name in ("store", "scheduler", "endpoint")}
    (worker,) = (places["endpoint"] / "task" / places["endpoint"].name / "children").read_text().split()
    return places | {"supervisor": Path(f"/proc/{karin.supervisor.pid}"), "worker": Path(f"/proc/{worker}")}


def test_no_process_shows_one_to_whoever_lists_processes(karin: Karin) -> None:
    for name, place in processes(karin).items():
        for shown in ("cmdline", "comm", "status"):
            assert SECRET.encode() not in (place / shown).read_bytes(), (name, shown)
        assert (place / "environ").stat().st_mode & 0o077 == 0


def test_each_process_has_only_those_that_it_uses(karin: Karin) -> None:
    held = {
        name: {secret for secret in SECRETS if secret.encode() in (place / "environ").read_bytes()}
        for name, place in processes(karin).items()
    }

    doors = {KEY, LIMITED, TOKEN}
    assert held.pop("supervisor") == doors | {AWS, WEB}
    assert held == {"store": set(), "scheduler": {AWS}, "endpoint": doors, "worker": doors}


def test_no_file_holds_one_and_none_is_for_others(karin: Karin) -> None:
    written = [path for path in karin.home.rglob("*") if path.is_file() and "functions" not in path.name]

    assert {path.name for path in written} >= {"runtime.json", "lock", "karin.log", "up.log"}
    for path in written:
        assert SECRET.encode() not in path.read_bytes(), path
    for path in (karin.home / "runtime.json", karin.home / "lock", karin.home / "log", karin.home / "store"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["for people", "json"])
def test_no_command_prints_one(karin: Karin, as_json: tuple[str, ...]) -> None:
    for command in COMMANDS:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            main([*command.split(), *as_json], dict(karin.environ))
        assert out.getvalue(), command
        assert SECRET not in out.getvalue() + err.getvalue(), command


def test_karin_tui_shows_and_exports_none(karin: Karin) -> None:
    with talk([str(Path(sys.executable).with_name("karin-tui"))], karin.environ) as session:
        session.hears("> ")
        for view in range(1, 9):
            for typed in (str(view), "e"):
                session.says(typed, "> ")
        assert len(session.output) > 1000
        assert SECRET not in session.output + session.errors


def test_a_backup_holds_none_and_is_for_its_owner_alone(karin: Karin) -> None:
    with short_folder() as folder:
        path = folder / "backup"
        assert karin.command("backup", str(path)).returncode == 0
        assert path.stat().st_mode & 0o777 == 0o600
        assert SECRET.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [
        {"KARIN_ACCESS_KEYS": f"ops:{KEY}:sned:*"},
        {"KARIN_ACCESS_KEYS": f"o p:{KEY}"},
        {"KARIN_URL_TOKEN": f"{TOKEN}/"},
        {"KARIN_WEB_PASSWORD": "SECRET-"},
        {"REDIS_URL": f"http://:{KEY}/@host"},
        {"REDIS_URL": f"redis://:{KEY}@"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_wrong_setting_is_refused_without_being_quoted(wrong: dict[str, str]) -> None:
    said = io.StringIO()
    with redirect_stderr(said):
        assert main(["up"], bare_environ() | wrong) == 2
    assert said.getvalue().count("\n") == 1
    assert SECRET not in said.getvalue()
