"""When karin delivers for a mapping, and how a mapping finds its function."""

import pytest

from karin.mapping.model import LambdaFunction, Mapping, Snapshot
from karin.sqs.names import QueueId

QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:q"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"


@pytest.mark.parametrize(
    ("mapping", "is_served"),
    [
        (Mapping("1", QUEUE_ARN, FUNCTION_ARN, state="Disabled"), True),
        (Mapping("1", QUEUE_ARN, FUNCTION_ARN, state="Disabling"), True),
        (Mapping("1", QUEUE_ARN, FUNCTION_ARN, state="Enabled"), False),
        (Mapping("1", QUEUE_ARN, FUNCTION_ARN, state="Updating"), False),
        (Mapping("1", QUEUE_ARN, FUNCTION_ARN, state="Unknown"), False),
        (Mapping("1", QUEUE_ARN, FUNCTION_ARN, filters_readable=False), False),
        (Mapping("1", QUEUE_ARN, FUNCTION_ARN, filters=('{"body":["x"]}',)), True),
        (Mapping("1", QUEUE_ARN, FUNCTION_ARN, filters=('{"body":["x"]}', '{"body":"x"}')), False),
        (Mapping("1", f"{QUEUE_ARN}.fifo", FUNCTION_ARN), True),
    ],
)
def test_a_mapping_is_served_while_aws_does_not_poll_and_karin_can(mapping: Mapping, is_served: bool) -> None:
    snapshot = Snapshot(0, "123456789012", "eu-west-1", mappings=(mapping,))

    assert mapping.is_served is is_served
    assert bool(snapshot.mappings_of(mapping.queue)) is is_served


def test_a_mapping_with_an_invalid_filter_says_what_is_wrong_with_it() -> None:
    mapping = Mapping("1", QUEUE_ARN, FUNCTION_ARN, filters=('{"body":["x"]}', "{"))

    assert mapping.unserved_because
    assert mapping.unserved_because.startswith("a filter is invalid: filter 2 is not JSON")


@pytest.mark.parametrize("state", ["Disabled", "Enabled"])
def test_a_mapping_with_an_invalid_filter_is_not_served_even_if_a_person_says_so(state: str) -> None:
    assert not Mapping("1", QUEUE_ARN, FUNCTION_ARN, state, filters=("{",), served_anyway=True).is_served


def test_a_mapping_to_an_alias_finds_its_function() -> None:
    function = LambdaFunction("f", FUNCTION_ARN)
    snapshot = Snapshot(0, "123456789012", "eu-west-1", functions=(function,))

    assert snapshot.function_of(Mapping("1", QUEUE_ARN, f"{FUNCTION_ARN}:live")) is function
    assert snapshot.function_of(Mapping("1", QUEUE_ARN, f"{FUNCTION_ARN}x")) is None


def test_a_mapping_names_its_queue_region_and_function() -> None:
    mapping = Mapping("1", QUEUE_ARN, f"{FUNCTION_ARN}:live")

    assert (mapping.queue, mapping.region, mapping.function_name) == (
        QueueId("123456789012", "q"),
        "eu-west-1",
        "f:live",
    )
