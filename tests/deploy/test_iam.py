"""deploy/iam-policy.json allows what karin calls, all of it and nothing else."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

ROOT = Path(__file__).parents[2]
SERVICES = ("lambda", "sqs")
NAMED_OTHERWISE = {"lambda:Invoke": "lambda:InvokeFunction"}  # all others are allowed by their own names ...
BATCHES = "Batch"  # ... and a batch by that of the single call


def statements() -> list[dict[str, Any]]:
    """Return what the policy says."""
    policy = json.loads((ROOT / "deploy/iam-policy.json").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = policy["Statement"]
    return found


def listed(one_or_more: str | list[str]) -> list[str]:
    """Return what IAM lets one write without brackets."""
    return [one_or_more] if isinstance(one_or_more, str) else one_or_more


def operations() -> dict[str, str]:
    """Return the operations of both services under both of their spellings, each with its action in IAM."""
    found: dict[str, str] = {}
    session = botocore.session.Session()
    for service in SERVICES:
        for name in session.get_service_model(service).operation_names:
            action = f"{service}:{name.removesuffix(BATCHES)}"
            found[name] = found[xform_name(name)] = NAMED_OTHERWISE.get(action, action)
    return found


def called(path: Path) -> Iterator[str]:
    """Yield what a file calls of a client (``client.list_functions``), or hands on by its name ("ListFunctions")."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_it_allows_what_karin_calls_and_nothing_else() -> None:
    known = operations()
    calls = {known[name] for path in (ROOT / "karin/aws").glob("*.py") for name in called(path) if name in known}
    allowed = [action for statement in statements() for action in listed(statement["Action"])]
    assert sorted(allowed) == sorted(calls)


def test_nothing_else_of_karin_makes_clients_of_aws() -> None:
    makes = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "karin").rglob("*.py"))
        if re.search(r"\bcreate_client\(|\bboto3\.(client|resource|Session)\(", path.read_text(encoding="utf-8"))
    ]
    assert makes == ["karin/aws/clients.py", "karin/cli/demo.py"]  # the demo's is for its own endpoint


@pytest.mark.parametrize("statement", statements(), ids=lambda statement: statement["Sid"])
def test_every_right_is_for_resources_that_it_can_be_limited_to(statement: dict[str, Any]) -> None:
    everywhere = {"lambda:ListFunctions", "lambda:ListEventSourceMappings"}  # AWS knows no resource for these
    actions, resources = set(listed(statement["Action"])), listed(statement["Resource"])
    assert statement["Effect"] == "Allow"
    assert (resources == ["*"]) == (actions <= everywhere)
    services = {resource.split(":")[2] for resource in resources if resource != "*"}
    assert services <= {action.split(":")[0] for action in actions}
