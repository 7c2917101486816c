"""What holds for every action of SQS: where it may be sent, what is ignored, how its answer and its error look."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from karin.wsgi.actions import ACTIONS as SERVED
from tests.wire.good_requests import (
    ACTIONS,
    QUEUE_SCOPED,
    VOID,
    World,
    flattened,
    good_request,
    input_members,
    output_members,
    path_of,
)
from tests.wire.query_model import NAMESPACE
from tests.wire.raw import JSON_TYPE, ask_get, ask_json, ask_query, query
from tests.wire.sdk import MALFORMED, QUEUE_DOES_NOT_EXIST

LIST_FOUND = "Start of list found where not expected"
MAP_FOUND = "Start of structure or map found where not expected."
NO_INTEGER = "STRING_VALUE can not be converted to an Integer"
NO_STRING = "NUMBER_VALUE can not be converted to a String"
NO_LIST = "Expected list or null"
NO_STRUCTURE = "Expected null"

every_action = pytest.mark.parametrize("action", ACTIONS)
every_action_of_a_queue = pytest.mark.parametrize("action", QUEUE_SCOPED)


def test_every_action_is_served() -> None:
    assert sorted(SERVED) == ACTIONS


@every_action
def test_an_action_is_answered_in_json(world: World, action: str) -> None:
    answer = ask_json(world.endpoint, action, good_request(action, world))

    assert (answer.status, answer.headers["content-type"]) == (200, JSON_TYPE), answer
    if action in VOID:
        assert answer.body == b""
    else:
        result = answer.json()
        assert result.keys() <= output_members(action).keys()
        assert result


@every_action
def test_an_action_is_answered_in_xml(world: World, action: str) -> None:
    answer = ask_query(world.endpoint, query(action) | flattened(action, good_request(action, world)))

    assert answer.status == 200, answer
    root = answer.xml()
    assert root.tag == f"{{{NAMESPACE}}}{action}Response"
    results, metadata = root[:-1], root[-1]
    assert metadata.tag == f"{{{NAMESPACE}}}ResponseMetadata"
    assert [one.tag for one in results] == ([] if action in VOID else [f"{{{NAMESPACE}}}{action}Result"])
    assert all(len(one) for one in results)


@every_action
def test_an_action_is_answered_in_json_for_a_query_that_accepts_it(world: World, action: str) -> None:
    parameters = query(action) | flattened(action, good_request(action, world))

    answer = ask_get(world.endpoint, parameters, headers={"Accept": "application/json"})

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json"), answer
    [(name, response)] = json.loads(answer.body).items()
    assert name == f"{action}Response"
    assert response.pop("ResponseMetadata") == {"RequestId": answer.headers["x-amzn-requestid"]}
    if action in VOID:
        assert response == {}
    else:
        assert response[f"{action}Result"].keys() == {
            name[0].lower() + name[1:] if shape.type_name == "list" else name
            for name, shape in output_members(action).items()
        }


@pytest.mark.parametrize("door", ["GET", "form", "JSON"])
@every_action_of_a_queue
def test_an_action_takes_its_queue_from_the_path(world: World, action: str, door: str) -> None:
    """Java sends forms to the path of a queue, PHP sends JSON there, and kombu sends GET requests."""
    parameters = good_request(action, world, names_queue=False)
    path = path_of(action)
    if door == "JSON":
        answer = ask_json(world.endpoint, action, parameters, path)
    else:
        send = ask_get if door == "GET" else ask_query
        answer = send(world.endpoint, query(action) | flattened(action, parameters), path)

    assert answer.status == 200, answer


@every_action_of_a_queue
def test_a_path_that_names_no_queue_does_not_find_one(world: World, action: str) -> None:
    parameters = good_request(action, world, names_queue=False)

    for path in ("/", "/pfx", "/000000000000/nobody"):
        ask_json(world.endpoint, action, parameters, path).check(QUEUE_DOES_NOT_EXIST)
        ask_get(world.endpoint, query(action) | flattened(action, parameters), path).check(QUEUE_DOES_NOT_EXIST)


@every_action
def test_an_action_exists_on_the_path_of_a_queue_unless_it_is_about_all_of_them(world: World, action: str) -> None:
    said = [
        answer.text() if answer.status == 400 else ""
        for answer in (
            ask_json(world.endpoint, action, {}, "/000000000000/nobody"),
            ask_get(world.endpoint, query(action), "/000000000000/nobody"),
        )
    ]

    is_refused = [text == f"The action {action} is not valid for this endpoint." for text in said]
    assert is_refused == [action in ("CreateQueue", "ListQueues")] * 2


@every_action
def test_members_that_are_null_or_unknown_are_ignored(world: World, action: str) -> None:
    nulls = dict.fromkeys(input_members(action))

    answer = ask_json(world.endpoint, action, nulls | good_request(action, world) | {"Unknown": [{}], "queueurl": 5})

    assert answer.status == 200, answer


@every_action
def test_parameters_that_are_unknown_are_ignored(world: World, action: str) -> None:
    unknown = {"Unknown": "x", "Unknown.1.x": "y", "queueurl": "z", ".": "dot", "AWSAccessKeyId": "id"}

    answer = ask_query(world.endpoint, query(action) | flattened(action, good_request(action, world)) | unknown)

    assert answer.status == 200, answer


@every_action
def test_an_empty_body_a_null_for_every_member_and_no_parameter_are_the_same(endpoint: str, action: str) -> None:
    nulls = dict.fromkeys(input_members(action))

    answers = [ask_json(endpoint, action, body) for body in (b"", b"{}", json.dumps(nulls).encode(), b" \r\n\t{} ")]
    in_query = ask_query(endpoint, query(action))

    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert in_query.status == answers[0].status
    if in_query.status != 200:
        assert in_query.fault()[0] == answers[0].fault()[0]


@every_action
def test_a_body_that_is_no_object_is_malformed(world: World, action: str) -> None:
    for body in (b"{", b"null", b"x", b'"x"', b"5", b"true", b'{"QueueUrl":"work",}', b"\xff"):
        ask_json(world.endpoint, action, body).check(MALFORMED)
    assert ask_json(world.endpoint, action, b"[]").check(MALFORMED) == LIST_FOUND


@every_action
def test_a_member_of_the_wrong_type_is_malformed_in_the_words_of_aws(endpoint: str, action: str) -> None:
    for name, member in input_members(action).items():
        for value, text in wrong_values(member):
            answer = ask_json(endpoint, action, {name: value})
            assert answer.check(MALFORMED) == text, (name, value)


def wrong_values(shape: Any) -> Iterator[tuple[Any, str]]:
    """Yield values of the wrong type for a member, or for something in it, with what AWS says of each."""
    kind = shape.type_name
    if kind == "list":
        yield from (({}, MAP_FOUND), ("x", NO_LIST), (5, NO_LIST))
        yield from (([value], text) for value, text in wrong_values(shape.member))
    elif kind == "map":
        yield from (([], LIST_FOUND), ("x", NO_STRUCTURE), (5, NO_STRUCTURE))
        if shape.name != "QueueAttributeMap":  # karin lets attributes be numbers and booleans
            yield from (({"k": value}, text) for value, text in wrong_values(shape.value))
    elif kind == "structure":
        yield from (([], LIST_FOUND), ("x", NO_STRUCTURE), (5, NO_STRUCTURE))
        for name, member in shape.members.items():
            yield from (({name: value}, text) for value, text in wrong_values(member))
    else:
        yield from ((["x"], LIST_FOUND), ({"x": 1}, MAP_FOUND))
        if kind == "string":
            yield from ((5, NO_STRING), (5.5, NO_STRING))
        elif kind == "integer":
            yield from (("5", NO_INTEGER), ("", NO_INTEGER), ("x", NO_INTEGER))


@every_action
def test_items_of_lists_and_maps_may_have_any_numbers_in_any_order(world: World, action: str) -> None:
    parameters = flattened(action, good_request(action, world))
    spread = {with_gaps(name): value for name, value in reversed(parameters.items())}
    assert len(spread) == len(parameters)

    answer = ask_query(world.endpoint, query(action) | spread)

    assert answer.status == 200, answer
    assert b"BatchResultErrorEntry" not in answer.body


def with_gaps(name: str) -> str:
    """Return a parameter's name with every number in it far from its neighbours."""
    return ".".join(str(int(part) * 37) if part.isdecimal() else part for part in name.split("."))
