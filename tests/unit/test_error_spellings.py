"""How every error is written: in JSON, in XML, and in JSON for a query that accepts it."""

import json
import xml.etree.ElementTree as ET

import pytest

from karin.sqs import errors
from karin.wsgi import query_json, xml
from karin.wsgi.json_protocol import JsonProtocol

ODD_TEXT = "<&>\"' \r\n ]]> 한 👋"
EVERY_ERROR = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, errors.SqsError) and found is not errors.SqsError
]

every_error = pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: error.__name__)


def example(error: type[errors.SqsError]) -> errors.SqsError:
    """Return an error of a kind; those that word themselves take no text."""
    try:
        return error(ODD_TEXT)
    except TypeError:
        return error()  # type: ignore[call-arg]


@every_error
def test_in_json_an_error_has_its_shape_and_in_a_header_its_code(error: type[errors.SqsError]) -> None:
    one = example(error)

    body, headers = JsonProtocol("AmazonSQS.SendMessage", b"").write_error(one, "id")

    assert json.loads(body) == {"__type": f"{error.namespace}#{error.shape}", "message": one.message}
    who = "Sender" if error.status < 500 else "Receiver"
    assert headers == {"x-amzn-query-error": f"{error.code};{who}"}
    assert error.code.count(";") == 0  # boto3 splits the header there


@every_error
def test_in_xml_an_error_has_its_code(error: type[errors.SqsError]) -> None:
    one = example(error)

    root = ET.fromstring(xml.error(one, "id"))  # noqa: S314 - karin's own answer

    texts = {leaf.tag.removeprefix(f"{{{xml.NAMESPACE}}}"): leaf.text or "" for leaf in root.iter() if not len(leaf)}
    assert texts == {
        "Type": "Sender" if error.status < 500 else "Receiver",
        "Code": error.code,
        "Message": one.query_message,
        "Detail": "",
        "RequestId": "id",
    }


@every_error
def test_a_query_that_accepts_json_gets_the_same_in_json(error: type[errors.SqsError]) -> None:
    one = example(error)

    document = json.loads(query_json.error(one, "id"))

    who = "Sender" if error.status < 500 else "Receiver"
    details = {"Code": error.code, "Detail": None, "Message": one.query_message, "Type": who}
    assert document == {"Error": details, "RequestId": "id"}


@every_error
def test_only_a_fault_of_the_server_has_a_status_after_which_sdks_try_again(error: type[errors.SqsError]) -> None:
    assert (error.status >= 500) is not error.is_sender_fault
    assert 400 <= error.status < 600
