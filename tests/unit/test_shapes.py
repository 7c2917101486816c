"""Requests and responses, compared with botocore's model of SQS, so that an upgrade drops nothing in silence."""

from typing import Any, get_type_hints

import botocore.model
import msgspec
import pytest

from karin.sqs import errors
from karin.sqs.queue_attributes import READ_ONLY, SETTABLE, AttributeValue
from karin.wsgi.actions import ACTIONS
from karin.wsgi.fields import Field, fields_of, is_structure
from tests.wire.query_model import CODES, ENTRIES, ITEMS, json_model

MODEL = botocore.model.ServiceModel(json_model())
TYPES = {"string": str, "integer": int, "long": int, "boolean": bool, "blob": bytes}
MADE_BY_SQS_ITSELF = {errors.SqsError}  # the base, which no caller ever sees


def compare(shape: type, model: Any) -> None:
    """Assert that a shape has the members of botocore's, of the same types and with their Query names."""
    fields = {field.json_name: field for field in fields_of(shape)}
    assert fields.keys() == model.members.keys(), model.name
    for name, member in model.members.items():
        compare_member(fields[name], member, f"{model.name}.{name}")


def compare_member(field: Field, member: Any, where: str) -> None:
    kind = member.type_name if member.type_name in ("list", "map") else "scalar"
    assert field.kind == kind, where
    if kind == "list":
        assert field.flat.name == ITEMS[member.name], where
        compare_item(field.item, member.member, where)
    elif kind == "map":
        assert field.flat == ENTRIES[member.name], where
        compare_item(field.item, member.value, where)
    else:
        compare_item(field.item, member, where)


def compare_item(item: Any, member: Any, where: str) -> None:
    if is_structure(item):
        assert member.type_name == "structure", where
        compare(item, member)
    elif item == AttributeValue:
        assert member.type_name == "string", where  # what is shown is a string; numbers are accepted, too
    else:
        assert item is TYPES[member.type_name], where


@pytest.mark.parametrize("action", ACTIONS)
def test_a_request_has_all_members_that_sqs_knows(action: str) -> None:
    compare(ACTIONS[action].request, MODEL.operation_model(action).input_shape)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_result_has_all_members_that_sqs_knows(action: str) -> None:
    result = get_type_hints(ACTIONS[action].run)["return"]
    model = MODEL.operation_model(action).output_shape

    if model is None:
        assert result is type(None)
    else:
        assert issubclass(result, msgspec.Struct)
        compare(result, model)


def test_every_queue_attribute_that_sqs_knows_is_known() -> None:
    known = json_model()["shapes"]["QueueAttributeName"]["enum"]

    assert {"All", *READ_ONLY, *SETTABLE} == set(known)


def all_errors() -> list[type[errors.SqsError]]:
    return [
        found
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, errors.SqsError) and found not in MADE_BY_SQS_ITSELF
    ]


@pytest.mark.parametrize("error", [one for one in all_errors() if one.namespace == errors.SQS])
def test_an_error_of_sqs_is_one_that_sdks_know(error: type[errors.SqsError]) -> None:
    assert MODEL.shape_for(error.shape).metadata["exception"] is True
    assert error.code == CODES.get(error.shape, error.shape)


def test_no_two_errors_are_spelt_alike() -> None:
    found = all_errors()

    assert len({error.shape for error in found}) == len({error.code for error in found}) == len(found)
