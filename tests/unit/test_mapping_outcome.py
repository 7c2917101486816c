"""Every row of the outcome table: what a call's result means for the messages of its batch."""

import json

import pytest

from karin.mapping.model import REPORT_BATCH_ITEM_FAILURES, Mapping
from karin.mapping.outcome import (
    ERROR_MESSAGE_LENGTH,
    InvokeResult,
    Outcome,
    OutcomeKind,
    Refused,
    Responded,
    Unknown,
    decide,
    first_line,
    is_retriable,
)

PLAIN = Mapping("uuid", "arn:aws:sqs:us-east-1:123456789012:q", "arn:aws:lambda:us-east-1:123456789012:function:f")
REPORTING = Mapping(PLAIN.uuid, PLAIN.queue_arn, PLAIN.function_arn, response_types=(REPORT_BATCH_ITEM_FAILURES,))
BATCH = ("a", "b", "c")


def test_a_response_deletes_the_whole_batch_whatever_it_says() -> None:
    for payload in (b"", b"null", b"not json", b'{"batchItemFailures":[{"itemIdentifier":"a"}]}', b"\xff"):
        assert decide(Responded(payload=payload), PLAIN, BATCH) == Outcome(OutcomeKind.SUCCEEDED, delete_ids=BATCH)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"  \n", b"null", b"{}", b'{"batchItemFailures":[]}', b'{"batchItemFailures":null}', b'{"statusCode":200}',
        b'{"BatchItemFailures":[{"itemIdentifier":"a"}]}',
    ],
)  # fmt: skip
def test_a_report_of_no_failure_deletes_the_whole_batch(payload: bytes) -> None:
    assert decide(Responded(payload=payload), REPORTING, BATCH) == Outcome(OutcomeKind.SUCCEEDED, delete_ids=BATCH)


@pytest.mark.parametrize(
    ("failed", "deleted", "left"),
    [
        (["b"], ("a", "c"), ("b",)),
        (["c", "a"], ("b",), ("a", "c")),
        (["b", "b"], ("a", "c"), ("b",)),
        (["a", "b", "c"], (), ("a", "b", "c")),
    ],
)
def test_a_report_leaves_the_listed_messages_and_deletes_the_others(
    failed: list[str], deleted: tuple[str, ...], left: tuple[str, ...]
) -> None:
    payload = json.dumps({"batchItemFailures": [{"itemIdentifier": name} for name in failed]}).encode()

    assert decide(Responded(payload=payload), REPORTING, BATCH) == Outcome(
        OutcomeKind.PARTIAL, delete_ids=deleted, leave_ids=left
    )


def test_a_report_is_read_alike_for_a_fifo_queue_whose_order_is_up_to_the_function() -> None:
    mapping = Mapping(
        REPORTING.uuid, f"{REPORTING.queue_arn}.fifo", REPORTING.function_arn, response_types=REPORTING.response_types
    )
    for listed, deleted in (("b", ("a", "c")), ("bc", ("a",))):
        payload = json.dumps({"batchItemFailures": [{"itemIdentifier": name} for name in listed]}).encode()

        outcome = decide(Responded(payload=payload), mapping, BATCH)

        assert (outcome.delete_ids, outcome.leave_ids) == (deleted, tuple(listed))


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b'"{\\"batchItemFailures\\":[]}"',
        b"[]",
        b"7",
        b"true",
        b"\xff\xfe",
        b'{"batchItemFailures":',
        b'{"batchItemFailures":{}}',
        b'{"batchItemFailures":"a"}',
        b'{"batchItemFailures":["a"]}',
        b'{"batchItemFailures":[null]}',
        b'{"batchItemFailures":[{}]}',
        b'{"batchItemFailures":[{"itemIdentifier":""}]}',
        b'{"batchItemFailures":[{"itemIdentifier":null}]}',
        b'{"batchItemFailures":[{"itemIdentifier":7}]}',
        b'{"batchItemFailures":[{"itemIdentifer":"a"}]}',
        b'{"batchItemFailures":[{"itemIdentifier":"stranger"}]}',
        b'{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"stranger"}]}',
        b'{"batchItemFailures":[{"itemIdentifier":"a"},{}]}',
        b"[" * 100_000,
    ],
)
def test_a_report_that_cannot_be_read_fails_the_whole_batch(payload: bytes) -> None:
    outcome = decide(Responded(payload=payload), REPORTING, BATCH)

    assert (outcome.kind, outcome.delete_ids, outcome.leave_ids, outcome.give_back_ids) == (
        OutcomeKind.FUNCTION_ERROR, (), BATCH, (),
    )  # fmt: skip
    assert outcome.error_type == "InvalidBatchItemFailures"
    assert outcome.error_message


@pytest.mark.parametrize("mapping", [PLAIN, REPORTING])
@pytest.mark.parametrize(
    ("payload", "error_type", "error_message"),
    [
        (b'{"errorType":"KeyError","errorMessage":"\'id\'\\n more","stackTrace":[]}', "KeyError", "'id'"),
        (b'{"errorMessage":"Task timed out after 3.00 seconds"}', "Unhandled", "Task timed out after 3.00 seconds"),
        (b'{"batchItemFailures":[]}', "Unhandled", ""),
        (b"", "Unhandled", ""),
        (b"exit status 1", "Unhandled", "exit status 1"),
        (b'{"errorType":7}', "Unhandled", '{"errorType":7}'),
        (b"\xff", "Unhandled", "�"),
    ],
)
def test_a_function_error_leaves_the_whole_batch_and_is_told(
    mapping: Mapping, payload: bytes, error_type: str, error_message: str
) -> None:
    result = Responded(payload=payload, function_error="Unhandled")

    assert decide(result, mapping, BATCH) == Outcome(
        OutcomeKind.FUNCTION_ERROR, leave_ids=BATCH, error_type=error_type, error_message=error_message
    )


@pytest.mark.parametrize(
    ("code", "status", "kind", "given_back"),
    [
        ("TooManyRequestsException", 429, OutcomeKind.THROTTLED, True),
        ("ResourceConflictException", 409, OutcomeKind.REFUSED, True),
        ("SnapStartNotReadyException", 409, OutcomeKind.REFUSED, True),
        ("ResourceNotReadyException", 502, OutcomeKind.REFUSED, True),
        ("AccessDeniedException", 403, OutcomeKind.REFUSED, False),
        ("ExpiredTokenException", 403, OutcomeKind.REFUSED, False),
        ("ResourceNotFoundException", 404, OutcomeKind.REFUSED, False),
        ("InvalidRequestContentException", 400, OutcomeKind.REFUSED, False),
        ("RequestTooLargeException", 413, OutcomeKind.REFUSED, False),
        ("KMSDisabledException", 502, OutcomeKind.REFUSED, False),
        ("ServiceException", 500, OutcomeKind.REFUSED, False),
        ("NoCredentialsError", 0, OutcomeKind.REFUSED, False),
    ],
)
def test_a_refused_call_gives_back_only_what_may_soon_succeed(
    code: str, status: int, kind: OutcomeKind, given_back: bool
) -> None:
    result = Refused(code, status, "why\nmore", is_retriable=is_retriable(code, status))

    outcome = decide(result, REPORTING, BATCH)

    assert outcome == Outcome(
        kind,
        leave_ids=() if given_back else BATCH,
        give_back_ids=BATCH if given_back else (),
        error_type=code,
        error_message="why",
    )


def test_a_call_that_never_left_the_machine_gives_its_messages_back() -> None:
    outcome = decide(Refused("EndpointConnectionError", is_retriable=True), PLAIN, BATCH)

    assert (outcome.kind, outcome.give_back_ids, outcome.leave_ids) == (OutcomeKind.REFUSED, BATCH, ())


def test_a_call_without_an_answer_leaves_its_messages_to_their_lease() -> None:
    assert decide(Unknown("ReadTimeoutError", "no answer"), REPORTING, BATCH) == Outcome(
        OutcomeKind.UNKNOWN, leave_ids=BATCH, error_type="ReadTimeoutError", error_message="no answer"
    )


@pytest.mark.parametrize(
    "result", [Responded(), Responded(function_error="Unhandled"), Refused("x"), Refused("x", 429), Unknown("x")]
)
@pytest.mark.parametrize("mapping", [PLAIN, REPORTING])
def test_every_message_has_exactly_one_fate(result: InvokeResult, mapping: Mapping) -> None:
    outcome = decide(result, mapping, BATCH)

    assert sorted(outcome.delete_ids + outcome.leave_ids + outcome.give_back_ids) == sorted(BATCH)


def test_error_messages_are_cut_to_one_bounded_line() -> None:
    assert first_line("\n\n  Traceback: \r\n more") == "Traceback:"
    assert first_line(" \n ") == ""
    assert len(first_line("x" * 10_000)) == ERROR_MESSAGE_LENGTH
