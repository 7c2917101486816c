"""The queues of a serverless.yml, and what maps them to functions."""

from pathlib import Path

import pytest

from tests.local.reading import mapping_of, read
from tests.local.serverless_files import ARN, ONE, QUEUE, event


@pytest.mark.parametrize(
    "text",
    [
        "- sqs: !GetAtt Mails.Arn",
        "- sqs: {arn: {'Fn::GetAtt': [Mails, Arn]}}",
        "- sqs: {arn: !Sub 'arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:mails'}",
        "- sqs: {arn: 'arn:aws:sqs:${AWS::Region}:${aws:accountId}:${self:custom.queue}'}",
        "- sqs: {arn: !Join [':', ['arn:aws:sqs', !Ref AWS::Region, !Ref 'AWS::AccountId', !GetAtt Mails.QueueName]]}",
        "- sqs: !ImportValue mails-arn",
        "- sqs: !ImportValue from-outside",
        "- sqs: !If [IsProduction, nothing, !GetAtt Mails.Arn]",
        "- sqs: !Select [1, [a, !GetAtt Mails.Arn]]",
        "- sqs: !FindInMap [Arns, !Ref AWS::Region, mails]",
        "- ${file(event.yml)}",
    ],
)
def test_a_queues_arn_may_be_told_in_any_way(tmp_path: Path, text: str) -> None:
    (tmp_path / "event.yml").write_text("sqs: {arn: !GetAtt Mails.Arn}")
    more = """
  Conditions: {IsProduction: !Equals ["${sls:stage}", production]}
  Mappings: {Arns: {eu-west-1: {mails: "arn:aws:sqs:eu-west-1:000000000000:mails"}}}
  Outputs: {Arn: {Value: !GetAtt Mails.Arn, Export: {Name: mails-arn}}}
custom: {queue: mails}
"""
    resources = f"resources:\n  Resources: {{{QUEUE.split('Resources: {', 1)[1].rsplit('}', 1)[0].strip()}{more}"
    imports = {"from-outside": f"{ARN}:mails"}
    reading = read(tmp_path, f"{ONE}    events:\n      {text}\n{resources}", imports=imports)
    assert reading.problems == ()
    assert (mapping_of(reading).queue, mapping_of(reading).function) == ("mails", "shop-dev-mail")
    assert [queue.name for queue in reading.definition.queues] == ["mails"]


def test_every_property_of_an_sqs_event_is_read_and_enabled_does_not_matter(tmp_path: Path) -> None:
    text = """
arn: !GetAtt Mails.Arn
batchSize: 500
maximumBatchingWindow: 30
maximumConcurrency: "5"
functionResponseType: ReportBatchItemFailures
enabled: true
filterPatterns: [{body: {kind: [order]}}, {body: {price: [{numeric: ['>=', 100]}]}}]
"""
    mapping = mapping_of(read(tmp_path, event(text) + QUEUE))
    assert (mapping.batch_size, mapping.window_seconds, mapping.max_concurrency) == (500, 30, 5)
    assert mapping.function_response_types == ("ReportBatchItemFailures",)
    assert mapping.filters == ('{"body": {"kind": ["order"]}}', '{"body": {"price": [{"numeric": [">=", 100]}]}}')
    assert mapping.enabled is False


def test_queues_have_their_attributes_and_those_without_a_name_are_called_by_their_id(tmp_path: Path) -> None:
    text = (
        ONE
        + """
resources:
  - Resources:
      Work:
        Type: AWS::SQS::Queue
        Properties:
          VisibilityTimeout: ${self:custom.visibility}
          DelaySeconds: "5"
          Tags: [{Key: a, Value: b}]
          KmsMasterKeyId: !Ref Key
          RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
      Dead: {Type: AWS::SQS::Queue, Properties: {RedriveAllowPolicy: {redrivePermission: allowAll}}}
  - Resources:
      Line: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, ContentBasedDeduplication: true}}
      Plain: {Type: AWS::SQS::Queue, Properties: {FifoQueue: false}}
      Elsewhere: {Type: AWS::SQS::Queue, Condition: Never}
      Topic: {Type: AWS::SNS::Topic}
    Conditions: {Never: !Not [!Equals [a, a]]}
custom: {visibility: 45}
"""
    )
    reading = read(tmp_path, text)
    assert {queue.name: queue.attributes for queue in reading.definition.queues} == {
        "Work": {
            "VisibilityTimeout": "45",
            "DelaySeconds": "5",
            "RedrivePolicy": '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:Dead","maxReceiveCount":3}',
        },
        "Dead": {"RedriveAllowPolicy": '{"redrivePermission":"allowAll"}'},
        "Line.fifo": {"FifoQueue": "true", "ContentBasedDeduplication": "true"},
        "Plain": {},
    }
    assert reading.problems == ()


def test_queues_that_only_arns_name_exist_too_in_the_account_that_the_arns_name(tmp_path: Path) -> None:
    policy = f"{{deadLetterTargetArn: '{ARN}:dead', maxReceiveCount: 2}}"
    queue = f"{{Type: AWS::SQS::Queue, Properties: {{RedrivePolicy: {policy}}}}}"
    text = event(f"arn: {ARN}:other") + f"resources: {{Resources: {{Q: {queue}}}}}\n"
    reading = read(tmp_path, text)
    assert sorted(queue.name for queue in reading.definition.queues) == ["Q", "dead", "other"]
    assert reading.definition.account_id == "123456789012"
    assert read(tmp_path, text, account_id="999999999999").definition.account_id == "999999999999"
