"""A line for everything in a serverless.yml that cannot be used."""

from pathlib import Path

import pytest

from tests.local.reading import read
from tests.local.serverless_files import ARN, HEAD, ONE, event


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
