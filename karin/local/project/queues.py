"""The queues of a template, AWS::SQS::Queue, with the attributes that SQS would give them.

Source: "AWS::SQS::Queue" in the CloudFormation template reference.
"""

import json
from collections.abc import Iterable
from typing import Any

from karin.local.definition import Queue
from karin.local.project.document import Place
from karin.local.project.problems import Problems, Unresolved
from karin.local.project.template import NO_VALUE, QUEUE_TYPE, Template
from karin.sqs.errors import SqsError
from karin.sqs.limits import DELAY_SECONDS
from karin.sqs.names import FIFO_SUFFIX, validate_queue_name
from karin.sqs.queue_attributes import check_attributes
from karin.sqs.redrive import dead_letter_target

_ATTRIBUTES = (
    "VisibilityTimeout",
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "RedrivePolicy",
    "RedriveAllowPolicy",
)  # encryption, access policies and tags mean nothing on this machine


def read_queues(template: Template, place: Place, problems: Problems) -> dict[str, Queue]:
    """Return the queues of a template by name; an attribute that cannot be used is a problem, and left out.

    ``place`` is where the template's resources stand.
    """
    queues: dict[str, Queue] = {}
    for logical_id in template.resources(QUEUE_TYPE):
        here = (*place, logical_id)
        with problems.of((*here, "Properties", "QueueName")):
            name = template.queue_name(logical_id)
            _check_name(name)
            if name in queues:
                raise Unresolved(f"another queue is called {name} as well: give each its own name")
            queues[name] = Queue(name, _attributes(template, logical_id, name, (*here, "Properties"), problems))
    return queues


def add_named_elsewhere(queues: dict[str, Queue], names: Iterable[str]) -> None:
    """Add the queues that mappings and redrive policies name and that no template defines, with SQS's defaults."""
    redrives = [queue.attributes["RedrivePolicy"] for queue in queues.values() if "RedrivePolicy" in queue.attributes]
    for name in (*names, *(dead_letter_target(policy).name for policy in redrives)):
        queues.setdefault(name, Queue(name))


def _check_name(name: str) -> None:
    try:
        validate_queue_name(name, fifo=name.endswith(FIFO_SUFFIX))
    except SqsError as error:
        raise Unresolved(f"{name} is no name of a queue: {error.message}") from error


def _attributes(template: Template, logical_id: str, name: str, place: Place, problems: Problems) -> dict[str, str]:
    attributes: dict[str, str] = {}
    fifo = name.endswith(FIFO_SUFFIX)
    for attribute, raw in template.properties(logical_id).items():
        if attribute not in _ATTRIBUTES:
            continue
        with problems.of((*place, attribute)):
            value = template.resolve(raw)
            if value in (None, NO_VALUE, {}, "") or (attribute == "FifoQueue" and _text(value) == "false"):
                continue
            if attribute == "FifoQueue" and not fifo:
                raise Unresolved(f"the name of a FIFO queue ends with {FIFO_SUFFIX}: call it {name}{FIFO_SUFFIX}")
            if attribute == "RedrivePolicy" and isinstance(value, dict):
                value |= {"deadLetterTargetArn": template.local_queue_arn(value.get("deadLetterTargetArn"))}
            try:
                attributes |= check_attributes(
                    {attribute: _text(value)}, fifo=fifo, creating=False, max_delay_seconds=DELAY_SECONDS[1]
                )
            except SqsError as error:
                raise Unresolved(f"SQS refuses it: {error.message}") from error
    with problems.of(place):
        try:
            Queue(name, attributes).all_attributes()
        except SqsError as error:
            attributes.clear()
            raise Unresolved(f"SQS refuses these attributes together: {error.message}") from error
    return attributes


def _text(value: Any) -> str:
    """Return a property as SQS takes an attribute: policies as JSON, the rest as text."""
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
