"""The steps of which a history of a queue is made, and how often each comes.

Hypothesis's own rule-based machines leave out most rules in most runs. A history here has all of them, because little
happens in a queue to which nobody sends, or from which nobody claims.
"""

from dataclasses import dataclass
from itertools import chain

from hypothesis import strategies as st

from karin.sqs.fifo import content_deduplication_id
from karin.store.messages import Verdict

SOURCE, DEAD_LETTERS = 0, 1  # the two queues of a history


@dataclass(frozen=True)
class Start:
    """What both queues begin with, in seconds; delay and limit of receives are the source's alone."""

    visibility: int
    retention: int
    delay: int
    limit: int | None
    groups: tuple[str | None, ...]
    is_by_content: bool
    is_by_group: bool


@dataclass(frozen=True)
class New:
    """A message to be sent; only FIFO queues look at ``body`` and ``deduplication_id``, without which it is unique."""

    group: int  # its place among the groups
    delay_ms: int | None
    body: str | None
    deduplication_id: str | None


@dataclass(frozen=True)
class Send:
    """Send new messages in one command."""

    which: int
    batch: tuple[New, ...]


@dataclass(frozen=True)
class SendAgain:
    """Send some of the last messages once more, under their ids, in one command."""

    which: int
    ages: tuple[int, ...]


@dataclass(frozen=True)
class LetTimePass:
    """Turn the clock."""

    ms: int


@dataclass(frozen=True)
class WaitUntilOver:
    """Turn the clock to when a message's retention is over, or just before."""

    which: int
    early_ms: int


@dataclass(frozen=True)
class Change:
    """Change an attribute of a queue; a limit is that of the redrive policy."""

    which: int
    name: str
    value: int | None


@dataclass(frozen=True)
class Claim:
    """Claim messages; ``late_ms`` after the queue is due, which may be some time from now, or at once."""

    which: int
    late_ms: int | None
    most: int
    visibility_ms: int | None
    floor_ms: int
    counts: bool
    at_most_one: bool
    attempt_id: str


@dataclass(frozen=True)
class Said:
    """A verdict on a message of one of the last claims."""

    age: int
    place: int
    verdict: Verdict
    pause_ms: int


@dataclass(frozen=True)
class Settle:
    """Settle some of what the last claims took, each as it is said, in one command for each queue."""

    said: tuple[Said, ...]


@dataclass(frozen=True)
class SettleAll:
    """Settle all that one of the last claims took alike, perhaps twice, in one command each time."""

    age: int
    verdicts: tuple[tuple[Verdict, int], ...]  # each with its pause in ms


@dataclass(frozen=True)
class MoveDead:
    """Send what was found dead to the dead-letter queue, and delete it in its own unless killed before."""

    is_killed: bool


@dataclass(frozen=True)
class Purge:
    """Purge a queue."""

    which: int


Step = Send | SendAgain | LetTimePass | WaitUntilOver | Change | Claim | Settle | SettleAll | MoveDead | Purge

_either = st.sampled_from([SOURCE, SOURCE, SOURCE, DEAD_LETTERS])
_visibilities = st.sampled_from([0, 1, 5, 30])
_retentions = st.sampled_from([60, 600, 345_600, 345_600])
_delays = st.sampled_from([0, 0, 3, 60])
_limits = st.sampled_from([None, 1, 1, 2])
_verdicts = st.sampled_from([*Verdict, Verdict.RETRY, Verdict.RETRY, Verdict.EXTEND])
_pauses_ms = st.sampled_from([-5_000, 0, 0, 1, 700, 30_000])

starts = st.builds(
    Start,
    visibility=_visibilities,
    retention=_retentions,
    delay=_delays,
    limit=_limits,
    groups=st.sampled_from([(None,), ("a", "b"), (None, "a", "b", "c")]),
    is_by_content=st.booleans(),
    is_by_group=st.booleans(),
)

_unique = st.builds(
    New,
    group=st.integers(0, 3),
    delay_ms=st.sampled_from([None, 0, 0, 0, 1, 999, 15_000, 60_000, 90_000]),
    body=st.none(),
    deduplication_id=st.none(),
)
_repeatable = st.builds(
    New,
    group=st.integers(0, 3),
    delay_ms=st.just(0),
    body=st.sampled_from(["same", "other"]),
    deduplication_id=st.sampled_from([None, "x", "y", content_deduplication_id("same")]),
)

_sends = st.builds(
    Send,
    which=_either,
    batch=st.lists(_unique, min_size=2, max_size=6).map(tuple) | st.lists(_repeatable, max_size=2).map(tuple),
)
_sends_again = st.builds(SendAgain, which=_either, ages=st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple))
_passing = st.builds(
    LetTimePass, ms=st.sampled_from([1, 1, 500, 999, 1_000, 5_000, 29_999, 30_000, 60_000, 299_999, 300_000])
)
_over = st.builds(WaitUntilOver, which=_either, early_ms=st.sampled_from([0, 1]))
_changes = st.one_of(
    *(
        st.builds(Change, which=_either, name=st.just(name), value=values)
        for name, values in (
            ("VisibilityTimeout", _visibilities),
            ("MessageRetentionPeriod", _retentions),
            ("DelaySeconds", _delays),
            ("RedrivePolicy", _limits),
        )
    )
)
_claims = st.builds(
    Claim,
    which=_either,
    late_ms=st.sampled_from([None, 0, 0, None, -1, 1]),
    most=st.sampled_from([1, 2, 3, 6]),
    visibility_ms=st.sampled_from([None, None, None, 0, 1, 5_000, 400_000]),
    floor_ms=st.sampled_from([0, 0, 0, 2, 20_000]),
    counts=st.sampled_from([True, True, True, False]),
    at_most_one=st.sampled_from([False, False, False, True]),
    attempt_id=st.sampled_from(["", "x", "y"]),
)
_said = st.builds(Said, age=st.integers(1, 4), place=st.integers(0, 3), verdict=_verdicts, pause_ms=_pauses_ms)
_settles = st.builds(Settle, said=st.lists(_said, min_size=1, max_size=4).map(tuple))
_settles_all = st.builds(
    SettleAll,
    age=st.sampled_from([1, 1, 1, 2, 3]),
    verdicts=st.lists(st.tuples(_verdicts, _pauses_ms), min_size=1, max_size=2).map(tuple),
)
_moves = st.builds(MoveDead, is_killed=st.booleans())
_purges = st.builds(Purge, which=_either)

_weights: list[tuple[st.SearchStrategy[Step], int]] = [
    (_claims, 12),
    (_sends, 8),
    (_settles, 5),
    (_settles_all, 5),
    (_passing, 3),
    (_over, 1),
    (_moves, 3),
    (_sends_again, 2),
    (_changes, 2),
    (_purges, 1),
]
_kinds = st.sampled_from([kind for kind, weight in _weights for _ in range(weight)])

_few = st.lists(_kinds.flatmap(lambda kind: kind), max_size=12)

# A list without a least length is short, five steps or so, and one with it does not shrink below: so it is many lists.
histories = st.tuples(*[_few] * 8).map(lambda lists: [*chain.from_iterable(lists)])
