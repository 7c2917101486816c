"""Targets behind the other doors: access keys, URLs and ARNs, attributes, XML answers, backups, headers of AWS.

Their inputs begin as bytes: mutations of good ones, and what hypothesis makes of the same.
"""

import gzip
import io
import json
import random
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import strategies as st

from karin.access_keys import SHORTEST_SECRET, AccessKeyError, KeyScope, parse_access_keys
from karin.aws.calling import retry_after_seconds
from karin.aws.inspection import _ahead_ms
from karin.mapping.url_event import answer_of
from karin.operations import backup_file
from karin.operations.backup_file import BadBackup, End, Header, Writer
from karin.sqs.characters import FORBIDDEN
from karin.sqs.errors import InvalidParameterValue, SqsError
from karin.sqs.message import MessageAttribute
from karin.sqs.message_attributes import validate_attributes
from karin.sqs.moves import read_task_handle
from karin.sqs.names import QueueId, queue_id_from_arn, queue_id_from_url
from karin.sqs.queue_attributes import AttributeValue, check_attributes
from karin.store.copying import Piece
from karin.wsgi import xml
from karin.wsgi.shapes.receiving import ReceivedMessageShape, ReceiveMessageResult
from tests.fuzz.mutation import mutated
from tests.fuzz.target import Target
from tests.fuzz.values import any_text, texts, wire_text

ACCOUNT = "000000000000"
ATTRIBUTES = {
    "DelaySeconds": "900",
    "MaximumMessageSize": 1024,
    "MessageRetentionPeriod": "1209600",
    "ReceiveMessageWaitTimeSeconds": "20",
    "VisibilityTimeout": "43200",
    "Policy": '{"Statement":[{"Sid":"a"}]}',
    "RedrivePolicy": '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead.fifo","maxReceiveCount":"5"}',
    "RedriveAllowPolicy": '{"redrivePermission":"allowAll"}',
    "KmsMasterKeyId": "alias/aws/sqs",
    "KmsDataKeyReusePeriodSeconds": "60",
    "SqsManagedSseEnabled": False,
    "FifoQueue": "true",
    "ContentBasedDeduplication": "TRUE",
    "DeduplicationScope": "messageGroup",
    "FifoThroughputLimit": "perMessageGroupId",
}


def _access_keys(text: str) -> None:
    secrets, scopes = parse_access_keys(text)
    assert set(scopes) <= set(secrets)
    assert all(len(secret) >= SHORTEST_SECRET for secret in secrets.values())
    assert all(isinstance(scope, KeyScope) and scope.has_queue("work") in (True, False) for scope in scopes.values())


def _queue_url(text: str) -> None:
    found = queue_id_from_url(text, ACCOUNT)
    assert found is None or (len(found.account) == 12 and found.name)
    named = queue_id_from_arn(text)
    assert named is None or named == QueueId.parse(str(named))


def _task_handle(text: str) -> None:
    task_id, source = read_task_handle(text)
    assert isinstance(task_id, str)
    assert queue_id_from_arn(source.arn("us-east-1")) == source


def _attributes(given: dict[str, AttributeValue]) -> None:
    for fifo in (False, True):
        checked = check_attributes(given, fifo=fifo, creating=fifo, max_delay_seconds=900)
        settable = {name: value for name, value in checked.items() if name != "FifoQueue" or fifo}
        again = check_attributes(settable, fifo=fifo, creating=fifo, max_delay_seconds=900)
        assert again == checked, "what is normal stays as it is"


def _message_attribute(text: str) -> None:
    name, _, rest = text.partition("\n")
    data_type, _, value = rest.partition("\n")
    validate_attributes({name: MessageAttribute(data_type=data_type, string_value=value)})
    assert name
    assert value
    assert not FORBIDDEN.search(value)
    if data_type.startswith("Number"):
        float(value)


def _xml(text: str) -> None:
    shown = FORBIDDEN.sub("\ufffd", text)
    message = ReceivedMessageShape(body=text, receipt_handle=text, attributes={text: text})
    root = ET.fromstring(xml.response("ReceiveMessage", ReceiveMessageResult(messages=[message]), "id"))  # noqa: S314
    leaves = [(leaf.tag.removeprefix(f"{{{xml.NAMESPACE}}}"), leaf.text or "") for leaf in root.iter() if not len(leaf)]
    assert leaves == [
        ("ReceiptHandle", shown), ("Body", shown), ("Name", shown), ("Value", shown), ("RequestId", "id")
    ]  # fmt: skip
    fault = ET.fromstring(xml.error(InvalidParameterValue(text), "id"))  # noqa: S314
    assert [leaf.text or "" for leaf in fault.iter() if leaf.tag.endswith("Message")] == [shown]


def _backup(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=_memory()) as file:
        file.write(data)
        file.flush()
        path = Path(file.name)
        try:
            header, end = backup_file.check(path)
        except BadBackup:
            assert all(isinstance(piece, Piece) for piece in backup_file.pieces(path))  # raises BadBackup
        else:
            assert isinstance(header, Header)
            assert sum(1 for _ in backup_file.pieces(path)) == end.pieces


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _url_answer(payload: bytes) -> None:
    answer = answer_of(payload)
    assert 100 <= answer.status <= 599
    assert isinstance(answer.body, bytes)
    assert all(
        0x20 <= ord(letter) <= 0xFF for header in answer.headers for letter in "".join(header).replace("\t", " ")
    )


def _aws_headers(text: str) -> None:
    first, _, second = text.partition("\n")
    ahead_ms, seconds = _ahead_ms(first, 0, 1), retry_after_seconds(second)
    assert ahead_ms is None or isinstance(ahead_ms, int)
    assert seconds is None or seconds >= 0


def _good_backup() -> bytes:
    """Return the frames of a backup with a queue and a message, before compression."""
    file = io.BytesIO()
    writer = Writer(file, Header(backup_file.FORMAT, 1, "1.0", 1_780_000_000_000))
    writer.piece(Piece(b"karin:{000000000000/work}:queue", "hash", [b"DelaySeconds", b"0"]))
    writer.piece(Piece(b"karin:{000000000000/work}:due", "zset", [b"id", b"1780000000000"], 1_780_000_000_000))
    assert isinstance(writer.end(1, 1), End)
    return file.getvalue()


def _file(data: bytes) -> bytes:
    """Return a file: gzip's own bytes as they are, any others compressed, so that mutations reach the frames."""
    return data if data[:2] == b"\x1f\x8b" else gzip.compress(data, 1, mtime=0)


def _attribute_map(data: bytes) -> dict[str, AttributeValue]:
    """Return what is written as a JSON object, else one attribute: its name in a line, its value behind it."""
    text = wire_text(data)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if isinstance(given, dict):
        return {name: value for name, value in given.items() if isinstance(value, str | int | float)}
    name, _, value = text.partition("\n")
    return {name: value}


def _mutants(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    return st.integers(0, 2**32).map(lambda number: mutated(random.Random(number), seeds))


def _by_bytes(name: str, take: Callable[[str], object], seeds: tuple[str, ...], *refusals: type[Exception]) -> Target:
    """Return a target that takes text."""
    as_bytes = tuple(seed.encode() for seed in seeds)
    inputs = st.one_of(_mutants(as_bytes).map(any_text), texts)
    return Target(name, inputs, take, refusals, as_bytes, any_text)


_ATTRIBUTES = (
    *(json.dumps({name: value}).encode() for name, value in ATTRIBUTES.items()),
    *(f"{name}\n{value}".encode() for name, value in ATTRIBUTES.items()),
)
_URL_ANSWERS = (
    b'{"statusCode":200,"headers":{"a":"b","c":true},"cookies":["d=e"],"body":"AQID","isBase64Encoded":true}',
    b'{"statusCode":"404","body":{"a":[1.5e3]}}', b'"text"', b"null",
)  # fmt: skip
_BACKUPS = (_good_backup(), gzip.compress(_good_backup(), 1, mtime=0))
TARGETS = (
    _by_bytes(
        "access keys",
        _access_keys,
        ("AKID:a-secret-of-nobody,OTHER:another:secret:send:orders-*|work", "AKID:12345678:all:*", "A:long-secret:red"),
        AccessKeyError,
    ),
    _by_bytes(
        "queue URLs",
        _queue_url,
        (
            "http://127.0.0.1:4000/000000000000/work",
            "https://sqs.us-east-1.amazonaws.com/token/000000000000/a.fifo/",
            "work",
            "//[::1]/%2e%2e/w%6Frk?x#y",
            "arn:aws:sqs:us-east-1:000000000000:work.fifo",
        ),
    ),
    _by_bytes(
        "task handles",
        _task_handle,
        (
            "eyJ0YXNrSWQiOiJhIiwic291cmNlQXJuIjoiYXJuOmF3czpzcXM6dXMtZWFzdC0xOjAwMDAwMDAwMDAwMDp3b3JrIn0=",
            "eyJ0YXNrSWQiOm51bGx9",
            "e30=",
        ),
        SqsError,
    ),
    Target(
        "attributes", _mutants(_ATTRIBUTES).map(_attribute_map), _attributes, (SqsError,), _ATTRIBUTES, _attribute_map
    ),
    _by_bytes(
        "message attributes",
        _message_attribute,
        ("name\nNumber\n1.5e10", "a.b\nNumber.int\n" + "9" * 38, "n\nString.x\nvalue", "\u00e9\nNumber\n-.5E-100"),
        SqsError,
    ),
    _by_bytes("XML answers", _xml, ("a<b>&amp;\r\n\t\"'", "]]>\x00\ufffe\ud7ff", "\U0001f600 &#xD;<![CDATA[")),
    Target("function URL answers", _mutants(_URL_ANSWERS), _url_answer, (), _URL_ANSWERS, bytes),
    Target("backups", _mutants(_BACKUPS).map(_file), _backup, (BadBackup,), _BACKUPS, _file),
    _by_bytes("AWS headers", _aws_headers, ("Thu, 28 May 2026 20:30:00 GMT\n120", "Thu, 28 May 2026 20:30\n-1", "\n9")),
)
