"""SAM templates as local definitions, and which file a path means."""

from pathlib import Path

import pytest

from karin.local.definition import DefinitionError, FunctionUrl, QueueMapping
from karin.local.project.reading import find_file
from tests.local.reading import ENDPOINT, function_of, mapping_of, read, write

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Secret: {Type: "AWS::SSM::Parameter::Value<String>", Default: /secret}
Conditions:
  IsProduction: !Or [!Equals [!Ref Stage, production], !And [!Equals [a, b], !Condition IsProduction]]
Globals:
  Function:
    Runtime: python3.11
    Timeout: 20
    CodeUri: src
    Environment: {Variables: {A: all, B: all}}
Resources:
  Mailer:
    Type: AWS::Serverless::Function
    Properties:
      Handler: deep.send
      MemorySize: 512
      Environment: {Variables: {B: !Select [1, !Ref Names], QUEUE: !Ref Mails, STACK: !Ref AWS::StackName}}
      FunctionUrlConfig: {AuthType: AWS_IAM, Cors: {AllowOrigins: ["*"]}}
      Events:
        Mails:
          Type: SQS
          Properties:
            Queue: !GetAtt Mails.Arn
            BatchSize: 20
            MaximumBatchingWindowInSeconds: 5
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: 4}
            FilterCriteria: {Filters: [{Pattern: '{"body": {"a": [1]}}'}]}
            Enabled: !If [IsProduction, true, false]
        Hourly: {Type: Schedule}
  Lister:
    Type: AWS::Serverless::Function
    Properties:
      {FunctionName: !Sub "lister-${Stage}", CodeUri: ., Handler: order.handler, Runtime: nodejs20.x, Timeout: 3}
  ListerMapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Mails.Arn, FunctionName: !GetAtt Lister.Arn, BatchSize: 3}
  OnlyInProduction: {Type: AWS::Serverless::Function, Condition: IsProduction, Properties: {Handler: nowhere.x}}
  Mails:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Join ["-", [mails, !Ref Stage]], VisibilityTimeout: !If [IsProduction, 600, 60]}
"""


def test_a_template_is_read_with_its_globals_parameters_and_conditions(tmp_path: Path) -> None:
    reading = read(tmp_path, TEMPLATE, "template.yaml", params={"Names": "x,y"})
    assert reading.problems == ()
    assert reading.ignored == ("Schedule events",)
    mailer, lister = function_of(reading, "Mailer"), function_of(reading, "lister-dev")
    assert (mailer.code, mailer.handler, mailer.timeout_seconds) == (str(tmp_path / "src"), "deep.send", 20)
    assert (mailer.memory_mb, lister.memory_mb, lister.timeout_seconds) == (512, 128, 3)
    assert mailer.environment == {
        "A": "all",
        "B": "y",
        "QUEUE": f"{ENDPOINT}/000000000000/mails-dev",
        "STACK": tmp_path.name,
    }
    assert mailer.url is not None
    assert mailer.url.auth_type == "AWS_IAM"
    assert (lister.code, lister.environment, lister.url) == (str(tmp_path), {"A": "all", "B": "all"}, None)
    (queue,) = reading.definition.queues
    assert (queue.name, queue.attributes) == ("mails-dev", {"VisibilityTimeout": "60"})
    first, second = reading.definition.mappings
    assert (first.function, first.batch_size, first.window_seconds, first.max_concurrency) == ("Mailer", 20, 5, 4)
    assert (first.function_response_types, first.filters) == (("ReportBatchItemFailures",), ('{"body": {"a": [1]}}',))
    assert (second.function, second.queue, second.batch_size) == ("lister-dev", "mails-dev", 3)
    assert (first.enabled, second.enabled) == (False, False)


def test_parameters_and_region_may_be_given(tmp_path: Path) -> None:
    reading = read(tmp_path, TEMPLATE, "template.yaml", params={"Stage": "two"}, region="eu-north-1")
    assert [queue.name for queue in reading.definition.queues] == ["mails-two"]
    assert reading.definition.region == "eu-north-1"
    reading = read(tmp_path, TEMPLATE, "template.yaml", environ={"AWS_REGION": "us-west-1"})
    assert reading.definition.region == "us-west-1"


def one(properties: str, more: str = "") -> str:
    return f"Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {{{properties}}}\n{more}"


GOOD = "Handler: mail.x, Runtime: python3.11"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (one("Handler: mail.x"), "Resources.F.Properties: it has no Runtime"),
        (one("InlineCode: x"), ("Resources.F.Properties: karin dev does not run InlineCode:"
            " write it to a file and give CodeUri and Handler")),
        (one("PackageType: Image"), ("Resources.F.Properties: karin dev does not run container images:"
            " give the function a Handler and a Runtime")),
        (one(f"{GOOD}, CodeUri: s3://a/b"), ("Resources.F.Properties: its code lies in S3:"
            " give CodeUri a folder")),
        (one(f"{GOOD}, CodeUri: built"), ("Resources.F.Properties: there is no folder {folder}/built:"
            " build it first, or mend the path")),
        (one(f"{GOOD}, Timeout: 901"), ("Resources.F.Properties.Timeout:"
            " 901 is not a whole number from 1 to 900")),
        (one(f"{GOOD}, Environment: {{Variables: {{K: !Ref P}}}}", "Parameters: {P: {Type: String}}\n"),
            ("Resources.F.Properties.Environment.Variables.K: parameter P has no Default:"
            " say --param P=VALUE; `export K=VALUE` sets it here")),
        (one(f"{GOOD}, Events: {{E: {{Type: SQS, Properties: {{Queue: !GetAtt F.Arn}}}}}}"),
            ("Resources.F.Properties.Events.E.Properties: arn:aws:lambda:us-east-1:000000000000:function:F"
            " is not the ARN of an SQS queue")),
        (one(f"{GOOD}, Events: {{E: {{Type: SQS, Properties: {{Queue: !Ref Q}}}}}}"),
            "Resources.F.Properties.Events.E.Properties: there is no resource Q"),
        (one(GOOD, "  M: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: other}}\n"),
            "Resources.M.Properties: it calls other, which is none of the functions that karin dev runs"),
        (one(f"{GOOD}, FunctionName: !Sub '${{X}}'"),
            "Resources.F.Properties.FunctionName: there is no resource X"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line_with_its_place_and_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = read(tmp_path, text, "template.yaml").problems
    assert problem.partition(" ")[2] == said.replace("{folder}", str(tmp_path))


def test_a_url_of_a_function_may_be_open(tmp_path: Path) -> None:
    reading = read(tmp_path, one(f"{GOOD}, FunctionUrlConfig: {{AuthType: NONE}}"), "template.yaml")
    assert function_of(reading, "F").url == FunctionUrl()


def test_a_queue_of_another_stack_is_named_by_a_parameter(tmp_path: Path) -> None:
    event = "Events: {E: {Type: SQS, Properties: {Queue: !Ref Arn}}}"
    text = one(f"{GOOD}, {event}", "Parameters: {Arn: {Type: String}}\n")
    reading = read(tmp_path, text, "template.yaml", params={"Arn": "arn:aws:sqs:us-east-1:111122223333:there"})
    assert mapping_of(reading).queue == "there"


NO_VALUE = "!If [IsProd, 5, !Ref 'AWS::NoValue']"


def test_properties_of_a_mapping_may_be_left_out_by_a_condition(tmp_path: Path) -> None:
    properties = (
        f"Queue: !GetAtt Q.Arn, BatchSize: {NO_VALUE}, MaximumBatchingWindowInSeconds: {NO_VALUE},"
        f" ScalingConfig: {{MaximumConcurrency: {NO_VALUE}}}, FunctionResponseTypes: {NO_VALUE}"
    )
    text = one(
        f"{GOOD}, Timeout: {NO_VALUE}, Events: {{E: {{Type: SQS, Properties: {{{properties}}}}}}}",
        "  Q: {Type: AWS::SQS::Queue}\nConditions: {IsProd: !Equals [a, b]}\n",
    )
    reading = read(tmp_path, text, "template.yaml")
    assert reading.problems == ()
    assert mapping_of(reading) == QueueMapping(queue="Q", function="F")


def test_a_region_that_is_none_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r": there is no region Ireland: correct it, or say --region$"):
        read(tmp_path, one(GOOD), "template.yaml", region="Ireland")


def test_a_folder_means_the_file_in_it(tmp_path: Path) -> None:
    write(tmp_path, {"template.yaml": "Resources: {}", "serverless.yml": "service: a"})
    assert find_file(tmp_path) == tmp_path / "serverless.yml"
    (tmp_path / "serverless.yml").unlink()
    assert find_file(tmp_path) == tmp_path / "template.yaml"


@pytest.mark.parametrize(
    ("files", "path", "said"),
    [
        ({}, ".", "there is neither serverless.yml nor template.yaml: name the file"),
        ({}, "serverless.yml", "there is no such file"),
        ({"serverless.ts": ""}, ".", "is a program, which karin dev does not run: `serverless print"),
        ({"serverless.yml": ""}, ".", "is neither a serverless.yml nor a SAM template"),
        ({"serverless.yml": "a: 1"}, ".", "is neither a serverless.yml (it has no service) nor a template"),
    ],
)
def test_a_path_that_means_nothing_is_told_why(tmp_path: Path, files: dict[str, str], path: str, said: str) -> None:
    write(tmp_path, files)
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, files["serverless.yml"]) if "serverless.yml" in files else find_file(tmp_path / path)
    assert said in str(caught.value)


def test_karins_own_definitions_are_read_as_well(tmp_path: Path) -> None:
    text = '{"functions": [{"name": "a", "runtime": "python3.11", "code": ".", "handler": "mail.x"}]}'
    write(tmp_path, {"own.json": text})
    reading = read(tmp_path, text, "serverless.json")
    assert reading.definition.functions[0].code == str(tmp_path)
