"""deploy/mapping: every tool's file deploys the same mapping, disabled, and karin dev runs those that it can read."""

import re
from pathlib import Path
from typing import Any

import pytest

from karin.local.project.choices import Choices
from karin.local.project.document import read_document
from karin.local.project.reading import read_project

MAPPING = Path(__file__).parents[2] / "deploy" / "mapping"


@pytest.mark.parametrize("name", ["serverless.yml", "template.yaml"])
def test_karin_dev_reads_it_whole(name: str) -> None:
    reading = read_project(MAPPING / name, Choices("http://127.0.0.1:4000"))
    assert reading.problems == reading.ignored == ()
    [mapping] = reading.definition.mappings
    assert (mapping.queue, mapping.batch_size) == ("mails", 10)
    assert mapping.function_response_types == ("ReportBatchItemFailures",)
    queues = {queue.name: queue.attributes for queue in reading.definition.queues}
    assert queues.keys() == {"mails", "mails-dead"}
    [function] = reading.definition.functions
    assert function.timeout_seconds * 6 == int(queues["mails"]["VisibilityTimeout"]) == 60


def test_the_mapping_is_disabled_in_each() -> None:
    tree: Any = read_document(MAPPING / "serverless.yml").data
    assert tree["functions"]["mailer"]["events"][0]["sqs"]["enabled"] is False
    tree = read_document(MAPPING / "template.yaml").data
    assert tree["Resources"]["Mailer"]["Properties"]["Events"]["Mails"]["Properties"]["Enabled"] is False
    assert len(re.findall(r"SqsEventSource\([^#]*enabled=False", (MAPPING / "cdk_app.py").read_text())) == 1
    mapping = re.search(r'"aws_lambda_event_source_mapping".*?\n}', (MAPPING / "main.tf").read_text(), re.DOTALL)
    assert mapping is not None
    assert re.search(r"\n  enabled +=  *false", mapping[0])
