"""Whatever is sent, in either protocol, the answer is well-formed and no fault of the server."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wire.good_requests import ACTIONS, input_members
from tests.wire.query_model import ENTRIES, ITEMS, json_model
from tests.wire.raw import FORM_TYPE, JSON_TYPE, Answer, ask, ask_get, ask_json, ask_query
from tests.wire.sdk import ACCOUNT

MODEL = json_model()
WAITS = "WaitTimeSeconds"  # the one member with which an answer may take its time
MEMBERS = sorted({name for shape in MODEL["shapes"].values() for name in shape.get("members", {})} - {WAITS})
PARAMETERS = sorted({*MEMBERS, *ITEMS.values(), *(part for entry in ENTRIES.values() for part in entry)})
WORDS = [
    "work",
    "",
    "All",
    "DelaySeconds",
    "String",
    "Binary",
    "Number.x",
    "AQID",
    "{}",
    "null",
    "http://[",
    "0",
    "900",
]

texts = st.one_of(st.sampled_from(WORDS), st.text(st.characters(codec="utf-8"), max_size=30))
paths = st.sampled_from(["/", "/pfx/", f"/{ACCOUNT}/work", "/%FF/%00", "//", "/a?Action=ListQueues"])
actions = st.one_of(st.sampled_from(ACTIONS), texts)
scalars = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.integers(-1, 1000))
names = st.one_of(st.sampled_from(MEMBERS), texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)
json_requests = st.sampled_from(ACTIONS).flatmap(
    lambda action: st.tuples(
        st.just(action),
        st.dictionaries(
            st.one_of(st.sampled_from(sorted({*input_members(action)} - {WAITS})), names), values, max_size=6
        ),
    )
)
parts = st.one_of(st.sampled_from(PARAMETERS), st.integers(0, 12).map(str), texts)
parameter_names = st.lists(parts, min_size=1, max_size=5).map(".".join)
query_requests = st.lists(st.tuples(parameter_names, scalars.map(str)), max_size=10)

many = settings(
    max_examples=50, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check(answer: Answer) -> None:
    """Assert that an answer is one that an SDK understands, and no fault of the server."""
    assert answer.status < 500, answer
    if answer.status == 200:
        if answer.headers["content-type"] == JSON_TYPE:
            assert isinstance(json.loads(answer.body or b"{}"), dict)
        else:
            assert answer.xml().tag.endswith("Response")
    elif (answer.status, answer.body) != (404, b"<UnknownOperationException/>"):
        assert answer.fault()


@many
@given(asked=json_requests, path=paths)
def test_any_json_request_is_answered(work: str, asked: tuple[str, dict[str, Any]], path: str) -> None:
    action, parameters = asked
    check(ask_json(work, action, {"QueueUrl": "work"} | parameters, path))


@many
@given(action=actions, pairs=query_requests, path=paths, is_get=st.booleans())
def test_any_query_request_is_answered(
    work: str, action: str, pairs: list[tuple[str, str]], path: str, is_get: bool
) -> None:
    send = ask_get if is_get and "?" not in path else ask_query
    check(send(work, [("Action", action), ("QueueUrl", "work"), *pairs], path))


GOOD_JSON = (
    b'{"QueueUrl":"work","Entries":[{"Id":"a","MessageBody":"body","DelaySeconds":5,"MessageAttributes":'
    b'{"n":{"DataType":"Binary","BinaryValue":"AQID"}}}]}'
)
GOOD_FORM = (
    b"Action=SendMessageBatch&QueueUrl=work&SendMessageBatchRequestEntry.1.Id=a"
    b"&SendMessageBatchRequestEntry.1.MessageBody=body&SendMessageBatchRequestEntry.1.DelaySeconds=5"
    b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n"
    b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Binary"
    b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=AQID"
)


@many
@given(is_json=st.booleans(), at=st.integers(0, 300), cut=st.integers(0, 3), put=st.binary(max_size=4))
def test_any_mutation_of_a_good_request_is_answered(work: str, is_json: bool, at: int, cut: int, put: bytes) -> None:
    good = GOOD_JSON if is_json else GOOD_FORM
    at %= len(good)
    headers = {"Content-Type": JSON_TYPE, "X-Amz-Target": "AmazonSQS.SendMessageBatch"}

    check(
        ask(work, "POST", "/", good[:at] + put + good[at + cut :], headers if is_json else {"Content-Type": FORM_TYPE})
    )
