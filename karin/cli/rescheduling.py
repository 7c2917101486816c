"""``karin reschedule`` and ``karin delete``: what a person does to one message."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from karin.cli.asking import ask
from karin.cli.layout import print_lines
from karin.cli.main import EXIT_DONE, CommandError, UsageError
from karin.cli.naming import queue_named
from karin.cli.printing import print_json
from karin.finding import Running, find
from karin.operations import inspecting, rescheduling, status, wording
from karin.operations.instants import UnclearInstant, duration_ms, instant_ms, written
from karin.operations.rescheduling import LeftAlone
from karin.sqs.names import QueueId
from karin.store.inspect import UnclearId


def reschedule(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Make a message due now or at another instant; ask before one in flight may come twice."""
    running = find(environ)
    context = running.context
    now_ms = context.clock.now_ms()
    due_at_ms = _due_at_ms(options, now_ms)
    queue = queue_named(context, options.queue)
    with _one_line_errors():
        seen = inspecting.message(context, queue, options.id)
        if rescheduling.may_come_twice(seen, due_at_ms) and not options.yes:
            ask(wording.sooner_question(seen, queue, now_ms), otherwise="nothing was changed")
        if options.now:
            due_at_ms = rescheduling.run_now(context, queue, seen)
        else:
            due_at_ms = rescheduling.reschedule(context, queue, seen, due_at_ms)
    message_id, now_ms = seen.message.message_id, context.clock.now_ms()
    if options.json:
        print_json({"queue": queue.name, "message_id": message_id, "due_at_ms": due_at_ms})
        return EXIT_DONE
    print_lines([wording.rescheduled(message_id, queue, due_at_ms, now_ms, written(due_at_ms))])
    if due_at_ms <= now_ms and (reason := _waits_because(running, queue)):
        print_lines([reason])
    return EXIT_DONE


def delete(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Delete a message, after asking."""
    context = find(environ).context
    queue = queue_named(context, options.queue)
    with _one_line_errors():
        seen = inspecting.message(context, queue, options.id)
        if not options.yes:
            question = wording.delete_question(seen, queue, context.clock.now_ms())
            ask(question, otherwise="nothing was deleted")
        rescheduling.delete(context, queue, seen)
    if options.json:
        print_json({"queue": queue.name, "message_id": seen.message.message_id, "deleted": True})
    else:
        print_lines([wording.deleted(seen.message.message_id, queue)])
    return EXIT_DONE


def _due_at_ms(options: argparse.Namespace, now_ms: int) -> int:
    try:
        if options.delay is not None:
            return now_ms + duration_ms(options.delay)
        return now_ms if options.now else instant_ms(options.at, now_ms)
    except UnclearInstant as error:
        raise UsageError(str(error)) from error


def _waits_because(running: Running, queue: QueueId) -> str:
    store = running.context.store
    alive = status.scheduler_count(running.context, running.settings)
    return wording.waits_because(queue, store.deployment.snapshot(), store.pauses.all(), alive)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except (UnclearId, LeftAlone) as error:
        raise CommandError(str(error)) from error
