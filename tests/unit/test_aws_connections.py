"""Connections to AWS: kept, given up, through proxies and over TLS, against real servers."""

import base64
import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socket import create_connection, socket

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from karin.aws.access import Route
from karin.aws.answers import Answer
from karin.aws.connections import Connections
from karin.mapping.outcome import Unknown
from karin.mapping.payload import Payload
from karin.mapping.refusals import Refused
from tests.local_http import LocalServer, Quiet


class Server(LocalServer):
    """Answers every POST with its path, and passes on what it is asked to CONNECT."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.peers: list[object] = []
        self.asked: list[tuple[str, str | None]] = []  # target, proxy-authorization
        self.closes = False
        self.refuses = False

    def process_request(self, request: object, client_address: object) -> None:
        self.peers.append(client_address)
        super().process_request(request, client_address)  # type: ignore[arg-type]


class Handler(Quiet, BaseHTTPRequestHandler):
    """Answers as the server is told to."""

    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Proxy-Authorization"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
        self.close_connection = self.server.closes

    def do_CONNECT(self) -> None:
        self.server.asked.append((self.path, self.headers["Proxy-Authorization"]))
        if self.server.refuses:
            self.send_error(407)
            return
        host, _, port = self.path.rpartition(":")
        with create_connection((host, int(port))) as onward:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=copy, args=(onward, self.connection), daemon=True)
            back.start()
            copy(self.connection, onward)
            back.join(5)
        self.close_connection = True


def copy(source: socket, target: socket) -> None:
    try:
        while chunk := source.recv(65_536):
            target.sendall(chunk)
        target.shutdown(1)
    except OSError:
        return


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a key and a certificate of 127.0.0.1 that vouches for itself; return their file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - day).not_valid_after(now + day).add_extension(address, False)
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Server]:
    """Serve over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    running = Server()
    running.socket = context.wrap_socket(running.socket, server_side=True)
    with running:
        yield running


@contextmanager
def connections(url: str, ca_file: Path | str = "", proxy_url: str | None = None) -> Iterator[Connections]:
    made = Connections(Route(url, str(ca_file), proxy_url), 4)
    yield made
    made.close()


def post(over: Connections, path: str = "/x") -> Answer | Refused | Unknown:
    return over.post(path, {"host": over.host_header}, Payload(b"{}"), 5)


def test_a_connection_is_used_again(server: Server) -> None:
    with connections(server.url) as over:
        for _ in range(3):
            answer = post(over)
            assert isinstance(answer, Answer)
            assert (answer.status, answer.body) == (200, b"ok")

    assert len(server.peers) == 1


def test_a_connection_that_the_other_side_closed_is_not_used_again(server: Server) -> None:
    server.closes = True  # without a word of it in its answer
    with connections(server.url) as over:
        for _ in range(5):
            assert isinstance(post(over), Answer)
            wait_for_end(over)

    assert len(server.peers) == 5


def wait_for_end(over: Connections) -> None:
    """Wait until the end of an idle connection has arrived."""
    for connection in over._idle:
        connection.sock.settimeout(5)
        assert connection.sock.recv(1, 2) == b""  # MSG_PEEK


def test_tls_trusts_the_given_certificates_and_no_others(secure: Server, certificate: Path) -> None:
    url = secure.url.replace("http:", "https:")
    with connections(url, certificate) as over:
        assert isinstance(post(over), Answer)
        assert isinstance(post(over), Answer)
    with connections(url, ssl.get_default_verify_paths().cafile or "") as strangers:
        refused = post(strangers)

    assert isinstance(refused, Unknown)
    assert refused.code == "SSLError"
    assert "certificate verify failed" in refused.message


def test_a_proxy_is_told_the_whole_url_and_who_asks(server: Server) -> None:
    proxy_url = server.url.replace("//", "//me:p%40ss@")
    with connections("http://far.example", proxy_url=proxy_url) as over:
        assert isinstance(post(over, "/base/x"), Answer)

    user = base64.b64encode(b"me:p@ss").decode()
    assert server.asked == [("http://far.example/base/x", f"Basic {user}")]


def test_tls_goes_through_a_proxy(server: Server, secure: Server, certificate: Path) -> None:
    proxy_url = server.url.replace("//", "//me:pw@")
    with connections(secure.url.replace("http:", "https:"), certificate, proxy_url) as over:
        assert isinstance(post(over), Answer)
        assert isinstance(post(over), Answer)

    assert server.asked == [(secure.url.removeprefix("http://"), "Basic bWU6cHc=")]
    assert secure.asked == [("/x", None)] * 2


def test_a_proxy_that_refuses_is_named_without_its_password(server: Server, certificate: Path) -> None:
    server.refuses = True
    with connections("https://far.example", certificate, server.url.replace("//", "//me:pw@")) as over:
        refused = post(over)

    assert refused == Refused(
        "ProxyConnectionError", message=f'Failed to connect to proxy URL: "{server.url}"', is_unreached=True
    )
