"""No accepted message is lost: two short runs of what ``make chaos`` runs for longer."""

import pytest

from tests.chaos import report
from tests.chaos.plan import Choices
from tests.chaos.run import Run, run

SECONDS = 5  # of faults; the last lease ends 16 s after them
LONGEST_STOP_MS, LONGEST_PAUSE_MS = 1_500, 500
LEAST_ACCEPTED = 20  # even on a machine that has little time for the senders


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("seed", "is_outside", "first_faults"),
    [
        (316, False, {"kill supervisor", "jump lapse"}),
        (443, True, {"proxy cut", "kill store"}),
    ],
)
def test_no_accepted_message_is_lost_early_changed_out_of_order_or_repeated_without_a_fault(
    seed: int, is_outside: bool, first_faults: set[str]
) -> None:
    choices = Choices(is_outside, longest_stop_ms=LONGEST_STOP_MS, longest_pause_ms=LONGEST_PAUSE_MS)
    ledger, problems = run(Run(seed, SECONDS, choices), print)
    print(*report.lines(ledger), sep="\n")  # for whoever looks why it failed
    assert problems == []
    assert len(ledger.accepted) >= LEAST_ACCEPTED
    assert {window.kind for window in ledger.windows} & first_faults
