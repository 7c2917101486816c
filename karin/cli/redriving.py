"""``karin redrive``: start a message move task, and show a person who watches how it gets on."""

import argparse
import sys
import threading
from collections.abc import Mapping

from karin.cli.asking import ask
from karin.cli.main import EXIT_DONE, CommandError
from karin.cli.naming import queue_named, queue_state
from karin.cli.printing import CLEAR_LINE, print_json
from karin.finding import find
from karin.operations import moving, status, wording
from karin.operations.context import Context
from karin.sqs.moves import MoveStatus, MoveTask, check_move
from karin.sqs.names import QueueId

LOOK_SECONDS = 1


def redrive(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Start moving the messages of a dead-letter queue, after asking; on a terminal, stay until it is done."""
    running = find(environ)
    context = running.context
    state = queue_state(context, options.queue)
    source = state.queue
    destination = queue_named(context, options.to) if options.to else None
    arn = context.arn(destination) if destination else None
    _check(context, source, arn, options.rate)
    if state.ready and not options.yes:
        ask(wording.redrive_question(state.ready, source, destination), otherwise="nothing was moved")
    task = moving.start_move(context, context.arn(source), arn, options.rate)
    if options.json:
        print_json(_facts(task, source, destination))
        return EXIT_DONE
    print(wording.redrive_started(task, source, destination))
    if not status.scheduler_count(context, running.settings):
        print("no scheduler is alive: the task begins when one is; see `karin up`")
    elif sys.stdout.isatty():
        _watch(context, source)
    return EXIT_DONE


def _check(context: Context, source: QueueId, destination_arn: str | None, rate: int | None) -> None:
    """Raise what would be refused later anyway, before a person is asked about it."""
    check_move(context.arn(source), destination_arn, rate)
    if not context.store.queues.has_sources(source):
        raise CommandError(f"{source.name} is no dead-letter queue: the RedrivePolicy of no queue names it")


def _watch(context: Context, source: QueueId) -> None:
    """Show the progress of a source's latest task on one line until it is over; raises CommandError if it failed."""
    pause = threading.Event()
    try:
        while (task := moving.list_moves(context, context.arn(source))[0]).is_active:
            print(CLEAR_LINE + wording.redrive_progress(task, source), end="", flush=True)
            pause.wait(LOOK_SECONDS)
    except KeyboardInterrupt:
        print(f"\nthe task goes on without you: `karin queues` shows what is left in {source.name}")
        return
    print(CLEAR_LINE, end="", flush=True)
    if task.status is MoveStatus.FAILED:
        raise CommandError(wording.redrive_progress(task, source))
    print(wording.redrive_progress(task, source))


def _facts(task: MoveTask, source: QueueId, destination: QueueId | None) -> dict[str, object]:
    return {
        "queue": source.name,
        "to": destination.name if destination else None,
        "max_per_second": task.max_per_second,
        "to_move": task.to_move,
        "task_handle": task.handle,
    }
