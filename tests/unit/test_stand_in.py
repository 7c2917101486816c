"""What stands in for AWS in a home: whoever is given the home reaches it, and nobody else does."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from karin import stand_in

VARIABLES = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1", "KARIN_ACCOUNT_ID": "1" * 12}
REAL = {"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "secret", "AWS_REGION": "us-east-1"}


def adopted(**environ: str) -> dict[str, str]:
    """Return an environment after it has adopted what its home says."""
    stand_in.adopt(environ)
    return environ


def test_the_environment_of_a_command_leads_to_the_stand_in_and_nowhere_else(tmp_path: Path) -> None:
    stand_in.write(tmp_path, VARIABLES)
    home = str(tmp_path)
    assert adopted(KARIN_HOME=home, PATH="/bin", **REAL) == {"KARIN_HOME": home, "PATH": "/bin", **VARIABLES}
    assert stat.S_IMODE((tmp_path / stand_in.FILE_NAME).stat().st_mode) == 0o600


def test_another_karin_keeps_its_way_to_aws(tmp_path: Path) -> None:
    stand_in.write(tmp_path, VARIABLES)
    for environ in (
        REAL,
        REAL | {"KARIN_HOME": str(tmp_path), "REDIS_URL": "redis://elsewhere"},
        REAL | {"KARIN_HOME": str(tmp_path / "another")},
    ):
        assert adopted(**environ) == environ
    stand_in.remove(tmp_path)
    assert adopted(KARIN_HOME=str(tmp_path), **REAL) == {"KARIN_HOME": str(tmp_path), **REAL}


def test_what_a_process_left_that_was_killed_leads_nowhere(tmp_path: Path) -> None:
    script = "import pathlib, sys; from karin import stand_in; stand_in.write(pathlib.Path(sys.argv[1]), {'A': 'x'})"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert (tmp_path / stand_in.FILE_NAME).exists()
    assert adopted(KARIN_HOME=str(tmp_path), **REAL) == {"KARIN_HOME": str(tmp_path), **REAL}


def test_what_cannot_be_read_leads_nowhere(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"pid": "x", "variables": {}}', f'{{"pid": {os.getpid()}, "variables": []}}'):
        (tmp_path / stand_in.FILE_NAME).write_text(text)
        assert adopted(KARIN_HOME=str(tmp_path), **REAL) == {"KARIN_HOME": str(tmp_path), **REAL}


def test_what_runs_here_is_asked_without_a_proxy_and_what_was_excepted_still_is() -> None:
    assert stand_in.without_proxy({"A": "b"}) == {
        "A": "b", "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost",
    }  # fmt: skip
    for name in ("no_proxy", "NO_PROXY"):
        assert stand_in.without_proxy({name: "intra.net"})["NO_PROXY"] == "intra.net,127.0.0.1,localhost"
