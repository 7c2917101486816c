"""The journal of functions that may be killed at any moment."""

from pathlib import Path

from tests.chaos.ledger import Ledger
from tests.chaos.runtimes import Journal


def test_a_journal_is_read_as_it_grows_and_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    path, ledger = tmp_path / "journal", Ledger()
    journal = Journal(path, ledger)
    begun = '{"call": "%s", "at_ms": %d, "queue": "plain", "messages": [["%s", "body", 5, 6]]}'
    path.write_text(f"\n{begun % ('one', 10, 'a')}\n\n{begun % ('two', 11, 'b')}\n\n" + '{"call": "cut", "at_ms"')
    journal.read()
    with path.open("a") as file:
        file.write('\n{"call": "two", "at_ms": 20}\n\n{"call": "cut", "at_ms": 21}\n')
    journal.read()
    journal.read()
    assert [(one.message_id, one.at_ms, one.answered_at_ms, one.is_done) for one in ledger.deliveries] == [
        ("a", 10, None, False),
        ("b", 11, 20, True),
    ]
    assert ledger.has_seen("b")
