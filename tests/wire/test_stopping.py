"""A stopping endpoint does not wait for clients that only keep a connection open."""

import http.client
import signal
import sys
from urllib.parse import urlsplit

from tests.processes import bare_environ, free_port, process, status_of
from tests.support import START_SECONDS, wait_until
from tests.wire.raw import read

STOP_SECONDS = 8  # gunicorn would wait for 18


def test_idle_connections_are_closed_when_the_endpoint_stops(store_url: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = bare_environ(REDIS_URL=store_url, KARIN_BIND=f"127.0.0.1:{port}")
    with process([sys.executable, "-m", "karin", "endpoint"], environ) as endpoint:
        wait_until(lambda: status_of(f"{url}/healthz"), "the endpoint answers", START_SECONDS)
        used, unused = (http.client.HTTPConnection(urlsplit(url).netloc, timeout=30) for _ in range(2))
        try:
            used.request("POST", "/", b"Action=ListQueues")
            assert read(used).status == 200
            unused.connect()

            endpoint.send_signal(signal.SIGTERM)

            assert endpoint.wait(STOP_SECONDS) == 0
            for connection in (used, unused):
                assert connection.sock.recv(1) == b""
        finally:
            used.close()
            unused.close()
