"""Writes docs/compatibility.md from the code and from compatibility.toml: ``make docs``.

With ``--check`` it writes nothing, and fails when the page is not what it would write.
"""

import ast
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import botocore.session

from karin.operations import receiving
from karin.sqs import errors, limits
from karin.sqs.queue_attributes import FIFO_DEFAULTS, READ_ONLY, SETTABLE, STANDARD_DEFAULTS
from karin.wsgi import endpoint, query_protocol
from karin.wsgi.actions import ACTIONS

HERE = Path(__file__).parent
PAGE = HERE / "compatibility.md"
FACTS = HERE / "compatibility.toml"
INTRODUCTION = """\
# What karin has of SQS

This page is made by `make docs` from the code and from [compatibility.toml](compatibility.toml); a test fails when it
is out of date, and another counts the Redis commands of every action."""


def page() -> str:
    """Return the page as it should be."""
    facts: dict[str, Any] = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    sections = [
        INTRODUCTION,
        "## Actions",
        "A request costs as many Redis commands as stand here, once the endpoint is connected and knows its account.",
        _actions(facts["actions"]),
        "## Queue attributes",
        "Values are text; `-` is absent. What the ranges are stands under the limits.",
        _queue_attributes(),
        "## Limits",
        _limits(),
        "## Errors",
        "Others of the SQS API never occur. Texts are AWS's own where they are known.",
        _errors(),
        "## Where karin differs from AWS",
    ]
    for group in facts["differences"]:
        sections += [f"### {group['title']}", "\n".join(f"- {entry}" for entry in group["entries"])]
    return "\n\n".join(sections) + "\n"


def _actions(facts: dict[str, Any]) -> str:
    known = botocore.session.Session().get_service_model("sqs").operation_names
    if unknown := set(facts) ^ set(known):
        raise SystemExit(f"{FACTS.name}: SQS has no action, or the file lacks one: {', '.join(sorted(unknown))}")
    rows = []
    for action in sorted(known):
        served = "yes" if action in ACTIONS else "no"
        more = facts[action].get("more")
        cost = f"{facts[action]['commands']}{f'; {more}' if more else ''}"
        rows.append([action, served, served, cost, facts[action]["notes"]])
    return _table(["Action", "JSON", "Query", "Redis commands", "Notes"], rows)


def _queue_attributes() -> str:
    rows = [[name, "yes", STANDARD_DEFAULTS.get(name, "-"), FIFO_DEFAULTS.get(name, "-")] for name in SETTABLE]
    rows += [[name, "no", "-", "-"] for name in READ_ONLY]
    return _table(["Attribute", "Can be set", "Default", "Default of a FIFO queue"], rows)


def _limits() -> str:
    rows = [
        [_words(name), _value(getattr(limits, name)), comment] for name, comment in _constants(Path(limits.__file__))
    ]
    rows += [
        ["request body bytes", _value(endpoint.MOST_BODY_BYTES), "in either protocol"],
        ["query parameters", _value(query_protocol.MOST_PARAMETERS), "of the URL, and of the form"],
        ["received bytes", _value(receiving.MOST_BYTES), "of one ReceiveMessage, as they are stored"],
    ]
    return _table(["Limit", "Value", ""], rows)


def _constants(source: Path) -> Iterator[tuple[str, str]]:
    """Yield the constants of a module in their order, each with the comment behind it."""
    with source.open("rb") as lines:
        comments = {
            token.start[0]: token.string.lstrip("# ")
            for token in tokenize.tokenize(lines.readline)
            if token.type == tokenize.COMMENT
        }
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, comments.get(statement.lineno, "")


def _words(name: str) -> str:
    return name.lower().replace("_", " ").replace(" ms", " in ms").replace("kms", "KMS")


def _value(value: int | tuple[int, int]) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value[0]:,} to {value[1]:,}"


def _errors() -> str:
    kinds = [
        found
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, errors.SqsError) and found is not errors.SqsError
    ]
    rows = [
        [f"`{kind.namespace}#{kind.shape}`", f"`{kind.code}`", str(kind.status), (kind.__doc__ or "").split("\n")[0]]
        for kind in kinds
    ]
    return _table(["JSON `__type`", "Query code", "Status", "When"], rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str]) -> None:
    """Write the page, or check it."""
    made = page()
    if list(arguments) != ["--check"]:
        PAGE.write_text(made, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != made:
        raise SystemExit(f"{PAGE.name} is not what the code says: run `make docs`")


if __name__ == "__main__":
    main(sys.argv[1:])
