"""What strangers and AWS write raises nothing but what is documented, and takes no long time; few inputs, in every run.

The same inputs in each: ``make fuzz`` gives a million others.
"""

from collections.abc import Iterator

import pytest

from tests.fuzz import doors, rules, wire
from tests.fuzz.stories import STORIES, Stage, Story, staged
from tests.fuzz.target import Target, fuzz
from tests.fuzz.watch import Watch

STRUCTURED, MUTATED, TOLD = 40, 250, 2
TARGETS = (*wire.TARGETS, *rules.TARGETS, *doors.TARGETS)


@pytest.fixture(scope="module")
def shared_stage(private_store_url: str) -> Iterator[Stage]:
    """Open the endpoints that all stories share."""
    with staged(private_store_url) as stage:
        yield stage


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_is_written_is_understood_or_refused(target: Target) -> None:
    assert fuzz(target, STRUCTURED, seed=1).inputs >= 1


@pytest.mark.parametrize("target", [target for target in TARGETS if target.seeds], ids=lambda target: target.name)
def test_whatever_becomes_of_a_good_input_is_understood_or_refused(target: Target) -> None:
    watch = Watch(target.bound_ms)
    for data in (*target.seeds, *(target.mutant(1, number) for number in range(MUTATED))):
        watch.see(lambda data=data: target.give_bytes(data))  # type: ignore[misc]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_no_request_is_a_fault_of_the_server(shared_stage: Stage, store_url: str, story: Story) -> None:
    for number in range(TOLD):
        story.run(shared_stage, 1, number, Watch())
