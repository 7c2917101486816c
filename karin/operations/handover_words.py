"""What is said of a handover, in either direction, and how the mapping is switched over afterwards."""

from collections.abc import Sequence

from karin.mapping.model import POLLING_STATES, Mapping, Snapshot
from karin.operations.handing_over import HandedOver
from karin.operations.instants import written
from karin.operations.remaining import Remaining
from karin.operations.wording import counted, relative
from karin.sqs.names import QueueId
from karin.sqs.source import Waiting

MOST_REFUSED = 5  # that are named
_WRITTEN_AS = (
    ("serverless.yml", "- sqs: {{arn: ..., enabled: {state}}}"),
    ("SAM", "Enabled: {state}"),
    ("CDK", "new SqsEventSource(queue, {{ enabled: {state} }})"),
    ("Terraform", "enabled = {state}"),
)


def question(here: Remaining, near: int, queue: QueueId, arn: str) -> str:
    """Return what handing over is about to do."""
    later = here.delayed - near
    what = f"Hand {counted(here.ready + near, 'message')} of {queue.name} over to {arn}"
    if here.leased:
        what += f"; {here.leased} in flight {'waits' if here.leased == 1 else 'wait'} for {_its(here.leased)} outcome"
    if later:
        what += f"; {later} {'is' if later == 1 else 'are'} due too late to be sent already"
    paused = " karin is paused for this queue, so that no group is overtaken." if queue.is_fifo else ""
    return f"{what}.{paused} Go on?"


def planned(here: Remaining, near: int, queue: QueueId, arn: str, there: Waiting, now_ms: int) -> list[str]:
    """Return what handing over would do now."""
    later = here.delayed - near
    move = (
        f"would hand over {counted(here.ready + near, 'message')} of {queue.name} to {arn}: {here.ready} due, {near}"
        " with the rest of a delay"
    )
    return [
        move,
        *_what_remains(Remaining(0, later, here.leased, here.next_at_ms), now_ms),
        there_line(there),
    ]


def handed_over(done: HandedOver, left: Remaining, queue: QueueId, arn: str, now_ms: int) -> list[str]:
    """Return what was handed over and what remains, line by line."""
    lines = [f"handed over {counted(done.messages, 'message')} of {queue.name} to {arn}"]
    for message_id, reason in list(done.refused.items())[:MOST_REFUSED]:
        lines.append(f"refused there: message {message_id}: {reason}")
    if len(done.refused) > MOST_REFUSED:
        lines.append(f"refused there: {len(done.refused) - MOST_REFUSED} more")
    if done.waiting:
        lines.append(
            f"kept for now: {counted(done.waiting, 'message')} that SQS had minutes ago and would drop as a duplicate"
        )
    return [*lines, *_what_remains(left, now_ms)]


def progress(done: HandedOver, left: Remaining | None, now_ms: int) -> str:
    """Return in one line how it gets on."""
    text = f"handed over {counted(done.messages, 'message')}"
    if left is None:
        return text
    return f"{text}; {left.messages} to come, the next {relative(left.next_at_ms, now_ms)}"


def not_done(left: Remaining, queue: QueueId) -> str:
    """Return what to do about messages that are still here."""
    return f"{counted(left.messages, 'message')} of {queue.name} still here: start it again, or say --wait"


def there_line(there: Waiting) -> str:
    """Return what a queue holds there."""
    return f"in SQS are {there.ready} ready, {there.delayed} delayed, {there.leased} in flight, as far as it can tell"


def switch_lines(mappings: Sequence[Mapping], *, enabled: bool) -> list[str]:
    """Return how AWS is told to poll for mappings, or to stop: at once, and in what they are deployed with."""
    if not mappings:
        return []
    flag = "--enabled" if enabled else "--no-enabled"
    head = (
        "AWS polls the queue from then on; then `karin sync`:"
        if enabled
        else "AWS stops polling it; then `karin sync`:"
    )
    state = "true" if enabled else "false"
    return [
        head,
        *(
            f"  aws lambda update-event-source-mapping --region {one.region} --uuid {one.uuid} {flag}"
            for one in mappings
        ),
        "and in what it is deployed with, or the next deployment takes that back:",
        *(f"  {tool:<15} {line.format(state=state)}" for tool, line in _WRITTEN_AS),
    ]


def mappings_of(queue: QueueId, snapshot: Snapshot | None, *, polled: bool) -> list[Mapping]:
    """Return the mappings of a queue that AWS polls, or those that it does not poll."""
    found = snapshot.mappings if snapshot else ()
    return [one for one in found if one.queue == queue and (one.state in POLLING_STATES) is polled]


def _what_remains(left: Remaining, now_ms: int) -> list[str]:
    lines = []
    if left.ready:
        lines.append(f"remaining: {left.ready} ready")
    if left.leased:
        lines.append(
            f"remaining: {left.leased} in flight, until {_its(left.leased)} outcome is known or the lease ends"
        )
    if left.delayed:
        when = ""
        if left.next_at_ms is not None:
            when = f"; more can be handed over {relative(left.next_at_ms, now_ms)}, at {written(left.next_at_ms)}"
        lines.append(f"remaining: {left.delayed} due later{when}")
    return lines


def _its(count: int) -> str:
    return "its" if count == 1 else "their"
