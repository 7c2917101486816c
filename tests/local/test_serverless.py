"""serverless.yml as a local definition, and a line for everything in it that cannot be used."""

import copy
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from karin.local.definition import Cors, DefinitionError, FunctionUrl, load_definition
from karin.local.project.choices import Choices
from karin.local.project.document import read_document
from karin.local.project.reading import find_file, read_project
from tests.local.reading import ENDPOINT, function_of, mapping_of, read

EXAMPLES = Path(__file__).parents[2] / "examples"
HEAD = "service: shop\nprovider: {name: aws, runtime: python3.11, region: eu-west-1}\n"
ONE = HEAD + "functions:\n  mail:\n    handler: mail.send\n"
QUEUE = (
    "resources: {Resources: {Mails: {Type: AWS::SQS::Queue, Properties: {QueueName: mails, VisibilityTimeout: 60}}}}\n"
)
ARN = "arn:aws:sqs:eu-west-1:123456789012"


def event(text: str) -> str:
    """Return a file with one function and one sqs event, written on lines of its own."""
    lines = "".join(f"          {line}\n" for line in text.strip().splitlines())
    return f"{ONE}    events:\n      - sqs:\n{lines}"


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (event("batchSize: 5"), "functions.mail.events[0].sqs: it names no queue: write its ARN as arn"),
        (
            event("arn: !GetAtt Nothing.Arn"),
            "functions.mail.events[0].sqs: there is no resource Nothing",
        ),
        (
            event("arn: !ImportValue other"),
            ("functions.mail.events[0].sqs: other is exported by another stack:"
            " say --import other=VALUE"),
        ),
        (
            event("arn: nonsense"),
            "functions.mail.events[0].sqs: nonsense is not the ARN of an SQS queue",
        ),
        (
            event("arn: !GetAZs a"),
            ("functions.mail.events[0].sqs: Fn::GetAZs works only where it is deployed:"
            " write the value itself"),
        ),
        (
            event(f"arn: {ARN}:a\nbatchSize: many"),
            "functions.mail.events[0].sqs.batchSize: 'many' is not a whole number from 1 to 10000",
        ),
        (
            event(f"arn: {ARN}:a\nbatchSize: 11"),
            ("functions.mail.events[0].sqs.batchSize: AWS refuses 11: without maximumBatchingWindow a"
            " queue gives at most 10 at once; taken as that"),
        ),
        (
            event(f"arn: {ARN}:a.fifo\nmaximumBatchingWindow: 5"),
            ("functions.mail.events[0].sqs.maximumBatchingWindow: AWS refuses it: a FIFO queue has no"
            " batching window; left out"),
        ),
        (
            event(f"arn: {ARN}:a\nfunctionResponseType: All"),
            ("functions.mail.events[0].sqs.functionResponseType: All is no response type:"
            " AWS knows ReportBatchItemFailures alone"),
        ),
        (
            f"{ONE}    events: [{{sqs: '{ARN}:a'}}, {{sqs: '{ARN}:a'}}]\n",
            "functions.mail.events[1].sqs: AWS refuses it: queue a is mapped to this function already",
        ),
        (
            f"{ONE}    timeout: 31\n    events: [{{sqs: '{ARN}:a'}}]\n",
            ("functions.mail.events[0].sqs: AWS refuses it: queue a has a VisibilityTimeout of 30 s,"
            " less than the 31 s that shop-dev-mail may run; raise the one or lower the other"),
        ),
        (
            f"{ONE}    timeout: 1000\n",
            "functions.mail.timeout: 1000 is not a whole number from 1 to 900",
        ),
        (
            f"{ONE}    environment: {{DB: '${{ssm:/db}}'}}\n",
            ("functions.mail.environment.DB: ${ssm:/db}: karin dev does not ask this source:"
            " give the variable a fallback, ${..., 'value'}; `export DB=VALUE` sets it here"),
        ),
        (
            f"{ONE}    environment: {{T: !Ref T}}\nresources: {{Resources: {{T: {{Type: AWS::SNS::Topic}}}}}}\n",
            ("functions.mail.environment.T: the name of T (AWS::SNS::Topic) is known only once it is"
            " deployed: write a value itself; `export T=VALUE` sets it here"),
        ),
        (
            HEAD + "functions: {mail: {handler: mail.send, runtime: ruby3.4}}\n",
            "functions.mail: karin dev runs python*, nodejs* and provided* functions, not ruby3.4",
        ),
        (
            HEAD + "functions: {mail: {image: repository/image}}\n",
            ("functions.mail: karin dev does not run container images:"
            " give the function a handler and a runtime"),
        ),
        (
            HEAD + "functions: {mail: {handler: nowhere.send}}\n",
            "functions.mail.handler: there is no nowhere.py in {folder}",
        ),
        (
            HEAD + "functions: {mail: {handler: send}}\n",
            "functions.mail: 'send' is not written module.function",
        ),
        (
            HEAD + "functions: {mail: {handler: x.main, runtime: nodejs22.x}}\n",
            "functions.mail.handler: there is no x.js, .mjs or .cjs in {folder}",
        ),
        (
            HEAD + "functions: {mail: {handler: bootstrap, runtime: provided.al2023}}\n",
            "functions.mail.handler: there is no executable bootstrap in {folder}: build it first",
        ),
        (HEAD + "functions: {'a b': {handler: mail.send}}\n",
            ("functions.a b.name: shop-dev-a b is no name of a function: use at most 64 letters,"
            " digits, - and _")),
        (HEAD + "functions: nothing\n", "functions: names with values are expected here"),
        (
            ONE.replace("region: eu-west-1", "region: '${env:NOWHERE}'"),
            ("provider.region: ${env:NOWHERE}: NOWHERE is not in the environment: export it, or write it into"
            " {folder}/.env; taken as us-east-1, --region says another"),
        ),
        (
            ONE.replace("name: aws", "name: google"),
            "provider.name: karin dev runs functions of aws, not of google",
        ),
        (
            ONE + "resources: {Resources: {Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 99999}}}}\n",
            ("resources.Resources.Q.Properties.VisibilityTimeout: SQS refuses it:"
            " Invalid value for the parameter VisibilityTimeout."),
        ),
        (
            ONE + "resources: {Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, FifoQueue: true}}}}\n",
            ("resources.Resources.Q.Properties.FifoQueue: the name of a FIFO queue ends with .fifo:"
            " call it q.fifo"),
        ),
        (
            ONE + "resources: {Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: 'a b'}}}}\n",
            ("resources.Resources.Q.Properties.QueueName: a b is no name of a queue:"
            " Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"),
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line_with_its_place_and_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = read(tmp_path, text).problems
    assert problem.partition(" ")[2] == said.replace("{folder}", str(tmp_path))


def test_what_is_wrong_with_one_function_leaves_the_others_alone(tmp_path: Path) -> None:
    text = (
        ONE
        + f"""
    events: [{{sqs: '{ARN}:a'}}]
  broken: {{handler: "${{ssm:/x}}", events: [{{sqs: '{ARN}:b'}}]}}
  order: {{handler: order.handler, runtime: nodejs20.x, events: [{{sqs: !Ref X}}, {{sqs: '{ARN}:c'}}]}}
"""
    )
    reading = read(tmp_path, text)
    assert [function.name for function in reading.definition.functions] == ["shop-dev-mail", "shop-dev-order"]
    assert [mapping.queue for mapping in reading.definition.mappings] == ["a", "c"]
    assert [problem.partition(" ")[0] for problem in reading.problems] == ["serverless.yml:8", "serverless.yml:9"]


def test_what_karin_dev_does_not_run_is_known(tmp_path: Path) -> None:
    text = ONE + "    layers: [x]\n    events: [schedule, {httpApi: '*'}, {httpApi: 'GET /'}]\n"
    assert read(tmp_path, text).ignored == ("layers", "schedule events", "httpApi events")
    (constructs,) = read(tmp_path, ONE + "constructs: {jobs: {type: queue}}\n").ignored
    assert constructs.startswith("constructs (of serverless-lift")


def test_typescript_is_told_from_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "typed.ts").touch()
    (problem,) = read(tmp_path, HEAD + "functions: {a: {handler: typed.main, runtime: nodejs20.x}}\n").problems
    assert problem.endswith("only Node.js from 22.18 on runs it as it is, so compile it otherwise")


ODD_VALUES: list[Any] = [
    None, True, -1, 1.5, "", "x", "\0", "${self:}", "${self:functions}", "${", "${file(~nobody/x.yml)}", {}, [],
    [["a"]], {"a": "b"}, {"Ref": [1]}, {"Ref": "AWS::NoValue"}, {"Fn::GetAtt": [{}, "Arn"]},
    {"Fn::Sub": ["${a}", {"a": {}}]}, {"Fn::Join": ["", {"Ref": "AWS::NoValue"}]}, {"Fn::If": ["C", 1, 2]},
    {"Fn::Select": ["a", [1]]}, {"Fn::Split": ["", 1]}, {"Fn::FindInMap": [1, 2]}, {"Fn::ImportValue": {}},
    {"Fn::Base64": []},
]  # fmt: skip


def places(value: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return where a value has values in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here] * bool(here) + [place for key, inner in items for place in places(inner, (*here, key))]


@pytest.mark.parametrize(("example", "name"), [("serverless", "serverless.json"), ("sam", "template.json")])
def test_no_value_wherever_it_stands_makes_the_reading_fail_otherwise_than_in_a_line(
    tmp_path: Path, example: str, name: str
) -> None:
    shutil.copytree(EXAMPLES / example, tmp_path, dirs_exist_ok=True)
    original = read_document(find_file(tmp_path)).data
    find_file(tmp_path).unlink()
    for index, place in enumerate(places(original)):
        for odd in (ODD_VALUES[index % len(ODD_VALUES)], ODD_VALUES[(7 * index + 3) % len(ODD_VALUES)]):
            data = copy.deepcopy(original)
            inner = data
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = odd
            (tmp_path / name).write_text(json.dumps(data))
            with suppress(DefinitionError):
                reading = read_project(tmp_path / name, Choices(ENDPOINT))
                (tmp_path / "definition.json").write_bytes(msgspec.json.encode(reading.definition))
                assert load_definition(tmp_path / "definition.json") == reading.definition
