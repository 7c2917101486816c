"""What strangers write raises nothing but what is documented, and takes no long time; few inputs, for every run."""

import pytest

from tests.fuzz import rules, wire
from tests.fuzz.target import Target, fuzz
from tests.fuzz.values import texts

EXAMPLES = 150
TARGETS = (*wire.TARGETS, *rules.TARGETS)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_is_written_is_understood_or_refused(target: Target) -> None:
    assert fuzz(target, EXAMPLES).inputs >= 1


def test_what_is_not_documented_is_found() -> None:
    broken = Target("broken", texts, lambda text: text.index("a"))
    with pytest.raises(ValueError, match="not found"):
        fuzz(broken, EXAMPLES)
