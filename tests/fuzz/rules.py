"""Targets without a store: filters, handles, policies, function responses, instants, deployment files."""

import base64
import json
import tempfile
import uuid
import zlib
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from karin.local.definition import DefinitionError
from karin.local.project.choices import Choices
from karin.local.project.reading import read_project
from karin.mapping.filters import InvalidPattern, compile_filters
from karin.mapping.model import Mapping
from karin.mapping.outcome import Outcome, Responded, decide
from karin.operations.instants import UnclearInstant, duration_ms, instant_ms, when_ms
from karin.sqs.errors import SqsError
from karin.sqs.names import QueueId
from karin.sqs.permissions import remove_permission
from karin.sqs.policies import normal_policy
from karin.sqs.receipts import Receipt, read_receipt_handle
from karin.sqs.redrive import normal_redrive_allow_policy, normal_redrive_policy, read_redrive_policy
from tests.fuzz.target import Target
from tests.fuzz.values import any_text, documents, long, texts, trees, wire_text

QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:work"
NOW_MS = 1_780_000_000_000
IDS = tuple(str(uuid.UUID(int=number)) for number in range(3))
MATCHERS = [
    "body", "a", "b", "$or", "prefix", "suffix", "exists", "numeric", "anything-but", "equals-ignore-case", "wildcard",
    "cidr", "messageAttributes", "attributes", "a.b",
]  # fmt: skip
DEPLOYED = [
    "service", "provider", "functions", "events", "sqs", "arn", "handler", "runtime", "resources", "Resources",
    "Type", "Properties", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Ref", "custom", "environment", "Parameters",
    "Default", "Events", "Globals", "Outputs", "Queue", "name", "params", "filterPatterns", "batchSize", "enabled",
    "stages", "Conditions", "Fn::If",
]  # fmt: skip
VARIABLES = [
    "${self:custom.a}", "${self:custom}", "${opt:x, 'y'}", "${env:A}", "${file(./x.yml):a}", "${param:a}", "${",
    "${sls:stage}",
]  # fmt: skip


def _filters(given: tuple[str, Any]) -> None:
    pattern, body = given
    filters = compile_filters([pattern])
    assert filters.matches({"body": json.dumps(body), "attributes": {}, "messageAttributes": {}}) in (True, False)


def _handle(text: str) -> None:
    receipt = read_receipt_handle(text)
    assert receipt is None or read_receipt_handle(receipt.handle) == receipt


def _receipt(receipt: Receipt) -> None:
    assert read_receipt_handle(receipt.handle) == receipt


def _redrive(text: str) -> None:
    normal = normal_redrive_policy(text)
    assert normal_redrive_policy(normal) == normal
    read_redrive_policy(normal)


def _policy(text: str) -> None:
    normal = normal_policy(text, False)
    assert normal_policy(normal, False) == normal
    remove_permission(normal, "label")


def _decide(given: tuple[str | None, bytes]) -> None:
    error, payload = given
    mapping = Mapping("uuid", QUEUE_ARN, "arn:f", response_types=("ReportBatchItemFailures",))
    outcome: Outcome = decide(Responded(function_error=error, payload=payload), mapping, IDS)
    assert sorted(outcome.delete_ids + outcome.leave_ids + outcome.give_back_ids) == sorted(IDS)


def _deployment(given: tuple[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / given[0]
        path.write_text(given[1], encoding="utf-8", errors="surrogatepass")
        read_project(path, Choices("http://127.0.0.1:4000"))


def _shorter(text: str) -> str:
    """Return the beginning of a text: PyYAML is slow with nested brackets, and files are one's own."""
    return text[:300]


def _allow(text: str) -> None:
    normal = normal_redrive_allow_policy(text)
    assert normal_redrive_allow_policy(normal) == normal


_clocks = st.one_of(
    st.datetimes().map(str), st.times().map(str), st.from_regex(r"(in )?\d{1,12} ?[smhd]?( \d+[smhd])?", fullmatch=True)
)
_instants = st.one_of(_clocks, texts, long)
_words = st.one_of(st.sampled_from(DEPLOYED), st.sampled_from(VARIABLES))
_tops: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{"service": "x"}, {"Resources": {}}, {"service": "x", "provider": {"name": "aws"}}]
)
_files = st.tuples(_tops, trees(_words, 25)).map(
    lambda pair: json.dumps(
        pair[0] | (pair[1] if isinstance(pair[1], dict) else {"custom": pair[1], "functions": pair[1]})
    )
)
_names = st.sampled_from(["serverless.yml", "template.yaml", "serverless.json"])
_receipts = st.builds(
    Receipt,
    st.builds(QueueId, texts, texts),
    st.uuids().map(str),
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-(2**63), 2**64 - 1),
    st.none() | texts,
    st.none() | texts,
)
_policies = documents(
    st.sampled_from(["deadLetterTargetArn", "maxReceiveCount", "redrivePermission", "sourceQueueArns"])
)
_statements = documents(st.sampled_from(["Version", "Statement", "Sid", "Effect", "Principal", "Action", "Id"]))
_failures = documents(st.sampled_from(["batchItemFailures", "itemIdentifier", "errorType", "errorMessage"]))
_payloads = st.one_of(
    _failures.map(lambda text: text.encode(errors="surrogatepass")),
    st.lists(st.sampled_from([*IDS, "", "stranger"])).map(
        lambda ids: json.dumps({"batchItemFailures": [{"itemIdentifier": one} for one in ids]}).encode()
    ),
    st.binary(max_size=60),
    long.map(str.encode),
)  # fmt: skip


def _pattern_and_body(data: bytes) -> tuple[str, Any]:
    """Return a pattern, and the body behind its line's end: as JSON when it is some."""
    pattern, _, body = any_text(data).partition("\n")
    try:
        return pattern, json.loads(body)
    except (ValueError, RecursionError):
        return pattern, body


def _handle_text(data: bytes) -> str:
    """Return what is text as it is, else packed bytes as a handle with the right checksum, as strangers can make it."""
    if data.isascii():
        return data.decode()
    return base64.b64encode(data + zlib.crc32(data).to_bytes(4, "big")).decode()


_RECEIPT = Receipt(QueueId("000000000000", "work.fifo"), IDS[1], 3, NOW_MS, "group", "20")
_PACKED = base64.b64decode(_RECEIPT.handle)[:-4]
_FILTERS = tuple(
    f'{{"body":{rule}}}\n{body}'.encode()
    for rule, body in (
        ('{"a":["b",1,null,true]}', '{"a":"b"}'),
        ('{"a":[{"prefix":"b"},{"suffix":"d"},{"anything-but":["x"]}]}', '{"a":["bcd"]}'),
        ('{"a":[{"numeric":[">",0,"<=",5.5]}],"b":[{"exists":false}]}', '{"a":3}'),
        ('{"$or":[{"a":[{"equals-ignore-case":"B"}]},{"c":{"d":[{"wildcard":"*x*y"}]}}]}', '{"c":{"d":"axby"}}'),
        ('{"a":[{"anything-but":{"prefix":"b"}},{"anything-but":{"wildcard":["*a*"]}}]}', '{"a":"c"}'),
        ('[{"cidr":"10.0.0.0/24"}]', "10.0.0.1"),
    )
)
_REDRIVES = (
    b'{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":5}',
    b'{"maxReceiveCount":"1000","deadLetterTargetArn":"arn:aws-cn:sqs:cn-north-1:000000000000:dead.fifo"}',
)
_ALLOWS = (
    b'{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:work"]}',
    b'{"redrivePermission":"denyAll"}',
)
_POLICIES = (
    b'{"Version":"2008-10-17","Id":"x","Statement":[{"Sid":"label","Effect":"Allow","Principal":"*"}]}',
    b'{"Statement":{"Sid":"label"}}',
)
_RESPONSES = (
    json.dumps({"batchItemFailures": [{"itemIdentifier": one} for one in IDS[:2]]}).encode(),
    b'{"batchItemFailures":[]}', b'{"batchItemFailures":null}', b"null", b'{"errorType":"E","errorMessage":"m"}',
)  # fmt: skip
_TIMES = (b"in 1h 30m", b"90s", b"14:30:05", b"2026-11-23T09:00+02:00", b"9999-12-31T23:59:59-23:59", b"2026-W48-1")

TARGETS = (
    Target(
        "filters",
        st.tuples(documents(st.sampled_from(MATCHERS)), trees(st.sampled_from(MATCHERS))),
        _filters,
        (InvalidPattern,),
        _FILTERS,
        _pattern_and_body,
    ),
    Target(
        "handles",
        st.one_of(texts, long, st.binary(max_size=90).map(bytes.hex)),
        _handle,
        (),
        (_RECEIPT.handle.encode(), _PACKED, _PACKED),
        _handle_text,
    ),
    Target("receipts", _receipts, _receipt),
    Target("redrive", st.one_of(_policies, long), _redrive, (SqsError,), _REDRIVES, wire_text),
    Target("redrive allow", st.one_of(_policies, long), _allow, (SqsError,), _ALLOWS, wire_text),
    Target("policies", st.one_of(_statements, long), _policy, (SqsError,), _POLICIES, wire_text),
    Target(
        "outcomes",
        st.tuples(st.none() | texts, _payloads),
        _decide,
        (),
        _RESPONSES,
        lambda data: ("Unhandled", data) if b"error" in data else (None, data),
    ),
    Target("durations", _instants, duration_ms, (UnclearInstant,), _TIMES, any_text),
    Target("instants", _instants, lambda text: instant_ms(text, NOW_MS), (UnclearInstant,), _TIMES, any_text),
    Target("when", _instants, lambda text: when_ms(text, NOW_MS), (UnclearInstant,), _TIMES, any_text),
    Target(
        "deployments",
        st.tuples(_names, st.one_of(_files, documents(_words).map(_shorter), long.map(_shorter))),
        _deployment,
        (DefinitionError,),
        bound_ms=1_000,  # PyYAML is slow, and files are one's own
    ),
)
