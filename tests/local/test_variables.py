"""The Serverless Framework's variables: where their values come from, and what is said of those that have none."""

from pathlib import Path
from typing import Any

import pytest

from karin.local.project.choices import Choices
from karin.local.project.document import read_document
from karin.local.project.problems import Unresolved
from karin.local.project.variables import Variables
from tests.local.reading import ENDPOINT, write

FILE = """
    service: shop
    custom:
      name: mails
      number: 5
      tree: {dev: {a: 1}, prod: {a: 2}}
      list: [x, {y: z}]
      chain: ${self:custom.name}
      loop: ${self:custom.loop2}
      loop2: ${self:custom.loop}
      empty:
      secret: ${ssm:/secret}
    params:
      default: {p: fallback, only: default}
      dev: {p: "for dev"}
    provider: {name: aws, stage: "${opt:stage, 'dev'}", region: "eu-west-1"}
"""


def variables(folder: Path, text: str = FILE, **choices: Any) -> Variables:
    write(folder, {"serverless.yml": text, ".env": "FROM_FILE=file # a comment\nexport QUOTED='a # b'\n"})
    return Variables(read_document(folder / "serverless.yml"), Choices(ENDPOINT, **choices))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${self:custom.name}", "mails"),
        ("${self:custom.number}", 5),
        ("a-${self:custom.name}-${self:custom.number}-b", "a-mails-5-b"),
        ("${self:custom.tree.${sls:stage}.a}", 1),
        ("${self:custom.tree.dev}", {"a": 1}),
        ("${self:custom.list.0}-${self:custom.list.1.y}", "x-z"),
        ("${self:custom.chain}", "mails"),
        ("${self:service}", "shop"),
        ("${opt:stage}", "dev"),
        ("${opt:stage, 'other'}", "other"),
        ("${opt:name, self:custom.name}", "mails"),
        ("${opt:name, ${self:custom.name}}", "mails"),
        ("${opt:name, 'a, ${self:custom.name}'}", "a, mails"),
        ("${opt:name, 12}", 12),
        ("${opt:name, true}", True),
        ("${self:custom.empty, 'given'}", "given"),
        ("${self:custom.empty, null}", None),
        ("${self:custom.secret, 'local'}", "local"),
        ("${param:p}", "for dev"),
        ("${param:only}", "default"),
        ("${param:given}", "by hand"),
        ("${opt:given}", "option"),
        ("${env:FROM_SHELL}", "shell"),
        ("${env:FROM_FILE}", "file"),
        ("${env:QUOTED}", "a # b"),
        ("${aws:region}/${aws:accountId}", "eu-west-1/123456789012"),
        ("${strToBool(true)}", True),
        ("${strToBool(${env:NOUGHT})}", False),
        ("${AWS::Region} ${Queue.Arn} ${Queue}", "${AWS::Region} ${Queue.Arn} ${Queue}"),
        ("${file(./more.yml):a.b}", "deep"),
        ("${file(more.${sls:stage}.json):n}", 7),
        ("${file(note.txt)}", "a note"),
        ("${file(nowhere.yml):x, 'else'}", "else"),
        ("no variables", "no variables"),
    ],
)
def test_a_variable_has_the_value_of_its_source(tmp_path: Path, text: str, value: object) -> None:
    write(
        tmp_path,
        {"more.yml": "a: {b: '${self:custom.deep, \"deep\"}'}", "more.dev.json": '{"n": 7}', "note.txt": "a note\n"},
    )
    found = variables(
        tmp_path,
        account_id="123456789012",
        params={"given": "by hand"},
        options={"given": "option"},
        environ={"FROM_SHELL": "shell", "NOUGHT": "0"},
    )
    assert found.deep(text) == value
    assert found.deep({"a": [text]}) == {"a": [value]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${self:custom.nothing}", "${self:custom.nothing}: there is no custom.nothing"),
        ("${self:custom.loop}", "${self:custom.loop} refers to itself"),
        ("${opt:name}", "${opt:name}: the option is not given: say --opt name=VALUE"),
        ("${param:q}", "${param:q}: the parameter is not given: say --param q=VALUE"),
        ("${file(nowhere.yml):x}", "${file(nowhere.yml):x}: there is no file {folder}/nowhere.yml"),
        (
            "${file(a.js):x}",
            "${file(a.js):x}: a.js is a program, which karin dev does not run: write its values as YAML or JSON",
        ),
        (
            "${env:NOTHING}",
            "${env:NOTHING}: NOTHING is not in the environment: export it, or write it into {folder}/.env",
        ),
        (
            "${ssm:/a/b}",
            "${ssm:/a/b}: karin dev does not ask this source: give the variable a fallback, ${..., 'value'}",
        ),
        ("a ${self:custom.tree}", "${self:custom.tree} is no text, and stands within one"),
        ("${self:custom.name", "${self:custom.name is not a closed variable: a } is missing"),
        ("${strToBool(maybe)}", "${strToBool(maybe)}: maybe is neither true nor false"),
    ],
)
def test_a_variable_without_a_value_says_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Unresolved) as caught:
        variables(tmp_path).deep(text)
    assert str(caught.value) == said.replace("{folder}", str(tmp_path))


def test_stage_and_region_are_the_command_lines_or_the_files(tmp_path: Path) -> None:
    found = variables(tmp_path)
    assert (found.stage, found.region) == ("dev", "eu-west-1")
    found = variables(tmp_path, stage="prod", region="us-west-2")
    assert (found.stage, found.region) == ("prod", "us-west-2")
    assert found.deep("${self:custom.tree.${opt:stage}.a} ${self:provider.stage} ${param:p}") == "2 prod fallback"
    found = variables(tmp_path, "provider: {stage: '${sls:stage}', region: '${nowhere:x}'}")
    assert (found.stage, found.region) == ("dev", "us-east-1")


def test_the_files_that_were_read_or_missed_are_known(tmp_path: Path) -> None:
    found = variables(tmp_path)
    found.deep("${file(nowhere.yml):x, 1}")
    assert {path.name for path in found.files} == {".env", ".env.dev", "nowhere.yml"}
