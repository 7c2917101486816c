"""The budget in sentences, for the log, the command line, the terminal UI and the doctor."""

from datetime import UTC, datetime

from karin.budget.levels import Level, Outlook

GIVEN_UP = {
    Level.TUI: "karin-tui reads only when asked",
    Level.METRICS: "metrics learn nothing new of queues",
    Level.HEALTH: "/healthz asks the store once in five minutes",
    Level.SWEEP: "every other sweep and regular syncs are left out",
}
DELIVERED = "messages are taken and delivered as ever"


def budget(outlook: Outlook) -> str:
    """Return all of it in a line."""
    source = " (as the store told when it refused)" if outlook.is_told else ""
    return (
        f"{outlook.spent:,} of {outlook.commands_a_day:,} commands{source} spent here since 00:00 UTC,"
        f" {outlook.left:,} left; {lasts(outlook)}; {given_up(outlook)}"
    )


def lasts(outlook: Outlook) -> str:
    """Return how long they are enough."""
    if outlook.is_refused:
        return "the store refuses: its plan is used up"
    if not outlook.left:
        return "nothing is left until 00:00 UTC"
    if outlook.empty_at_ms is None:
        return "enough until 00:00 UTC at this pace"
    return f"enough until {datetime.fromtimestamp(outlook.empty_at_ms / 1000, UTC):%H:%M} UTC at this pace"


def given_up(outlook: Outlook) -> str:
    """Return what is given up now."""
    return (
        f"given up: {', '.join(GIVEN_UP[level] for level in outlook.given_up)}"
        if outlook.level
        else "nothing is given up"
    )


def change(outlook: Outlook) -> str:
    """Return what a new level means, as the log tells it."""
    state = f"{outlook.spent:,} of {outlook.commands_a_day:,} Redis commands of this UTC day are spent"
    if not outlook.level:
        return f"{state}: nothing is given up any more"
    return f"{state}, {given_up(outlook)}; {DELIVERED}"
