"""docs/compatibility.md tells the truth: it is what the code generates, and actions cost what it says."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.wire.good_requests import ACTIONS, World, flattened, good_request
from tests.wire.monitoring import commands
from tests.wire.raw import Answer, ask_json, ask_query, query
from tests.wire.sdk import Protocol
from tests.wire.worlds import Worlds

DOCS = Path(__file__).parents[2] / "docs"
FACTS: dict[str, Any] = tomllib.loads((DOCS / "compatibility.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("script", ["make_compatibility.py", "make_metrics.py"])
def test_the_page_is_what_the_code_says(script: str) -> None:
    checked = subprocess.run([sys.executable, DOCS / script, "--check"], capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_costs_as_many_commands_as_the_page_tells(
    world: World, worlds: Worlds, raw: redis.Redis, protocol: Protocol, action: str
) -> None:
    answer = send(world.endpoint, protocol, action, good_request(action, world))
    assert answer.status == 200  # the endpoint is connected then, and has loaded its scripts
    raw.flushall()

    parameters = good_request(action, worlds.build(world.endpoint))
    with commands(raw) as seen:
        answer = send(world.endpoint, protocol, action, parameters)

    assert answer.status == 200, answer
    assert len(seen) == FACTS["actions"][action]["commands"], seen


def send(endpoint: str, protocol: Protocol, action: str, parameters: dict[str, Any]) -> Answer:
    """Call an action in a protocol."""
    if protocol == "json":
        return ask_json(endpoint, action, parameters)
    return ask_query(endpoint, query(action) | flattened(action, parameters))
