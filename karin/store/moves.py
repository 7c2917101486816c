"""Commands on message move tasks: start, list and cancel them, and what a scheduler says while it works on one.

A task's record lives beside its source's messages, in the same slot; the list of all active tasks in a slot of its own.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from karin.sqs.errors import OverLimit
from karin.sqs.limits import ACTIVE_MOVES, LISTED_MOVES
from karin.sqs.moves import ActiveMove, MoveStatus, MoveTask, already_running, no_such_resource, no_such_task
from karin.sqs.names import QueueId
from karin.sqs.receipts import Receipt
from karin.store import keys
from karin.store.connection import Client, store_errors
from karin.store.scripts import Argument, Scripts


class Report(msgspec.Struct, frozen=True):
    """What one step moved: the messages' receipts in the source, where they are yet to be deleted."""

    report_id: str
    moved: tuple[Receipt, ...]


class Standing(msgspec.Struct, frozen=True):
    """Where a task stands that the asking scheduler works on, and the last report, whoever made it."""

    task: MoveTask
    last: Report


class Busy(msgspec.Struct, frozen=True):
    """Another scheduler works on the task, at least until an instant."""

    until_ms: int


class MoveCommands:
    """Starts, lists, cancels, advances and ends tasks; every method may raise StoreUnavailable.

    Each is one Redis command, but for ``start``.
    """

    def __init__(self, client: Client, scripts: Scripts) -> None:
        self._client = client
        self._scripts = scripts

    def start(self, source: QueueId, now_ms: int, task: MoveTask) -> ActiveMove:
        """Make a task the active one of its source; raises an SqsError if there is one, or there are too many.

        Two commands: the list first, so that a crash between leaves a name without a task, which schedulers drop.
        """
        active = ActiveMove(source, task.task_id, task.started_at_ms)
        status, _ = self._scripts.call(
            "announce_move", [keys.MOVING], [now_ms, source.account, _member(active), ACTIVE_MOVES]
        )
        if status == "too_many":
            raise OverLimit(f"Too many message move tasks: an account may have {ACTIVE_MOVES} at a time.")
        status, _ = self._scripts.call(
            "start_move", [keys.queue(source), keys.move(source)], [now_ms, task.task_id, msgspec.json.encode(task)]
        )
        if status == "ok":
            return active
        self.forget(active)
        raise already_running() if status == "already_running" else no_such_resource("SourceArn")

    def forget(self, active: ActiveMove) -> None:
        """Take a task that is over off the list of those to see to."""
        with store_errors():
            self._client.zrem(keys.MOVING, _member(active))

    def listed(self, source: QueueId, now_ms: int, most: int) -> list[MoveTask]:
        """Return up to ``most`` tasks of a source, the latest first; raises ResourceNotFound without the queue."""
        status, reply = self._scripts.call(
            "list_moves", [keys.queue(source), keys.move(source), keys.moves(source)], [now_ms, most]
        )
        if status == "no_queue":
            raise no_such_resource("SourceArn")
        began, stands, moved, is_attended, *ended = reply
        active = [_task(began, stands, moved, is_attended=bool(is_attended))] if began else []
        return active + [msgspec.json.decode(packed, type=MoveTask) for packed in ended]

    def cancel(self, source: QueueId, now_ms: int, task_id: str) -> tuple[MoveTask, ActiveMove]:
        """Ask for a task's end, and return it as it stands; raises ResourceNotFound without queue or task."""
        status, reply = self._scripts.call("cancel_move", [keys.queue(source), keys.move(source)], [now_ms, task_id])
        if status == "no_queue":
            raise no_such_resource("SourceArn")
        if status == "no_task":
            raise no_such_task()
        began, moved, is_attended = reply
        task = _task(began, MoveStatus.CANCELLING.encode(), moved, is_attended=bool(is_attended))
        return task, ActiveMove(source, task_id, task.started_at_ms)

    def advance(
        self, active: ActiveMove, now_ms: int, scheduler_id: str, owned_ms: int, report: Report | None = None
    ) -> Standing | Busy | None:
        """Note what was moved and keep the task to this scheduler for ``owned_ms``; None: there is no such task.

        The same report may come again, and counts once. A report to a busy task does not count.
        """
        args: list[Argument] = [report.report_id, len(report.moved), _pack(report.moved)] if report else ["", 0, ""]
        status, reply = self._advance(active, now_ms, scheduler_id, owned_ms, [*args, ""])
        if status != "ok":
            return Busy(reply[0]) if status == "busy" else None
        began, stands, moved, report_id, receipts = reply
        return Standing(_task(began, stands, moved, is_attended=True), Report(report_id.decode(), _unpack(receipts)))

    def end(self, active: ActiveMove, now_ms: int, scheduler_id: str, task: MoveTask) -> bool:
        """End a task and keep how it ended; False, and nothing is done, while another scheduler works on it."""
        ended = replace(task, is_attended=False)
        status, _ = self._advance(active, now_ms, scheduler_id, 0, ["", 0, "", msgspec.json.encode(ended)])
        return status != "busy"

    def _advance(
        self, active: ActiveMove, now_ms: int, scheduler_id: str, owned_ms: int, said: Sequence[Argument]
    ) -> tuple[str, list[Any]]:
        _, most_kept = LISTED_MOVES
        return self._scripts.call(
            "advance_move",
            [keys.move(active.source), keys.moves(active.source)],
            [now_ms, active.task_id, scheduler_id, owned_ms, *said, most_kept],
        )


def read_active(member: bytes, started_at_ms: int) -> ActiveMove:
    """Return the task that a member of the list names."""
    return ActiveMove.parse(f"{member.decode()} {started_at_ms}")


def _member(active: ActiveMove) -> str:
    return f"{active.source} {active.task_id}"


def _task(began: bytes, status: bytes, moved: int, *, is_attended: bool) -> MoveTask:
    task = msgspec.json.decode(began, type=MoveTask)
    return replace(task, status=MoveStatus(status.decode()), moved=moved, is_attended=is_attended)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Receipt, ...])


def _pack(receipts: Sequence[Receipt]) -> bytes:
    return _encoder.encode(receipts)


def _unpack(packed: bytes) -> tuple[Receipt, ...]:
    return _decoder.decode(packed) if packed else ()
