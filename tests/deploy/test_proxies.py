"""deploy/nginx.conf and deploy/Caddyfile, in front of a real karin: nothing of a request gets lost on the way."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

import botocore.session
import pytest

from tests.deploy.conftest import need
from tests.processes import bare_environ, free_port, process
from tests.support import START_SECONDS, wait_until
from tests.wire.query_model import query_session
from tests.wire.sdk import INVALID_SIGNATURE, Protocol, SqsClient
from tests.wire.signing import KEY_ID, LIST, SECRET, TOKEN, presign

DEPLOY = Path(__file__).parents[2] / "deploy"
MEBIBYTE = 1024 * 1024


class Proxy(NamedTuple):
    """A proxy that runs: how it is reached, and what it wrote."""

    url: str
    folder: Path

    def written(self) -> str:
        """Return all of its logs."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))


def fitted(name: str, changes: dict[str, str]) -> str:
    """Return a file of deploy/ with what a person would fit to their machine replaced; all of it must be there."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate for localhost; its key lies beside it."""
    place = tmp_path_factory.mktemp("tls") / "certificate.pem"
    asked = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    written = ["-out", str(place), "-keyout", str(place.with_name("key.pem"))]
    subprocess.run([need("openssl", "openssl"), "req", *asked, *named, *written], check=True, capture_output=True)
    return place


def nginx(folder: Path, endpoint: str, port: int, certificate: Path) -> list[str]:
    """Write nginx's configuration with karin's as a site of it; return how it is started."""
    program = need("nginx", "nginx-light")
    live = "/etc/letsencrypt/live/karin.example.com"
    site = fitted("nginx.conf", {
        "127.0.0.1:4000": endpoint.removeprefix("http://"),
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "    listen [::]:443 ssl;\n": "",
        "karin.example.com;": "localhost;",
        f"{live}/fullchain.pem": str(certificate),
        f"{live}/privkey.pem": str(certificate.with_name("key.pem")),
        "/var/log/nginx/karin.log": f"{folder}/karin.log",
    })  # fmt: skip
    (folder / "site").write_text(site)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"user root; daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log info; events {{}}\n"
        f"http {{ access_log {folder}/access.log; {temporary} include {folder}/site; }}\n"
    )
    return [program, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]


def caddy(folder: Path, endpoint: str, port: int, certificate: Path) -> list[str]:
    """Write Caddy's configuration; return how it is started."""
    program = need("caddy", "caddy")
    site = fitted("Caddyfile", {
        "127.0.0.1:4000": endpoint.removeprefix("http://"),
        "karin.example.com {": f"https://localhost:{port} {{\n\ttls {certificate} {certificate.with_name('key.pem')}",
    })  # fmt: skip
    unasked = "admin off\n\tauto_https disable_redirects\n\tskip_install_trust"
    (folder / "Caddyfile").write_text(site.replace("\n{\n", f"\n{{\n\t{unasked}\n", 1))
    return [program, "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"]


PROXIES = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(scope="module", params=PROXIES)
def proxy(
    request: pytest.FixtureRequest, endpoint: str, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """Run each proxy in turn."""
    with running(request.param, endpoint, certificate, tmp_path_factory.mktemp(request.param)) as proxy:
        yield proxy


@contextmanager
def running(kind: str, endpoint: str, certificate: Path, folder: Path) -> Iterator[Proxy]:
    """Run a proxy before an endpoint."""
    folder.chmod(0o755)  # nginx's workers are nobody's
    port = free_port()
    command = PROXIES[kind](folder, endpoint, port, certificate)
    environ = bare_environ(HOME=str(folder), XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder))
    url = f"https://localhost:{port}"
    with process(command, environ, folder / "program.log"):
        wait_until(
            lambda: answers(port, certificate), f"the proxy answers:\n{Proxy(url, folder).written()}", START_SECONDS
        )
        yield Proxy(url, folder)


def answers(port: int, certificate: Path) -> bool:
    """Tell whether something there shows that certificate."""
    try:
        shown = ssl.get_server_certificate(("localhost", port), ca_certs=str(certificate))
    except OSError:
        return False
    return shown.strip() in certificate.read_text()


@pytest.fixture(scope="module")
def sessions(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Protocol, botocore.session.Session]:
    """Return a botocore session for each protocol, that trusts the certificate."""
    found: dict[Protocol, botocore.session.Session] = {
        "json": botocore.session.Session(),
        "query": query_session(tmp_path_factory.mktemp("query-model")),
    }
    for session in found.values():
        session.set_config_variable("ca_bundle", str(certificate))
    return found


@pytest.fixture(params=["json", "query"])
def client(
    request: pytest.FixtureRequest, proxy: Proxy, sessions: dict[Protocol, botocore.session.Session]
) -> Iterator[SqsClient]:
    """Return a client that signs, in each protocol."""
    with ExitStack() as stack:
        signing = SqsClient(request.param, sessions[request.param], proxy.url, KEY_ID, SECRET)
        stack.callback(signing.close)
        yield signing


def test_signed_requests_arrive_as_they_were_signed(client: SqsClient, proxy: Proxy) -> None:
    queue = client.create("signed")
    assert queue == f"{proxy.url}/000000000000/signed"
    client.call("SendMessage", QueueUrl=queue, MessageBody="one & two = three %2F")
    [message] = client.call("ReceiveMessage", QueueUrl=queue)["Messages"]
    assert message["Body"] == "one & two = three %2F"
    client.call("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_the_largest_message_fits_through(client: SqsClient) -> None:
    queue = client.create("large")
    body = '"' * MEBIBYTE  # which JSON writes as two characters, and a form as three
    client.call("SendMessage", QueueUrl=queue, MessageBody=body)
    [message] = client.call("ReceiveMessage", QueueUrl=queue)["Messages"]
    assert message["Body"] == body
    client.call("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_a_wrong_secret_is_still_refused(client: SqsClient) -> None:
    wrong = SqsClient(client.protocol, client.session, client.endpoint_url, KEY_ID, "not-the-secret")
    wrong.refused("ListQueues", INVALID_SIGNATURE)
    wrong.close()


def test_the_url_token_stays_in_queue_urls_and_out_of_logs(client: SqsClient, proxy: Proxy) -> None:
    by_token = SqsClient(client.protocol, client.session, f"{proxy.url}/{TOKEN}/", "ASIATEMPORARY", "of-a-role")
    queue = by_token.create("by-token")
    assert queue == f"{proxy.url}/{TOKEN}/000000000000/by-token"
    by_token.call("SendMessage", QueueUrl=queue, MessageBody="x")
    by_token.close()
    assert TOKEN not in proxy.written()


def hang_up_on_one(mute: socket.socket) -> None:
    """Take a connection and close it."""
    connection, _ = mute.accept()
    connection.close()


@pytest.mark.parametrize("kind", PROXIES)
def test_the_url_token_is_in_no_log_either_when_karin_does_not_answer(
    kind: str, certificate: Path, tmp_path: Path
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    away = free_port()
    answered = []

    def ask(url: str) -> None:
        try:
            urlopen(f"{url}/{TOKEN}/?Action=ListQueues", context=trusting).close()
        except HTTPError as error:
            answered.append(error.code)
            error.close()

    with running(kind, f"http://127.0.0.1:{away}", certificate, tmp_path) as before_nothing:
        ask(before_nothing.url)
        with socket.create_server(("127.0.0.1", away)) as mute:
            hanging_up = threading.Thread(target=hang_up_on_one, args=(mute,))
            hanging_up.start()
            ask(before_nothing.url)
            hanging_up.join(10)
        wait_until(lambda: "502" in before_nothing.written(), "it is told that karin did not answer")
    assert answered == [502, 502]
    assert TOKEN not in before_nothing.written()


def test_a_presigned_url_is_what_it_was(proxy: Proxy, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    with urlopen(proxy.url + presign(LIST, proxy.url).target, context=trusting) as answer:
        assert answer.status == 200


def test_a_long_poll_is_answered_through_it_when_a_message_comes(client: SqsClient) -> None:
    queue = client.create("polled")
    got: list[str] = []

    def poll() -> None:
        answer = client.call("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=20)
        got.extend(message["Body"] for message in answer.get("Messages", ()))

    waiting = threading.Thread(target=poll)
    waiting.start()
    waiting.join(1)
    assert waiting.is_alive()
    client.call("SendMessage", QueueUrl=queue, MessageBody="at last")
    waiting.join(25)
    assert got == ["at last"]
