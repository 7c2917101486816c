"""What strangers, and callers who mean harm, can make the endpoint hold in memory: the worker's peak is measured."""

import hashlib
import http.client
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from karin.sqs.limits import TRACE_HEADER_LENGTH
from karin.wsgi.counting import MOST_VALUES
from karin.wsgi.endpoint import MOST_BODY_BYTES
from tests.wire.raw import FORM_TYPE, JSON_TYPE, Answer, ask, ask_json, read
from tests.wire.sdk import INVALID_PARAMETER, MALFORMED, TOO_MANY_ENTRIES, Fault
from tests.wire.signing import TOKEN, Request, sign
from tests.wire.strangers import MIB, Fort, running_fort

CROWD = 20
LONG = b"x" * MOST_BODY_BYTES
SEND = {"Content-Type": JSON_TYPE, "X-Amz-Target": "AmazonSQS.SendMessage"}


@pytest.fixture(scope="module")
def shared_fort(private_store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fort]:
    """Run an endpoint with keys and a token."""
    with running_fort(private_store_url, tmp_path_factory.mktemp("fort")) as fort:
        yield fort


@pytest.fixture
def fort(shared_fort: Fort, store_url: str) -> Fort:
    """Return the endpoint, with an empty store."""
    return shared_fort


@pytest.fixture
def fresh_fort(store_url: str, tmp_path: Path) -> Iterator[Fort]:
    """Run an endpoint for one test: what a crowd made a worker allocate would hide how it grows later."""
    with running_fort(store_url, tmp_path) as fort:
        yield fort


def grown(fort: Fort, attack: Callable[[], object]) -> float:
    """Return by how many MiB an attack makes the worker grow at its peak."""
    before = fort.forget_peak()
    attack()
    peak = fort.memory("VmHWM")
    print(f"worker: {before / MIB:.0f} MiB, at its peak {peak / MIB:.0f} MiB")
    return (peak - before) / MIB


def crowd(fort: Fort, request: Request) -> list[int]:
    """Send a request from many connections at once; return the answers' statuses, 0 for a connection that was reset."""

    def send(_: int) -> int:
        try:
            return request.send(fort.url).status
        except OSError:
            return 0

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(send, range(CROWD)))


def test_bodies_of_strangers_are_never_held(fresh_fort: Fort) -> None:
    """Twenty of 9 MiB made 180 MiB when bodies were read first."""
    unsigned = Request("POST", "/", SEND, LONG)
    unknown_key = sign(unsigned, fresh_fort.url, key_id="AKIDOFNOBODY")
    with_hash = sign(
        unsigned._replace(headers=SEND | {"X-Amz-Content-SHA256": "0" * 64}), fresh_fort.url, secret="wrong"
    )
    statuses: list[int] = []

    for request in (unsigned, unknown_key, with_hash, unsigned._replace(target="/a-wrong-token-0123456/")):
        assert grown(fresh_fort, lambda request=request: statuses.extend(crowd(fresh_fort, request))) < 12  # type: ignore[misc]

    assert set(statuses) <= {403, 0}
    assert statuses.count(403) > 2 * CROWD


def test_bodies_of_strangers_who_know_a_key_id_share_a_bounded_room(fresh_fort: Fort) -> None:
    forged = sign(Request("POST", "/", SEND, LONG), fresh_fort.url, secret="a-wrong-secret")
    statuses: list[int] = []

    assert grown(fresh_fort, lambda: statuses.extend(crowd(fresh_fort, forged))) < 48

    assert set(statuses) <= {403, 503, 0}
    assert 403 in statuses


def test_large_bodies_of_callers_share_it_as_well_and_all_are_served(fresh_fort: Fort) -> None:
    assert ask_json(fresh_fort.url, "CreateQueue", {"QueueName": "work"}, f"/{TOKEN}/").status == 200
    body = json.dumps({"QueueUrl": "work", "MessageBody": "x" * MIB}).encode()
    sending = Request("POST", f"/{TOKEN}/", SEND, body)
    statuses: list[int] = []

    assert grown(fresh_fort, lambda: statuses.extend(crowd(fresh_fort, sending))) < 80

    assert statuses == [200] * CROWD


def test_a_body_whose_hash_the_head_tells_must_have_it(fort: Fort) -> None:
    body = b'{"QueueName":"work"}'
    headers = SEND | {"X-Amz-Target": "AmazonSQS.CreateQueue"}
    signed = sign(Request("POST", "/", headers | {"X-Amz-Content-SHA256": _sha256(body)}, body), fort.url)

    signed._replace(body=b'{"QueueName":"evil"}').send(fort.url).check(
        Fault("com.amazon.coral.service", "InvalidSignatureException", "SignatureDoesNotMatch", 403)
    )
    assert signed.send(fort.url).status == 200
    unsigned_payload = sign(
        Request("POST", "/", headers | {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, body), fort.url
    )
    assert unsigned_payload.send(fort.url).status == 403


def test_a_length_beyond_the_limit_is_refused_before_a_byte_of_it_is_sent(fort: Fort) -> None:
    head = f"POST /{TOKEN}/ HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n"
    with fort.connect() as connection:
        connection.sendall(f"{head}Content-Length: {10**12}\r\n\r\n".encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


Body = Callable[[], bytes]
"""Makes a body for the test that sends it: all of them together take seconds, and a hundred megabytes."""


def fill(start: bytes, item: bytes, end: bytes) -> Body:
    """Return a body as long as it may be, of one item again and again."""
    return lambda: start + item * ((MOST_BODY_BYTES - len(start) - len(end)) // len(item)) + end


def numbered(start: bytes, item: str, end: bytes) -> Body:
    """Return a body of items that all differ, cut off where it would be longer than it may."""
    return lambda: (start + "".join(item.format(number) for number in range(400_000)).encode() + end)[:MOST_BODY_BYTES]


BOMBS: dict[str, tuple[str, Body, Fault]] = {
    "empty entries": ("SendMessageBatch", fill(b'{"Entries":[', b"{},", b"{}]}"), TOO_MANY_ENTRIES),
    "entries to delete": ("DeleteMessageBatch", fill(b'{"Entries":[', b"{},", b"{}]}"), TOO_MANY_ENTRIES),
    "entries behind escapes": (
        "SendMessageBatch",
        fill(b'{"QueueUrl":"\\\\\\"\\\\","Entries":[', b"{},", b"{}]}"),
        TOO_MANY_ENTRIES,
    ),
    "names": ("ReceiveMessage", numbered(b'{"AttributeNames":[', '"{}",', b'""]}'), MALFORMED),
    "attributes": ("SendMessage", numbered(b'{"MessageAttributes":{', '"{}":{{}},', b'"x":{}}}'), MALFORMED),
    "tags": ("TagQueue", numbered(b'{"Tags":{', '"{}":"",', b'"x":""}}'), MALFORMED),
    "unknown members": ("SendMessage", numbered(b"{", '"{}":1,', b'"x":1}'), MALFORMED),
    "nesting": ("SendMessage", fill(b'{"x":', b"[", b""), MALFORMED),
    "quotes": ("SendMessage", fill(b"{", b'""', b"}"), MALFORMED),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_body_full_of_values_is_refused_before_they_become_objects(fort: Fort, bomb: str) -> None:
    """Three million empty entries made a gigabyte when they were decoded."""
    action, body_of, fault = BOMBS[bomb]
    body = body_of()
    answers: list[Answer] = []

    assert grown(fort, lambda: answers.append(ask_json(fort.url, action, body, f"/{TOKEN}/"))) < 48

    answers[0].check(fault)


FORMS: dict[str, tuple[Body, Fault]] = {
    "entries": (numbered(b"Action=SendMessageBatch", "&SendMessageBatchRequestEntry.{}.Id=x", b""), TOO_MANY_ENTRIES),
    "action last": (numbered(b"x=1", "&A.{}.Id=x", b"&Action=DeleteMessageBatch"), TOO_MANY_ENTRIES),
    "parameters": (numbered(b"Action=SendMessage", "&p{}=x", b""), MALFORMED),
    "ampersands": (fill(b"Action=SendMessage", b"&", b""), MALFORMED),
    "dots": (
        lambda: (
            b"Action=SendMessageBatch&QueueUrl=work"
            + b"".join(b"&SendMessageBatchRequestEntry" + b"." * 4000 + b"%d=x" % number for number in range(1900))
        ),
        Fault("com.amazonaws.sqs", "", "AWS.SimpleQueueService.EmptyBatchRequest"),
    ),
}


@pytest.mark.parametrize("bomb", FORMS)
def test_a_form_full_of_parameters_is_refused_before_they_become_objects(fort: Fort, bomb: str) -> None:
    assert ask_json(fort.url, "CreateQueue", {"QueueName": "work"}, f"/{TOKEN}/").status == 200
    body_of, fault = FORMS[bomb]
    body = body_of()
    answers: list[Answer] = []

    def attack() -> None:
        answers.append(ask(fort.url, "POST", f"/{TOKEN}/", body, {"Content-Type": FORM_TYPE}))

    assert grown(fort, attack) < 64

    assert answers[0].fault()[0] == fault.code


def test_indices_may_be_huge_and_cost_nothing(fort: Fort) -> None:
    assert ask_json(fort.url, "CreateQueue", {"QueueName": "work"}, f"/{TOKEN}/").status == 200
    body = b"Action=GetQueueAttributes&QueueUrl=work&AttributeName.999999999=All&AttributeName.1=DelaySeconds"

    assert grown(fort, lambda: ask(fort.url, "POST", f"/{TOKEN}/", body, {"Content-Type": FORM_TYPE})) < 4


def test_as_many_values_as_a_request_may_need_are_read_and_commas_in_texts_are_none(fort: Fort) -> None:
    assert ask_json(fort.url, "CreateQueue", {"QueueName": "work"}, f"/{TOKEN}/").status == 200
    attributes = {f"a{number}": {"DataType": "String", "StringValue": '",{["\\' * 9} for number in range(10)}
    entries = [
        {"Id": f"{number}", "MessageBody": '[{"a":"\\\\\\"", ' * 4000, "MessageAttributes": attributes}
        for number in range(10)
    ]

    sent = ask_json(fort.url, "SendMessageBatch", {"QueueUrl": "work", "Entries": entries}, f"/{TOKEN}/").json()
    assert len(sent["Successful"]) == 10
    many = [{"Id": f"{number}"} for number in range(MOST_VALUES // 3)]
    said = ask_json(fort.url, "SendMessageBatch", {"QueueUrl": "work", "Entries": many}, f"/{TOKEN}/")
    assert said.check(TOO_MANY_ENTRIES).endswith(f"You have sent {len(many)}.")


def test_a_trace_header_has_a_limit(fort: Fort) -> None:
    assert ask_json(fort.url, "CreateQueue", {"QueueName": "work"}, f"/{TOKEN}/").status == 200

    def send(length: int) -> Answer:
        trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "x" * length}}
        parameters = {"QueueUrl": "work", "MessageBody": "body", "MessageSystemAttributes": trace}
        return ask_json(fort.url, "SendMessage", parameters, f"/{TOKEN}/")

    assert send(TRACE_HEADER_LENGTH).status == 200
    send(TRACE_HEADER_LENGTH + 1).check(INVALID_PARAMETER)


def test_the_connection_of_a_refused_stranger_goes_on(fort: Fort) -> None:
    """An SDK that is told of its wrong clock signs anew on the same connection."""
    connection = http.client.HTTPConnection(urlsplit(fort.url).netloc, timeout=30)
    try:
        connection.request("POST", "/", b"x" * MIB, SEND)
        assert read(connection).status == 403
        connection.request("POST", f"/{TOKEN}/", b"{}", SEND | {"X-Amz-Target": "AmazonSQS.ListQueues"})
        assert read(connection).status == 200
    finally:
        connection.close()


def test_figures_are_of_a_real_worker(fort: Fort) -> None:
    assert "karin" in Path(f"/proc/{fort.pids[1]}/cmdline").read_text(encoding="utf-8")
    assert 20 * MIB < fort.memory("VmRSS") < 200 * MIB
