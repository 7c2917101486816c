"""Redis servers that speak TLS alone, with certificates of a CA made for the test; the bundled Valkey has no TLS."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
import redis

from tests.processes import bare_environ, free_port, process
from tests.support import wait_until

HOST = "localhost"


@dataclass(frozen=True)
class Secured:
    """Where it is, and the files with which one is let in."""

    port: int
    folder: Path

    def url(self, *, host: str = HOST, **parameters: str) -> str:
        """Return a URL with these parameters, or with all that are needed."""
        return f"rediss://{host}:{self.port}/0?" + urlencode(parameters or client_options(self.folder))


@contextmanager
def running_tls_store(home: Path, *options: str) -> Iterator[Secured]:
    """Run it; it wants a certificate of its clients as well."""
    binary = tls_server()
    make_certificates(home)
    secured = Secured(free_port(), home)
    told = {"bind": "127.0.0.1", "save": '""', "loglevel": "warning"} | server_options(home, secured.port)
    (home / "redis.conf").write_text("".join(f"{name} {value}\n" for name, value in told.items()))
    with process([binary, str(home / "redis.conf"), *options], bare_environ(), home / "log"):
        client = redis.Redis.from_url(secured.url())
        wait_until(lambda: _answers(client), "the store answers over TLS")
        client.close()
        yield secured


def tls_server() -> str:
    """Return a server that has TLS; without one the test is skipped, or fails where it must run."""
    binary = shutil.which("redis-server")
    if binary is None:
        lacking = "redis-server is not installed (apt-get install redis-server): no store here speaks TLS"
        pytest.fail(lacking) if os.environ.get("CI") == "true" else pytest.skip(lacking)  # noqa: TID251
    assert binary
    return binary


def server_options(folder: Path, port: int) -> dict[str, str]:
    """Return what makes a server speak TLS alone, and want a certificate of whoever connects."""
    return {
        "port": "0",
        "tls-port": str(port),
        "tls-cert-file": str(folder / "server.pem"),
        "tls-key-file": str(folder / "server.key"),
        "tls-ca-cert-file": str(folder / "ca.pem"),
        "tls-auth-clients": "yes",
    }


def client_options(folder: Path) -> dict[str, str]:
    """Return what a client of it needs, in a URL or as redis-py's options."""
    return {
        "ssl_ca_certs": str(folder / "ca.pem"),
        "ssl_certfile": str(folder / "client.pem"),
        "ssl_keyfile": str(folder / "client.key"),
    }


def make_certificates(folder: Path) -> None:
    """Make a CA, certificates of it for a server and a client, and another CA that nobody knows."""
    for authority in ("ca", "other"):
        _openssl("req", "-x509", "-subj", f"/CN={authority}", "-days", "2", *_new(folder, authority))
    for name, host in (("server", HOST), ("client", "client")):
        signed_by = ("-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key"))
        names = (
            "-subj",
            f"/CN={name}",
            "-addext",
            f"subjectAltName=DNS:{host}",
            "-addext",
            "basicConstraints=CA:FALSE",
        )
        _openssl("req", "-x509", "-days", "2", *signed_by, *names, *_new(folder, name))


def _new(folder: Path, name: str) -> tuple[str, ...]:
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    return (*key, "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem"))


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
