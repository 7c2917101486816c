"""The checker finds what it is there to find: each broken promise, in a ledger that is otherwise in order."""

from dataclasses import replace

import pytest

from tests.chaos import checker
from tests.chaos.ledger import Accepted, Intent, Ledger, Setting, Wall, Window

START_MS = 1_000_000.0
FIFO, STANDARD = "orders.fifo", "plain"


class Story:
    """Tells a ledger what happened, in seconds from the start."""

    def __init__(self) -> None:
        self.ledger = Ledger()

    def accepted(self, name: str, at: float, *, queue: str = STANDARD, group: str = "", delay: int = 0) -> None:
        """A message, named by its number, was accepted."""
        intent = Intent(queue, group, int(name), delay * 1000, f"body {name}")
        self.ledger.intend(intent)
        at_ms = START_MS + at * 1000
        self.ledger.accept(Accepted(name, intent, at_ms, at_ms + 5))

    def delivered(
        self, at: float, *names: str, queue: str = STANDARD, done: bool = True, told: tuple[float, float] | None = None
    ) -> None:
        """A function was called, and answered at once; ``told`` is when karin says that it was sent and received."""
        at_ms = START_MS + at * 1000
        sent_ms, received_ms = (int(START_MS + seconds * 1000) for seconds in told or (0, at))
        for one in self.ledger.deliver(queue, [(name, f"body {name}", sent_ms, received_ms) for name in names]):
            one.at_ms, one.answered_at_ms, one.is_done = at_ms, at_ms + 5, done

    def fault(self, kind: str, since: float, until: float, log_tail: bytes = b"") -> None:
        """A fault came and went."""
        since_ms, until_ms = START_MS + since * 1000, START_MS + until * 1000
        window = Window(kind, since_ms, until_ms, until_ms, log_tail=log_tail)
        if kind == checker.STORE_KILLED:
            window.killed_at_ms = since_ms
        self.ledger.windows.append(window)

    def clock_set(self, at: float, seconds: float) -> None:
        """karin's clock was set, and is off by so many seconds from then on."""
        at_ms = START_MS + at * 1000
        self.ledger.wall.settings.append(Setting(at_ms - 1, at_ms, seconds * 1000))
        self.fault("jump forward", at, at + 0.1)

    def problems(self) -> list[str]:
        """Return the first word of everything that speaks against the promises."""
        return [line.partition(":")[0] for line in checker.violations(self.ledger)]


@pytest.fixture
def story() -> Story:
    return Story()


def fifo_group(story: Story, *names: str) -> None:
    for name in names:
        story.accepted(name, 0, queue=FIFO, group="a")


def test_what_is_delivered_in_time_or_left_in_a_queue_is_in_order(story: Story) -> None:
    story.accepted("1", 0, delay=2)
    story.accepted("2", 0)
    story.delivered(2, "1")
    story.ledger.left["2"] = "dead"
    assert story.problems() == []
    assert checker.lateness_ms(story.ledger) == [0]


def test_an_accepted_message_that_is_nowhere_is_lost(story: Story) -> None:
    story.accepted("1", 0)
    story.fault("kill scheduler", 0, 1)
    assert story.problems() == ["LOST"]


@pytest.mark.parametrize(
    ("accepted_at", "log_tail", "problems"),
    [
        (9.0, b"", []),  # the kernel did not have it yet
        (9.0, b"HSETNX messages 1 body", ["LOST"]),
        (2.0, b"", ["LOST"]),  # too long ago: it must have been handed over
        (9.0, b"HSETNX messages a-later-one", ["LOST"]),  # the file has no holes
        (10.5, b"", ["LOST"]),  # the store was dead already
    ],
)
def test_a_killed_store_may_forget_only_what_the_kernel_never_had(
    story: Story, accepted_at: float, log_tail: bytes, problems: list[str]
) -> None:
    story.accepted("1", accepted_at)
    story.accepted("2", 9.5)
    story.ledger.accepted["a-later-one"] = story.ledger.accepted.pop("2")
    story.ledger.left["a-later-one"] = STANDARD
    story.fault("kill store", 10, 11, log_tail)
    assert story.problems() == problems
    assert checker.died_with_the_store(story.ledger) == ([] if problems else ["1"])


def test_a_delivery_before_its_due_time_is_early_and_one_within_the_clocks_grain_is_not(story: Story) -> None:
    story.accepted("1", 0, delay=2)
    story.accepted("2", 0, delay=2)
    story.delivered(1.999, "1")
    story.delivered(1.99, "2")
    assert story.problems() == ["EARLY"]


def test_a_body_that_nobody_sent_so_is_changed(story: Story) -> None:
    story.accepted("1", 0)
    story.accepted("2", 0)
    story.delivered(1, "2", queue="work")
    [other] = story.ledger.deliver(STANDARD, [("1", "body 2", int(START_MS), int(START_MS))])
    other.at_ms = START_MS
    story.ledger.deliver(STANDARD, [("3", "a stranger", int(START_MS), int(START_MS))])
    assert story.problems() == ["CHANGED"] * 3


def test_a_message_of_a_group_that_first_comes_after_a_later_one_is_out_of_order(story: Story) -> None:
    fifo_group(story, "1", "2", "3")
    story.fault("kill store", 0, 9)
    story.delivered(1, "1", queue=FIFO)
    story.delivered(2, "3", queue=FIFO)
    story.delivered(3, "2", queue=FIFO)
    assert set(story.problems()) == {"ORDER"}


def test_a_call_that_is_repeated_from_its_first_message_on_is_in_order(story: Story) -> None:
    fifo_group(story, "1", "2", "3")
    story.delivered(1, "1", "2", queue=FIFO, done=False)
    story.delivered(2, "1", "2", "3", queue=FIFO)
    assert story.problems() == []


@pytest.mark.parametrize(
    ("kind", "seconds", "problems"),
    [("kill scheduler", 2, ["ORDER"]), ("kill store", 2, []), ("stop scheduler", 20, [])],
)
def test_a_group_goes_back_only_when_the_store_forgot_or_a_call_outlived_its_lease(
    story: Story, kind: str, seconds: float, problems: list[str]
) -> None:
    fifo_group(story, "1", "2")
    story.delivered(1, "1", queue=FIFO)
    story.delivered(2, "2", queue=FIFO)
    story.fault(kind, 1, 1 + seconds)
    story.delivered(40, "1", queue=FIFO)
    assert story.problems() == problems


def test_only_a_fault_near_its_answer_explains_a_second_delivery_of_what_was_done(story: Story) -> None:
    for name in ("1", "2", "3"):
        story.accepted(name, 0)
    story.delivered(1, "1", done=False)
    story.delivered(1, "2")
    story.delivered(30, "3")
    story.fault("kill scheduler", 30.5, 32)
    story.delivered(46, "1", "2", "3")
    assert story.problems() == ["DUPLICATE"]
    assert len(list(checker.duplicates(story.ledger))) == 3


def test_one_send_to_a_fifo_queue_makes_one_message(story: Story) -> None:
    fifo_group(story, "1")
    story.delivered(1, "1", queue=FIFO)
    story.ledger.deliver(FIFO, [("another id", "body 1", int(START_MS), int(START_MS))])
    assert "COPY" in story.problems()


def test_lateness_counts_what_no_fault_touched(story: Story) -> None:
    story.accepted("1", 0, delay=1)
    story.accepted("2", 0, delay=1)
    story.fault("kill worker", 3, 4)
    story.delivered(1.5, "1")
    story.delivered(3.5, "2")
    assert checker.lateness_ms(story.ledger) == [500]


def test_a_wall_tells_every_offset_of_a_span_how_far_it_was_set_and_when_it_reached_an_instant() -> None:
    wall = Wall([Setting(100, 101, 50), Setting(200, 201, -20)])
    assert wall.offsets_ms(0, 50) == [0]
    assert wall.offsets_ms(101, 150) == [50]
    assert wall.offsets_ms(50, 300) == [0, 50, -20]
    assert wall.set_by_ms(0, 300) == 70
    assert wall.set_by_ms(101, 150) == 0
    assert wall.reached_at_ms(90, 10) == 90
    assert wall.reached_at_ms(120, 10) == 101, "it jumped over it"
    assert wall.reached_at_ms(240, 10) == 190
    assert wall.reached_at_ms(260, 10) == 280, "it was set back before it got there"
    assert wall.reached_at_ms(120, 250) == 250


def test_a_clock_that_is_set_forward_makes_what_waits_early_by_no_more_and_only_for_the_sender(story: Story) -> None:
    story.accepted("1", 0, delay=60)
    story.clock_set(10, 40)
    story.delivered(20, "1", told=(0, 60))
    assert story.problems() == []
    story.accepted("2", 0, delay=60)
    story.delivered(19.9, "2", told=(0, 60))
    assert story.problems() == ["EARLY"]


def test_by_karins_own_word_nothing_is_early_however_its_clock_was_set(story: Story) -> None:
    story.clock_set(1, 3_600)
    story.accepted("1", 2, delay=10)
    story.delivered(12, "1", told=(3_602, 3_612))
    assert story.problems() == []
    story.accepted("2", 2, delay=10)
    story.delivered(12, "2", told=(3_602, 3_611.9))
    assert story.problems() == ["EARLY"]


def test_a_claim_on_its_way_may_have_looked_at_the_clock_before_it_was_set_back(story: Story) -> None:
    story.clock_set(10, -3_600)
    story.accepted("1", 10.1, delay=5)
    story.delivered(10.2, "1", told=(-3_589.9, 9.9))
    assert story.problems() == []
    story.accepted("2", 16, delay=5)
    story.delivered(16.2, "2", told=(-3_584, 9.9))
    assert story.problems() == ["EARLY"]


def test_a_clock_that_is_set_back_makes_what_waits_late_until_it_says_that_it_is_due(story: Story) -> None:
    story.accepted("1", 0, delay=5)
    story.clock_set(1, -1_000)
    story.delivered(1_006, "1")
    assert story.problems() == []
    story.accepted("2", 0, delay=5)
    story.delivered(1_005 + checker.REPAIRED_MS / 1000 + 1, "2")
    assert story.problems() == ["LATE"]


def test_a_fifo_queue_may_take_what_is_sent_again_for_new_when_its_clock_was_set_over_its_memory(story: Story) -> None:
    fifo_group(story, "1")
    story.delivered(1, "1", queue=FIFO)
    story.ledger.deliver(FIFO, [("another id", "body 1", int(START_MS), int(START_MS))])
    accepted = story.ledger.accepted["1"]
    story.ledger.accepted["1"] = replace(accepted, asked_at_ms=START_MS - 10_000)
    assert "COPY" in story.problems()
    story.ledger.wall.settings.append(Setting(START_MS - 5_000, START_MS - 5_000, 300_000))
    assert "COPY" not in story.problems()
