"""``karin doctor --import``: fetch a queue's messages out of the real SQS."""

import argparse
import sys

from karin.aws.clients import AwsClients
from karin.aws.real_queue import AwsQueue
from karin.cli.asking import ask
from karin.cli.handing_over import arn_of, refuse_if_polled
from karin.cli.main import EXIT_DONE, EXIT_FAILED, CommandError
from karin.cli.naming import queue_named
from karin.cli.printing import CLEAR_LINE, print_json
from karin.operations import wording
from karin.operations.context import Context
from karin.operations.importing import Imported, import_messages
from karin.operations.one_handover import AnotherHandover, only_handover
from karin.sqs.names import QueueId
from karin.sqs.source import SourceFailed


def import_queue(options: argparse.Namespace, context: Context) -> int:
    """Move messages from the real queue into karin's, after asking; exit 1 when AWS kept some that are stored here."""
    queue = queue_named(context, options.imported)
    snapshot = context.store.deployment.snapshot()
    refuse_if_polled(queue, snapshot)
    clients = AwsClients()
    try:
        source = AwsQueue(arn_of(context, queue, snapshot, clients), clients)
        left = source.waiting()
        imported = Imported()
        if left.ready or options.yes:
            if not options.yes:
                ask(wording.import_question(left.ready, queue, snapshot), otherwise="nothing was imported")
            imported = _imported(context, queue, source)
            left = source.waiting()
    except SourceFailed as error:
        raise CommandError(f"SQS: {error}") from error
    except AnotherHandover as error:
        raise CommandError(str(error)) from error
    if options.json:
        print_json({"queue": queue.name, "imported": imported.messages, "undeleted": imported.undeleted, "left": left})
    else:
        print(wording.imported(queue, imported, left))
    return EXIT_FAILED if imported.undeleted else EXIT_DONE


def _imported(context: Context, queue: QueueId, source: AwsQueue) -> Imported:
    """Import, and show a person who watches how it gets on."""
    try:
        with only_handover(context, queue) as hold:
            return import_messages(context, queue, source, _show, hold.check)
    finally:
        _clear()


def _show(done: Imported) -> None:
    if sys.stderr.isatty():
        text = f"imported {wording.counted(done.messages, 'message')}"
        print(f"{CLEAR_LINE}{text}", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    if sys.stderr.isatty():
        print(CLEAR_LINE, end="", file=sys.stderr, flush=True)
