"""``karin handover``: take a queue's messages to the real SQS, or fetch them from there."""

import argparse
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext

from msgspec.structs import astuple

from karin.aws.clients import AwsClients
from karin.aws.inspection import AwsInspector
from karin.aws.real_queue import AwsQueue, find_arn
from karin.cli.asking import ask
from karin.cli.layout import print_lines
from karin.cli.main import EXIT_DONE, EXIT_FAILED, CommandError
from karin.cli.naming import queue_named
from karin.cli.printing import CLEAR_LINE, iso, print_json
from karin.finding import Running, find
from karin.mapping.changes import title
from karin.mapping.model import Mapping as QueueMapping
from karin.mapping.model import Snapshot
from karin.operations import handover_words, status, wording
from karin.operations.context import Context
from karin.operations.handing_over import Handover, hold_back
from karin.operations.importing import Imported, import_messages
from karin.operations.one_handover import AnotherHandover, only_handover
from karin.operations.remaining import Remaining, count_ahead, remaining
from karin.sqs.names import QueueId, queue_id_from_arn
from karin.sqs.source import SourceFailed, Waiting
from karin.store.connection import StoreUnavailable

SHORTEST_WAIT_MS, LONGEST_WAIT_MS = 1_000, 60_000  # between two looks with --wait
HEARD_SECONDS = 2  # schedulers have heard of a pause, and have claimed what they were about to
LOOK_SECONDS = 5  # between two looks for what is delayed or in flight in SQS


def handover(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Move messages in one direction; exit 1 when some are left behind."""
    running = find(environ)
    context = running.context
    queue = queue_named(context, options.queue)
    snapshot = context.store.deployment.snapshot()
    clients = AwsClients()
    try:
        real = AwsQueue(arn_of(context, queue, snapshot, clients), clients)
        if AwsInspector(context.clock, clients).hear_sqs(real.arn).is_karin:
            raise CommandError(
                "the SQS that answers is karin itself: unset AWS_ENDPOINT_URL_SQS and AWS_ENDPOINT_URL here"
            )
        if options.from_sqs:
            refuse_if_polled(queue, snapshot)
        with nullcontext() if options.dry_run else only_handover(context, queue) as hold:
            check = hold.check if hold else _nothing
            if options.to_sqs:
                return _Leaving(running, queue, real, options, check).run()
            return _entering(context, queue, real, options, check)
    except SourceFailed as error:
        raise CommandError(f"SQS: {error}") from error
    except AnotherHandover as error:
        raise CommandError(str(error)) from error


def arn_of(context: Context, queue: QueueId, snapshot: Snapshot | None, clients: AwsClients) -> str:
    """Return the ARN that a queue was deployed with; of one that karin was not told of, the one that AWS has for it.

    Raises SourceFailed.
    """
    queues = snapshot.queues if snapshot else ()
    known = next((one.arn for one in queues if queue_id_from_arn(one.arn) == queue), None)
    return known or find_arn(queue.name, context.region, clients)


def refuse_if_polled(queue: QueueId, snapshot: Snapshot | None) -> None:
    """Raise CommandError when AWS takes messages of a queue, too."""
    for mapping in handover_words.mappings_of(queue, snapshot, polled=True):
        raise CommandError(
            f"AWS delivers the messages of {queue.name} itself ({mapping.state}): deploy the mapping with"
            f" enabled: false, or say `{_switch_off(mapping)}`, and run `karin sync` first"
        )


class _Leaving:
    """A handover to SQS."""

    def __init__(
        self, running: Running, queue: QueueId, real: AwsQueue, options: argparse.Namespace, check: Callable[[], None]
    ) -> None:
        self._running = running
        self._context = running.context
        self._queue = queue
        self._real = real
        self._options = options
        self._patience_ms = SHORTEST_WAIT_MS  # between two looks for what is in flight: longer while nothing changes
        self._handover = Handover(self._context, queue, real, lambda _: self._show(None), check)

    def run(self) -> int:
        ahead = self._handover.ahead_ms
        here = remaining(self._context, self._queue, ahead)
        near = count_ahead(self._context, self._queue, ahead) if ahead else 0
        if self._options.dry_run:
            return self._plan(here, near)
        if here.messages and not self._options.yes:
            question = handover_words.question(here, near, self._queue, self._real.arn)
            ask(question, otherwise="nothing was handed over")
        paused = self._paused()
        try:
            left = self._handover.run()
            while self._options.wait and left.messages and not self._is_stuck(left):
                left = self._again(left)
        finally:
            _clear()
        self._tell(left, paused)
        return EXIT_FAILED if left.messages else EXIT_DONE

    def _paused(self) -> list[QueueMapping]:
        """Pause what would overtake; return the mappings that are."""
        paused, is_new = hold_back(self._context, self._queue)
        if is_new and status.scheduler_count(self._context, self._running.settings):
            threading.Event().wait(HEARD_SECONDS)
        return paused

    def _is_stuck(self, left: Remaining) -> bool:
        """Tell whether nothing is to be waited for: all that is left is refused there, or stands behind such."""
        return bool(self._handover.done.refused) and not left.delayed and not left.leased

    def _again(self, left: Remaining) -> Remaining:
        """Wait until more can be handed over, and do that; what fails is said and tried again."""
        now_ms = self._context.clock.now_ms()
        self._show(left)
        wait_ms = min((left.next_at_ms or now_ms) - now_ms, LONGEST_WAIT_MS)
        if left.leased:  # an outcome may be there long before a lease ends
            wait_ms = min(wait_ms, self._patience_ms)
        threading.Event().wait(max(wait_ms, SHORTEST_WAIT_MS) / 1000)
        try:
            now_left = self._handover.run()
        except (SourceFailed, StoreUnavailable) as error:
            _clear()
            print(f"karin: {error}; tried again in {LONGEST_WAIT_MS // 1000} s", file=sys.stderr)
            self._patience_ms = LONGEST_WAIT_MS
            return Remaining(left.ready, left.delayed, left.leased, now_ms + LONGEST_WAIT_MS)
        self._patience_ms = min(2 * self._patience_ms, LONGEST_WAIT_MS) if now_left == left else SHORTEST_WAIT_MS
        return now_left

    def _plan(self, here: Remaining, near: int) -> int:
        there = self._real.waiting()
        if self._options.json:
            plan = {"dry_run": True, "would_hand_over": here.ready + near, "there": there}
            print_json(self._facts(0, {}, here) | plan)
            return EXIT_DONE
        now_ms = self._context.clock.now_ms()
        print_lines(handover_words.planned(here, near, self._queue, self._real.arn, there, now_ms))
        return EXIT_DONE

    def _tell(self, left: Remaining, paused: list[QueueMapping]) -> None:
        done, now_ms = self._handover.done, self._context.clock.now_ms()
        if self._options.json:
            facts = self._facts(done.messages, done.refused, left)
            print_json(facts | {"paused": [one.uuid for one in paused], "then": self._switch()})
            return
        print_lines(handover_words.handed_over(done, left, self._queue, self._real.arn, now_ms))
        for one in paused:
            print_lines([f"{title(one)} stays paused here: `karin resume {self._queue.name}` ends that"])
        if left.messages:
            print_lines([handover_words.not_done(left, self._queue)])
        else:
            for line in self._switch():
                print(line)

    def _switch(self) -> list[str]:
        snapshot = self._context.store.deployment.snapshot()
        idle = handover_words.mappings_of(self._queue, snapshot, polled=False)
        return handover_words.switch_lines(idle, enabled=True)

    def _facts(self, messages: int, refused: Mapping[str, str], left: Remaining) -> dict[str, object]:
        return {
            "queue": self._queue.name,
            "to": self._real.arn,
            "dry_run": False,
            "handed_over": messages,
            "refused": refused,
            "remaining": {"ready": left.ready, "delayed": left.delayed, "in_flight": left.leased},
            "next_at": iso(left.next_at_ms),
        }

    def _show(self, left: Remaining | None) -> None:
        _progress(handover_words.progress(self._handover.done, left, self._context.clock.now_ms()))


def _entering(
    context: Context, queue: QueueId, real: AwsQueue, options: argparse.Namespace, check: Callable[[], None]
) -> int:
    """Fetch messages from SQS."""
    there = real.waiting()
    facts = {"queue": queue.name, "from": real.arn, "dry_run": options.dry_run}
    if options.dry_run:
        if options.json:
            print_json(facts | {"there": there})
        else:
            print_lines([f"would fetch messages of {real.arn}", handover_words.there_line(there)])
        return EXIT_DONE
    if not options.yes and (there.ready or options.wait):
        snapshot = context.store.deployment.snapshot()
        ask(wording.import_question(there.ready, queue, snapshot), otherwise="nothing was imported")
    try:
        done, left = _fetched(context, queue, real, check, wait=options.wait)
    finally:
        _clear()
    if options.json:
        print_json(facts | {"imported": done.messages, "undeleted": done.undeleted, "left": left})
    else:
        print_lines([wording.imported(queue, done, left)])
    return EXIT_FAILED if done.undeleted or any(astuple(left)) else EXIT_DONE


def _fetched(
    context: Context, queue: QueueId, real: AwsQueue, check: Callable[[], None], *, wait: bool
) -> tuple[Imported, Waiting]:
    """Import what there is, or with ``wait`` all of it; return how it ended and what is left there."""
    before = 0

    def tell(done: Imported) -> None:
        _progress(f"imported {wording.counted(before + done.messages, 'message')}")

    while True:
        done = import_messages(context, queue, real, tell, check)
        before += done.messages
        left = real.waiting()
        if not wait:
            return done, left
        if not any(astuple(left)):  # so what was not deleted at first is gone by now
            return Imported(before), left
        threading.Event().wait(LOOK_SECONDS)


def _nothing() -> None:
    """Check nothing: a look changes nothing, and is kept from nobody."""


def _switch_off(mapping: QueueMapping) -> str:
    return handover_words.switch_lines([mapping], enabled=False)[1].strip()


def _progress(text: str) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        print(f"{CLEAR_LINE}{text}", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    _progress("")
