"""Every row of the outcome table: what a call's result means for the messages of its batch."""

import json

import msgspec
import pytest

from karin.mapping.model import REPORT_BATCH_ITEM_FAILURES, Mapping
from karin.mapping.outcome import (
    ERROR_MESSAGE_LENGTH,
    InvokeResult,
    Outcome,
    OutcomeKind,
    Responded,
    Unknown,
    decide,
    first_line,
)
from karin.mapping.refusals import MOST_REASON_LENGTH, Refused, Remedy, pause_reason

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
    ("refused", "remedy", "given_back"),
    [
        (Refused("TooManyRequestsException", 429), Remedy.AGAIN, True),
        (Refused("SnapStartNotReadyException", 409), Remedy.AGAIN, True),
        (Refused("SnapStartTimeoutException", 408), Remedy.AGAIN, True),
        (Refused("EFSMountConnectivityException", 408), Remedy.AGAIN, True),
        (Refused("CodeArtifactUserPendingException", 409), Remedy.AGAIN, True),
        (Refused("EndpointConnectionError", is_unreached=True), Remedy.AGAIN, True),
        (Refused("AccessDeniedException", 403), Remedy.PAUSE, True),
        (Refused("403", 403), Remedy.PAUSE, True),
        (Refused("EFSMountFailureException", 403), Remedy.PAUSE, True),
        (Refused("ExpiredTokenException", 403), Remedy.PAUSE, True),
        (Refused("UnrecognizedClientException", 400), Remedy.PAUSE, True),
        (Refused("ResourceNotFoundException", 404), Remedy.PAUSE, True),
        (Refused("404", 404), Remedy.PAUSE, True),
        (Refused("ResourceConflictException", 409), Remedy.PAUSE, True),
        (Refused("ResourceNotReadyException", 502), Remedy.PAUSE, True),
        (Refused("KMSAccessDeniedException", 502), Remedy.PAUSE, True),
        (Refused("KMSDisabledException", 502), Remedy.PAUSE, True),
        (Refused("EC2AccessDeniedException", 502), Remedy.PAUSE, True),
        (Refused("ENILimitReachedException", 502), Remedy.PAUSE, True),
        (Refused("SubnetIPAddressLimitReachedException", 502), Remedy.PAUSE, True),
        (Refused("InvalidSubnetIDException", 502), Remedy.PAUSE, True),
        (Refused("InvalidSecurityGroupIDException", 502), Remedy.PAUSE, True),
        (Refused("InvalidZipFileException", 502), Remedy.PAUSE, True),
        (Refused("InvalidRuntimeException", 502), Remedy.PAUSE, True),
        (Refused("ServiceQuotaExceededException", 402), Remedy.PAUSE, True),
        (Refused("NoCredentialsError"), Remedy.PAUSE, True),
        (Refused("RequestTooLargeException", 413), Remedy.SMALLER, True),
        (Refused("InvalidRequestContentException", 400), Remedy.COUNT, False),
        (Refused("InvalidParameterValueException", 400), Remedy.COUNT, False),
        (Refused("RecursiveInvocationException", 400), Remedy.COUNT, False),
        (Refused("UnsupportedMediaTypeException", 415), Remedy.COUNT, False),
        (Refused("EFSIOException", 410), Remedy.COUNT, False),
        (Refused("ServiceException", 500), Remedy.COUNT, False),
        (Refused("503", 503), Remedy.COUNT, False),
    ],
    ids=lambda value: value.code if isinstance(value, Refused) else None,
)
def test_a_refusal_counts_as_a_try_only_if_the_function_may_have_run_or_the_batch_is_at_fault(
    refused: Refused, remedy: Remedy, given_back: bool
) -> None:
    outcome = decide(msgspec.structs.replace(refused, message="why\nmore"), REPORTING, BATCH)

    assert outcome == Outcome(
        OutcomeKind.THROTTLED if refused.status == 429 else OutcomeKind.REFUSED,
        leave_ids=() if given_back else BATCH,
        give_back_ids=BATCH if given_back else (),
        error_type=refused.code,
        error_message="why",
        remedy=remedy,
    )


def test_one_message_that_is_too_large_counts_as_a_try_because_no_event_is_smaller() -> None:
    outcome = decide(Refused("RequestTooLargeException", 413), PLAIN, BATCH[:1])

    assert (outcome.leave_ids, outcome.give_back_ids) == (BATCH[:1], ())


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (
            Refused("AccessDeniedException", 403, "User x is not"),
            f"allow lambda:InvokeFunction on {PLAIN.function_arn} ",
        ),
        (Refused("ExpiredTokenException", 403), "renew AWS_ACCESS_KEY_ID"),
        (Refused("ResourceNotFoundException", 404), "deploy it, or remove its mapping"),
        (Refused("KMSDisabledException", 502), "check its KMS key"),
        (Refused("SubnetIPAddressLimitReachedException", 502), "check its subnets"),
        (Refused("NoCredentialsError"), "check AWS_ACCESS_KEY_ID"),
        (Refused("ResourceNotFoundException", 404, "x" * 1_000), "…"),
    ],
)
def test_the_reason_of_a_pause_says_what_to_do_and_what_aws_said(refused: Refused, words: str) -> None:
    reason = pause_reason(refused, PLAIN.function_arn)

    assert words in reason
    assert refused.code in reason
    assert len(reason) <= MOST_REASON_LENGTH


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
