"""The functions of a serverless.yml, as a local definition has them."""

from pathlib import Path

import pytest

from karin.local.definition import Cors, FunctionUrl
from tests.local.reading import ENDPOINT, function_of, read
from tests.local.serverless_files import HEAD, ONE


def test_a_functions_defaults_are_the_frameworks(tmp_path: Path) -> None:
    found = function_of(read(tmp_path, ONE), "shop-dev-mail")
    assert (found.runtime, found.handler, found.code) == ("python3.11", "mail.send", str(tmp_path))
    assert (found.timeout_seconds, found.memory_mb, found.url, found.environment) == (6, 1024, None, {})


def test_a_functions_own_settings_win_over_the_providers(tmp_path: Path) -> None:
    text = """
service: {name: shop}
provider: {name: aws, timeout: 20, memorySize: 256, environment: {A: provider, B: provider, C: gone}}
functions:
  mail: {handler: src/deep.send, runtime: python3.12, name: own-name, timeout: 30, environment: {A: 1, C: ~, D: true}}
  order: {handler: order.handler}
"""
    reading = read(tmp_path, text)
    mail, order = function_of(reading, "own-name"), function_of(reading, "shop-dev-order")
    assert (mail.timeout_seconds, mail.memory_mb) == (30, 256)
    assert mail.environment == {"A": "1", "B": "provider", "D": "true"}
    assert (order.runtime, order.timeout_seconds) == ("nodejs20.x", 20)
    assert reading.problems == ()


def test_the_stage_is_part_of_names_and_may_be_chosen(tmp_path: Path) -> None:
    assert read(tmp_path, ONE, stage="prod").definition.functions[0].name == "shop-prod-mail"
    assert read(tmp_path, ONE, stage="prod").title == "shop, stage prod"


def test_a_variable_that_is_set_here_needs_no_value_in_the_file(tmp_path: Path) -> None:
    given = "{DB: '${ssm:/db}', AWS_ENDPOINT_URL_SQS: '${param:karin}', KEY: '${ssm:/key}'}"
    reading = read(tmp_path, f"{ONE}    environment: {given}\n", environ={"DB": "here"})
    assert [line.partition(": ")[0] for line in reading.problems] == ["serverless.yml:6 functions.mail.environment.KEY"]
    assert function_of(reading, "shop-dev-mail").environment == {}


def test_environment_variables_lead_to_this_machines_queues(tmp_path: Path) -> None:
    text = (
        ONE
        + """
    environment:
      URL: !Ref Mails
      ARN: !GetAtt Mails.Arn
      NAME: !GetAtt Mails.QueueName
      ON_AWS: !Sub "https://sqs.${AWS::Region}.amazonaws.com/${AWS::AccountId}/mails"
      TABLE: !Ref Users
      FUNCTION: !Ref MailLambdaFunction
      STACK: ${AWS::StackName}
resources:
  Resources:
    Mails: {Type: AWS::SQS::Queue, Properties: {QueueName: mails}}
    Users: {Type: AWS::DynamoDB::Table, Properties: {TableName: "users-${sls:stage}"}}
"""
    )
    reading = read(tmp_path, text)
    assert reading.problems == ()
    assert function_of(reading, "shop-dev-mail").environment == {
        "URL": f"{ENDPOINT}/000000000000/mails",
        "ARN": "arn:aws:sqs:eu-west-1:000000000000:mails",
        "NAME": "mails",
        "ON_AWS": f"{ENDPOINT}/000000000000/mails",
        "TABLE": "users-dev",
        "FUNCTION": "shop-dev-mail",
        "STACK": "shop-dev",
    }


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("true", FunctionUrl()),
        ("false", None),
        ("{authorizer: aws_iam}", FunctionUrl(auth_type="AWS_IAM")),
        ("{cors: true}", FunctionUrl(cors=Cors())),
        (
            "{cors: {allowedOrigins: [a, b], allowedMethods: [GET], allowCredentials: true}}",
            FunctionUrl(cors=Cors(origins=("a", "b"), methods=("GET",), credentials=True)),
        ),
    ],
)
def test_a_function_may_have_a_url(tmp_path: Path, written: str, url: FunctionUrl | None) -> None:
    assert function_of(read(tmp_path, f"{ONE}    url: {written}\n"), "shop-dev-mail").url == url


def test_functions_may_be_a_list_of_parts(tmp_path: Path) -> None:
    (tmp_path / "functions.yml").write_text("order: {handler: order.handler, runtime: nodejs22.x}")
    text = HEAD + "functions:\n  - mail: {handler: mail.send}\n  - ${file(functions.yml)}\n"
    reading = read(tmp_path, text)
    assert [function.name for function in reading.definition.functions] == ["shop-dev-mail", "shop-dev-order"]
    assert tmp_path / "functions.yml" in reading.files
