"""What a ledger proves: karin's promises, each as a function that returns what speaks against it. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from tests.chaos.ledger import Accepted, Delivery, Intent, Ledger, Window

GRANULARITY_MS = 2  # karin rounds the clock down to a millisecond
POSTPONED_MS = 3_000  # Valkey writes at most two seconds late while an fsync is under way; and the answer's own way
SETTLE_MS = 5_000  # for a settlement that nothing holds up, on a slow machine
CLAIM_MS = 5_000  # at most, from a look at the clock to the claim that it is for
REPAIRED_MS = 75_000  # a throttled call is tried again after half a minute, a sweep repairs the rest after a whole one
REMEMBERED_MS = 300_000  # by a FIFO queue, what was sent
JUMP = "jump"  # the beginning of such kinds of fault
SHORTEST_LEASE_MS = 16_000  # of a call of a function with a timeout of 1 s
STORE_KILLED = "kill store"
REPLACED = ("kill primary", "stop primary")  # a replica takes over, which may lack what was accepted last
REPLICATED_MS = 500  # after its answer a write is surely on its way to the replica
FORGETFUL = (STORE_KILLED, *REPLACED)


def lost(ledger: Ledger) -> list[str]:
    """Return what was accepted, and neither delivered nor left in a queue, and not excused by the store's death."""
    return [
        f"LOST: {_title(one.intent)} ({message_id}), accepted at {one.answered_at_ms:.0f}"
        for message_id, one in _missing(ledger)
        if not _died_with_the_store(one, message_id, ledger)
    ]


def died_with_the_store(ledger: Ledger) -> list[str]:
    """Return the ids of what was accepted and lost because a killed store had not handed it to the kernel yet."""
    return [message_id for message_id, one in _missing(ledger) if _died_with_the_store(one, message_id, ledger)]


def changed(ledger: Ledger) -> list[str]:
    """Return deliveries of what nobody sent, or to another queue."""
    found = []
    for one in ledger.deliveries:
        intent, accepted = ledger.intents.get(one.body), ledger.accepted.get(one.message_id)
        if intent is None or intent.queue != one.queue or (accepted and accepted.intent != intent):
            found.append(f"CHANGED: {one.message_id} in {one.queue}: {one.body[:80]!r}")
    return found


def early(ledger: Ledger) -> list[str]:
    """Return deliveries before their due time, by karin's own word or by the sender's clock.

    By the latter a message may come early by as much as karin's clock was set while it waited, or just before it was
    sent: a claim that is on its way looked at the clock before.
    """
    found = []
    for one in ledger.deliveries:
        intent = ledger.intents.get(one.body)
        if intent is None:
            continue
        early_ms: float = one.sent_at_ms + intent.delay_ms - one.received_at_ms
        if accepted := ledger.accepted.get(one.message_id):
            set_by_ms = ledger.wall.set_by_ms(accepted.asked_at_ms - CLAIM_MS, one.at_ms)
            early_ms = max(early_ms, accepted.asked_at_ms + intent.delay_ms - set_by_ms - one.at_ms)
        if early_ms > GRANULARITY_MS:
            found.append(f"EARLY: {_title(intent)} ({one.message_id}) by {early_ms:.0f} ms, at {one.at_ms:.0f}")
    return found


def late(ledger: Ledger) -> list[str]:
    """Return standard messages that no other fault touched, and that waited long after karin's clock said they are due.

    By the sender's clock they may come late by as much as karin's was set back while they waited.
    """
    found = []
    for one, accepted in _untouched(ledger, [window for window in ledger.windows if not window.kind.startswith(JUMP)]):
        due_at_ms = ledger.wall.reached_at_ms(one.sent_at_ms + accepted.intent.delay_ms, accepted.asked_at_ms)
        if one.at_ms - due_at_ms > REPAIRED_MS:
            found.append(f"LATE: {_title(accepted.intent)} ({one.message_id}) by {one.at_ms - due_at_ms:.0f} ms")
    return found


def out_of_order(ledger: Ledger) -> list[str]:
    """Return messages of FIFO groups that came for the first time after a later one, or again without a reason.

    After a later one, only a store that forgot its last moments, or calls that outlived their lease while a process
    stood still or because the clock was set, may deliver a message again.
    """
    found = []
    for (queue, group), numbered in _by_group(ledger).items():
        highest, seen, begun_at = 0, dict[int, Delivery](), 0
        for _, run in groupby(numbered, key=lambda pair: pair[1].call):
            call = list(run)
            for number, _ in call:
                if number not in seen and number < highest:
                    found.append(f"ORDER: {queue} {group} {number} first delivered after {highest}")
                highest = max(highest, number)
            first, head = call[0]
            if first < begun_at and not _may_go_back(seen.get(first), head, ledger.windows):
                found.append(f"ORDER: {queue} {group} {first} delivered again after a call from {begun_at} on")
            begun_at = max(begun_at, first)
            seen.update(call)
    return found


def unexplained_duplicates(ledger: Ledger) -> list[str]:
    """Return deliveries of what a function was done with, when no fault was near its answer."""
    return [
        f"DUPLICATE: {second.message_id} in {second.queue}, done at {first.answered_at_ms}, again at {second.at_ms:.0f}"
        for first, second in duplicates(ledger)
        if first.is_done and not _near_a_fault(first, second, ledger.windows)
    ]


def unexplained_copies(ledger: Ledger) -> list[str]:
    """Return FIFO messages that one send put into the queue twice, under two ids."""
    ids = defaultdict(set)
    for one in ledger.deliveries:
        intent = ledger.intents.get(one.body)
        if intent is not None and intent.group:
            ids[one.body].add(one.message_id)
    return [
        f"COPY: {_title(ledger.intents[body])} has the ids {sorted(found)}"
        for body, found in ids.items()
        if len(found) > 1
        and not any(window.kind in FORGETFUL for window in ledger.windows)
        and not _was_forgotten(body, ledger)
    ]


def duplicates(ledger: Ledger) -> Iterator[tuple[Delivery, Delivery]]:
    """Yield each delivery that was not a message's first, with the one before it."""
    last: dict[str, Delivery] = {}
    for one in ledger.deliveries:
        if before := last.get(one.message_id):
            yield before, one
        last[one.message_id] = one


def lateness_ms(ledger: Ledger) -> list[float]:
    """Return how late standard messages came whose whole time, from send to delivery, no fault touched."""
    found = []
    for one, accepted in _untouched(ledger, ledger.windows):
        (offset_ms,) = ledger.wall.offsets_ms(one.at_ms, one.at_ms)
        found.append(max(0.0, one.at_ms + offset_ms - one.sent_at_ms - accepted.intent.delay_ms))
    return found


def violations(ledger: Ledger) -> list[str]:
    """Return everything that speaks against karin's promises."""
    checks = (lost, changed, early, late, out_of_order, unexplained_duplicates, unexplained_copies)
    return [line for check in checks for line in check(ledger)]


def _untouched(ledger: Ledger, windows: list[Window]) -> Iterator[tuple[Delivery, Accepted]]:
    """Yield the first delivery of each standard message whose whole time, from send to delivery, no window touched."""
    seen = set[str]()
    for one in ledger.deliveries:
        accepted = ledger.accepted.get(one.message_id)
        if accepted is None or accepted.intent.group or one.message_id in seen:
            continue
        seen.add(one.message_id)
        if not any(_overlap(window, accepted.asked_at_ms, one.at_ms) for window in windows):
            yield one, accepted


def _missing(ledger: Ledger) -> list[tuple[str, Accepted]]:
    delivered = {one.message_id for one in ledger.deliveries}
    return [
        (message_id, one)
        for message_id, one in ledger.accepted.items()
        if message_id not in delivered and message_id not in ledger.left
    ]


def _died_with_the_store(accepted: Accepted, message_id: str, ledger: Ledger) -> bool:
    """Tell whether a message was accepted just before the store was killed, and the kernel did not have it.

    The append-only file ends somewhere and has no holes: whatever it holds of later messages proves that this one was
    not on its way to it.
    """
    for window in ledger.windows:
        oldest_ms = window.killed_at_ms - (REPLICATED_MS if window.kind in REPLACED else POSTPONED_MS)
        if not oldest_ms <= accepted.asked_at_ms <= window.killed_at_ms:
            continue
        near = [message_id] + [
            other_id
            for other_id, other in ledger.accepted.items()
            if accepted.answered_at_ms < other.asked_at_ms <= window.killed_at_ms
        ]
        if not any(one.encode() in window.log_tail for one in near):
            return True
    return False


def _by_group(ledger: Ledger) -> dict[tuple[str, str], list[tuple[int, Delivery]]]:
    groups = defaultdict(list)
    for one in ledger.deliveries:
        intent = ledger.intents.get(one.body)
        if intent is not None and intent.group:
            groups[intent.queue, intent.group].append((intent.number, one))
    return groups


def _near_a_fault(first: Delivery, second: Delivery, windows: list[Window]) -> bool:
    until_ms = second.at_ms if first.answered_at_ms is None else first.answered_at_ms + SETTLE_MS
    return any(_overlap(window, first.at_ms, until_ms) for window in windows)


def _may_go_back(first: Delivery | None, second: Delivery, windows: list[Window]) -> bool:
    return first is not None and any(
        _overlap(window, first.at_ms, second.at_ms)
        and (
            window.kind in FORGETFUL
            or window.kind.startswith(JUMP)
            or window.released_at_ms - window.started_at_ms >= SHORTEST_LEASE_MS
        )
        for window in windows
    )


def _was_forgotten(body: str, ledger: Ledger) -> bool:
    """Tell whether a FIFO queue forgot a message while it was sent again: five minutes passed by its clock."""
    for one in ledger.accepted.values():
        passed_ms = one.answered_at_ms - one.asked_at_ms
        set_by_ms = ledger.wall.set_by_ms(one.asked_at_ms, one.answered_at_ms)
        if one.intent.body == body and passed_ms + set_by_ms >= REMEMBERED_MS:
            return True
    return False


def _overlap(window: Window, from_ms: float, until_ms: float) -> bool:
    before_ms = POSTPONED_MS if window.kind in FORGETFUL else 0
    return window.started_at_ms - before_ms <= until_ms and from_ms <= window.ended_at_ms


def _title(intent: Intent) -> str:
    return " ".join(part for part in (intent.queue, intent.group, f"number {intent.number}") if part)
