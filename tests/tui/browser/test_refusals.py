"""What a person reads when ``karin-tui --web`` serves nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import bare_environ, free_port
from tests.support import short_folder
from tests.tui.browser.server import PASSWORD, PROGRAM, Web


def run(home: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run ``karin-tui --web`` where it must end by itself."""
    environ = bare_environ(KARIN_HOME=str(home), **variables)
    command = [PROGRAM, "--web", *options]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("bind", ["0.0.0.0:4100", "[::]:4100", "10.0.0.1:4100", "karin.example.com:80"])
def test_no_other_address_is_bound_without_a_password(home: Path, bind: str) -> None:
    done = run(home, "--bind", bind)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"karin-tui: --bind {bind} would let anyone steer your karin: set KARIN_WEB_PASSWORD to 12 characters or more,"
        " or bind 127.0.0.1\n"
    )


def test_a_short_password_is_refused_and_not_shown(home: Path) -> None:
    done = run(home, KARIN_WEB_PASSWORD="eleven-char")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("karin-tui: KARIN_WEB_PASSWORD must have 12 characters or more")
    assert "eleven-char" not in done.stderr


def test_without_a_karin_it_says_so() -> None:
    with short_folder() as nowhere:
        done = run(nowhere)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("karin-tui: karin is not running here")


def test_what_is_no_address_is_refused(home: Path) -> None:
    done = run(home, "--bind", "4100")
    assert done.returncode == 2
    assert done.stderr == ("karin-tui: --bind=4100 is not an address: write host:port, such as 127.0.0.1:4100\n")


def test_an_address_that_is_taken_is_named(home: Path, web: Web) -> None:
    done = run(home, "--bind", f"127.0.0.1:{web.port}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"karin-tui: cannot listen on 127.0.0.1:{web.port}: Address already in use: choose another with --bind\n"
    )


def test_a_name_that_leads_nowhere_is_named(home: Path) -> None:
    done = run(home, "--bind", f"nowhere.invalid:{free_port()}", KARIN_WEB_PASSWORD=PASSWORD)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("karin-tui: cannot listen on nowhere.invalid:")


def test_without_the_extra_it_says_how_to_install_it(home: Path) -> None:
    hidden = "import sys; sys.modules['textual_serve'] = None; from karin.tui.main import entry; entry()"
    command = [sys.executable, "-c", hidden, "--web"]
    environ = bare_environ(KARIN_HOME=str(home))
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "karin-tui: --web needs textual-serve: pip install 'karin[web]'\n"
