"""What the doctor hears of this machine is of this machine, whatever the environment says of proxies."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from karin.doctor.gathering import hear_metrics


class Metrics(BaseHTTPRequestHandler):
    """Serves what karin's metrics begin with."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"karin_build_info 1\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_metrics_are_read_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with HTTPServer(("127.0.0.1", 0), Metrics) as server:
        serving = threading.Thread(target=server.handle_request)
        serving.start()
        assert hear_metrics(f"http://127.0.0.1:{server.server_port}/metrics").problem == ""
        serving.join(10)
