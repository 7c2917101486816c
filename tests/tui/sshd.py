"""A real SSH server on a loopback port, with keys that live as long as a test, and the real client for it."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import bare_environ, free_port, process
from tests.support import wait_until

PACKAGES = "apt-get install openssh-server openssh-client"
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin")  # are not on every user's PATH
PRIVILEGE_FOLDER = Path("/run/sshd")


def require_ssh() -> None:
    """Skip where there is no OpenSSH; in CI its absence is a failure."""
    if _sshd() and shutil.which("ssh") and shutil.which("ssh-keygen"):
        return
    if os.environ.get("CI") == "true":  # noqa: TID251 - a test may ask where it runs
        pytest.fail(f"OpenSSH is missing: {PACKAGES}")
    pytest.skip(f"OpenSSH is missing: {PACKAGES}")


class Server:
    """An SSH server that lets in whoever has the one key."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        for name in ("host_key", "user_key"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True, timeout=20)
        host_key = (folder / "host_key.pub").read_text()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {host_key}")
        self.allow("")

    @property
    def command(self) -> list[str]:
        """Return how the server is started."""
        options = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": self._folder / "host_key",
            "PidFile": "none",
            "AuthorizedKeysFile": self._folder / "authorized_keys",
            "StrictModes": "no",  # the folder of a test is where everyone may write
            "UsePAM": "no",
            "PermitRootLogin": "prohibit-password",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "PrintLastLog": "no",
            "PrintMotd": "no",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return [str(_sshd()), "-D", "-e", "-f", os.devnull, *words]

    def allow(self, options: str) -> None:
        """Let the key in with options as in authorized_keys, such as a forced command."""
        (self._folder / "authorized_keys").write_text(f"{options} {(self._folder / 'user_key.pub').read_text()}")

    def client(self, *arguments: str) -> list[str]:
        """Return the client's command line: its own options come first, and then what is to run there, if anything."""
        options = {
            "IdentityFile": self._folder / "user_key",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": self._folder / "known_hosts",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
            "Port": self.port,
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        own = [one for one in arguments if one.startswith("-")]
        user = pwd.getpwuid(os.getuid()).pw_name
        return ["ssh", "-F", "none", *words, *own, f"{user}@127.0.0.1", *arguments[len(own) :]]


@contextmanager
def running_sshd(folder: Path) -> Iterator[Server]:
    """Yield a server that runs as the current user."""
    require_ssh()
    if os.getuid() == 0:
        PRIVILEGE_FOLDER.mkdir(mode=0o755, exist_ok=True)  # as the system's own service does; root's sshd insists on it
    server = Server(folder)
    log = folder / "sshd.log"
    with process(server.command, bare_environ(), log):
        wait_until(lambda: "Server listening" in log.read_text(), "sshd listens", 20)
        yield server


def _sshd() -> str | None:
    """Return where the server is: it insists on being started by its whole path."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])  # noqa: TID251 - as which() does
    return shutil.which("sshd", path=path)
