"""Reading the parts of the world from the store and from this machine: each returns a new world and what it cost."""

from collections.abc import Collection

from msgspec.structs import replace

from karin.budget.levels import Level, Outlook
from karin.budget.opening import open_ledger
from karin.finding import Running
from karin.operations import inspecting, status
from karin.operations.status import Status
from karin.parts import look
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.names import QueueId
from karin.store.inspect import UnclearId
from karin.store.inspection import LOOK_COMMANDS
from karin.tui.reading.calls import CallTail
from karin.tui.reading.interest import Interest
from karin.tui.reading.logs import LogTail
from karin.tui.reading.processes import read_processes
from karin.tui.reading.watching import Watch
from karin.tui.views.listing import Need
from karin.tui.world import OneMessage, QueueMessages, World

MOST_MESSAGES = 200  # of a queue: nobody looks at more without a filter

Cost = int
"""How many Redis commands it took."""


class Gatherer:
    """Reads parts of one karin; every method may raise StoreUnavailable."""

    def __init__(self, running: Running, *, waits: bool = False) -> None:
        """Read nothing yet; who ``waits`` has the endpoint's answer with each look at what is local."""
        self._context = running.context
        self._home = running.settings.home
        self._ledger = open_ledger(running.settings, running.context.clock)
        self._settings = running.settings
        self._watch = Watch(running.settings)
        self._waits = waits
        self._calls = CallTail(running.context.store.views)
        self._log = LogTail(running.settings.home)
        self._turn = 0

    def now_ms(self) -> int:
        """Return the current instant in ms."""
        return self._context.clock.now_ms()

    def status(self, world: World, *, with_deployment: bool) -> tuple[World, Cost]:
        """Read the queues and who is alive; the deployment and its pauses as well, or as they were."""
        cost = 2  # the heartbeats of schedulers, the names of queues
        snapshot = world.status.snapshot if world.status else None
        pauses = world.pauses
        if with_deployment:
            snapshot, pauses = self._context.store.deployment.snapshot(), self._context.store.pauses.all()
            cost += 3
        alive = status.scheduler_count(self._context, self._settings)
        queues = status.queue_states(self._context)
        cost += self._surveys(len(queues))
        seen = Status(self.now_ms(), alive, queues, snapshot)
        return replace(world, status=seen, pauses=pauses), cost

    def queues(self, world: World) -> tuple[World, Cost]:
        """Read the queues that are known again; whoever is new among them, only ``status`` sees."""
        if world.status is None:
            return self.status(world, with_deployment=True)
        names = [state.queue for state in world.status.queues]
        now_ms = self.now_ms()
        states = tuple(self._context.store.queues.survey(names, now_ms))
        return replace(world, status=replace(world.status, now_ms=now_ms, queues=states)), self._surveys(len(names))

    def some_queues(self, world: World, others: Collection[QueueId]) -> World:
        """Read with one command ``others`` and as many known queues as it tells of, by turns if there are more."""
        if world.status is None:
            return world
        known = {state.queue: state for state in world.status.queues}
        at_once = self._context.store.queues.surveyed_at_once
        start = self._turn if self._turn < len(known) else 0
        asked = list(dict.fromkeys([*others, *list(known)[start:]]))[:at_once]
        self._turn = start + max(1, at_once - len(others))
        now_ms = self.now_ms()
        found = {state.queue: state for state in self._context.store.queues.survey(asked, now_ms)}
        kept = {queue: state for queue, state in known.items() if queue not in asked}
        queues = tuple(sorted((kept | found).values(), key=lambda state: state.queue))
        return replace(world, status=replace(world.status, now_ms=now_ms, queues=queues))

    def alive(self, world: World) -> World:
        """Read with one command who is alive."""
        alive = status.scheduler_count(self._context, self._settings)
        return replace(world, status=replace(world.status, schedulers_alive=alive)) if world.status else world

    def needed(self, world: World, interest: Interest) -> tuple[World, Cost]:
        """Read what the view that is shown needs beside the status."""
        cost = 0
        for need, read in (
            (Need.MESSAGES, self._messages),
            (Need.INVOCATIONS, self._invocations),
            (Need.AGENDA, self._agenda),
            (Need.STORE, self._store),
        ):
            if need in interest.needs:
                world, more = read(world, interest)
                cost += more
        if interest.message:
            world, more = self._message(world, *interest.message)
            cost += more
        return world, cost

    def local(self, world: World, interest: Interest) -> World:
        """Read what needs no store: how the parts here are, the budget, the log, the processes."""
        world = replace(world, parts=look(self._settings) if self._waits else self._watch.look())
        if self._ledger:
            outlook = self._ledger.look()
            # What is spent changes all the time, and concerns the view that shows it.
            if Need.STORE in interest.needs or _level(outlook) is not _level(world.outlook):
                world = replace(world, outlook=outlook)
        if Need.LOGS in interest.needs:
            logs, problem = self._log.read()
            world = replace(world, logs=logs, logs_problem=problem)
        if Need.PROCESSES in interest.needs:
            processes, started_at_ms = read_processes(self._home)
            world = replace(world, processes=processes, karin_started_at_ms=started_at_ms)
        return world

    def _messages(self, world: World, interest: Interest) -> tuple[World, Cost]:
        queue = interest.place.queue
        if queue is None:
            return world, 0
        try:
            page = inspecting.messages(self._context, queue, most=MOST_MESSAGES)
            found = QueueMessages(queue, page.messages, page.next is not None)
        except QueueDoesNotExist:
            found = QueueMessages(queue, problem=f"there is no queue {queue.name} any more")
        return replace(world, messages=found), MOST_MESSAGES // inspecting.PAGE_MESSAGES

    def _message(self, world: World, queue: QueueId, message_id: str) -> tuple[World, Cost]:
        try:
            found = OneMessage(queue, message_id, inspecting.message(self._context, queue, message_id))
        except (UnclearId, QueueDoesNotExist):
            found = OneMessage(queue, message_id, problem="this message is no longer in its queue")
        return replace(world, message=found), 2 if queue.is_fifo else 1

    def _invocations(self, world: World, interest: Interest) -> tuple[World, Cost]:
        del interest
        queues = [state.queue for state in world.status.queues] if world.status else []
        found, cost = self._calls.read(queues)
        return replace(world, invocations=found), cost

    def _agenda(self, world: World, interest: Interest) -> tuple[World, Cost]:
        del interest
        queues = [state.queue for state in world.status.queues] if world.status else []
        return replace(world, agenda=self._context.store.agenda.read(queues, self.now_ms())), 1

    def _store(self, world: World, interest: Interest) -> tuple[World, Cost]:
        del interest
        return replace(world, store=self._context.store.inspection.look(self._context.clock)), LOOK_COMMANDS

    def _surveys(self, queues: int) -> Cost:
        return -(-queues // self._context.store.queues.surveyed_at_once)


def _level(outlook: Outlook | None) -> Level:
    return outlook.level if outlook else Level.NOTHING
