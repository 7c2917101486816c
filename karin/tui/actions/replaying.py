"""Calling a function once more with an event that it had before."""

from collections.abc import Iterator, Mapping

import msgspec

from karin.mapping.outcome import OutcomeKind
from karin.operations import wording
from karin.operations.printing import one_line, printable
from karin.operations.replaying import NothingToReplay, event_of
from karin.tui.actions import looking
from karin.tui.actions.action import Action, Ask, DeedFailed, Done, Means
from karin.tui.times import Now
from karin.tui.views.listing import Subject
from karin.tui.world import World


class _Replayed(msgspec.Struct, frozen=True):
    """What ``karin replay --json`` tells, as far as it is shown."""

    function_arn: str
    outcome: OutcomeKind
    duration_ms: int
    request_id: str
    error_type: str
    error_message: str
    failed_ids: tuple[str, ...]
    log_tail: str


class Replay(Action):
    """Calls a function in a process of its own; a call that fails again is an outcome like any other."""

    name = "replay"
    key = "a"
    label = "replay"
    explanation = "call the function again with the same event"
    shows_outcome = True

    def applies(self, subject: Subject, world: World) -> bool:  # noqa: ARG002 - any invocation will do
        """Tell whether the cursor is on an invocation."""
        return subject.invocation_id is not None

    def ask(self, subject: Subject, world: World, now: Now) -> Ask | None:
        """Ask before a function is called, unless there is nothing to call it with."""
        invocation = looking.invocation(subject, world)
        if invocation is None:
            text = "Call the function of this invocation once more with the same event? Its messages are not touched."
        elif invocation.event is None:
            return None
        else:
            text = wording.replay_question(invocation, now.ms)
        return Ask("Replay", text, "Call it")

    def begin(self, subject: Subject) -> str:  # noqa: ARG002 - which function, only the world tells
        """Say what is being done."""
        return "calling the function"

    def do(
        self,
        means: Means,
        subject: Subject,
        answers: Mapping[str, str],  # noqa: ARG002 - there are none
        world: World,
    ) -> Done:
        """Call it and wait for its answer."""
        invocation = looking.invocation(subject, world)
        if invocation is not None:
            try:
                event_of(invocation)
            except NothingToReplay as error:
                raise DeedFailed(str(error)) from error
        told = means.karin(["replay", subject.invocation_id or "", "--yes", "--json"])
        try:
            replayed = msgspec.json.decode(told, type=_Replayed)
        except msgspec.DecodeError as error:
            raise DeedFailed("what `karin replay` printed cannot be read: is it of another version?") from error
        name = replayed.function_arn.split(":function:")[-1]
        told_outcome = f"{wording.outcome(replayed.outcome)}, took {wording.elapsed(replayed.duration_ms)}"
        return Done(f"{name}: {told_outcome}", tuple(_lines(replayed)))


def _lines(replayed: _Replayed) -> Iterator[str]:
    if error := one_line(wording.error(replayed.error_type, replayed.error_message)):
        yield f"error: {error}"
    if replayed.outcome is OutcomeKind.PARTIAL:
        yield from (f"failed: {message_id}" for message_id in replayed.failed_ids)
    if replayed.request_id:
        yield f"request id: {replayed.request_id}"
    if replayed.log_tail.strip():
        yield "log tail:"
        yield from printable(replayed.log_tail).rstrip().splitlines()
