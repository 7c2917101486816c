"""The rule by which karin gives way when the commands of a day are short. Pure: no clock, no file, no store.

An even pace reaches all of the budget at midnight, and is always fine. What is ahead of it is borne as well, up to a
line for each thing that can be given up: it begins at midnight at that thing's head start, a share of the budget, and
meets the even pace at the next. Who is beyond a line gives up that thing and all before it; what is left beyond the
last line is for messages alone, which are never given up.
"""

from enum import IntEnum

import msgspec

DAY_MS = 24 * 60 * 60 * 1000
LEAST_PACE_MS = 60_000  # what was spent in less time says nothing of the day
LEEWAY = 0.05  # of the budget, by which a line must be left again: so that levels do not come and go


class Level(IntEnum):
    """What is given up, in this order: each level with all before it. None of it is sending, receiving or delivering.

    The flight recorder is not among it: it is written by the command that settles a batch, and costs none.
    """

    NOTHING = 0
    TUI = 1  # karin-tui reads only when asked
    METRICS = 2  # the sweep does not survey queues for metrics, nor is it repeated for new ones
    HEALTH = 3  # /healthz asks the store once in five minutes
    SWEEP = 4  # every other sweep is left out, and syncs by KARIN_SYNC_INTERVAL are


HEAD_STARTS = {Level.TUI: 0.25, Level.METRICS: 0.4, Level.HEALTH: 0.5, Level.SWEEP: 0.6}


class Outlook(msgspec.Struct, frozen=True):
    """How a day's commands stand at an instant.

    ``is_told`` says that the store told the budget when it refused, and no setting; ``is_refused`` that it refused
    today. ``empty_at_ms`` is when nothing is left at the pace of today, None if that is after midnight.
    """

    commands_a_day: int
    is_told: bool
    spent: int
    level: Level
    empty_at_ms: int | None
    is_refused: bool = False

    @property
    def left(self) -> int:
        """Return how many commands are left today."""
        return max(0, self.commands_a_day - self.spent)

    @property
    def given_up(self) -> tuple[Level, ...]:
        """Return what is given up now."""
        return tuple(level for level in Level if Level.NOTHING < level <= self.level)


def next_level(before: Level, commands_a_day: int, spent: int, now_ms: int) -> Level:
    """Return the level after another: it rises at the lines, and falls only when they are LEEWAY away."""
    share, day_share = spent / commands_a_day, now_ms % DAY_MS / DAY_MS
    risen = _beyond(share, day_share, 0)
    return max(risen, min(before, _beyond(share, day_share, LEEWAY)))


def empty_at_ms(commands_a_day: int, spent: int, since_ms: int, now_ms: int) -> int | None:
    """Return when nothing is left at the pace since an instant of this day; None if that is not before midnight."""
    passed_ms = now_ms - since_ms
    if spent >= commands_a_day:
        return now_ms
    if not spent or passed_ms < LEAST_PACE_MS:
        return None
    at_ms = now_ms + (commands_a_day - spent) * passed_ms // spent
    return at_ms if at_ms // DAY_MS == now_ms // DAY_MS else None


def _beyond(share: float, day_share: float, leeway: float) -> Level:
    """Return the last level beyond whose line a share of the budget is."""
    beyond = Level.NOTHING
    for level, head_start in HEAD_STARTS.items():
        begin = head_start - leeway
        if share >= begin + (1 - begin) * day_share:
            beyond = level
    return beyond
