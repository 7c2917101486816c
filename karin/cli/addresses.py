"""Addresses of this machine for what is started here: one that is free, and whether karin answers at one."""

import http
import http.client
import socket
from urllib.parse import urlsplit

from karin.cli.main import CommandError


def free_address(wanted: str) -> str:
    """Return an address, or another of the same host whose port is free when that one is taken. Raises CommandError."""
    host, _, port = wanted.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (int(port), 0):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host.strip("[]"), candidate))
            except (OSError, OverflowError):
                continue
            return f"{host}:{probe.getsockname()[1]}"
    raise CommandError(f"no port of {host} is free")


def is_healthy(endpoint_url: str) -> bool:
    """Tell whether the karin behind an endpoint says that all is well; no proxy is asked."""
    address = urlsplit(endpoint_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
