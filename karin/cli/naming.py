"""What a person names on the command line: queues and mappings, and what they may have meant instead."""

import difflib
from collections.abc import Collection

from karin.cli.main import CommandError, UsageError
from karin.mapping.changes import title
from karin.mapping.model import Mapping
from karin.mapping.naming import mappings_named
from karin.operations.context import Context
from karin.sqs.errors import QueueDoesNotExist
from karin.sqs.names import QueueId, queue_id_from_arn, queue_id_from_url
from karin.store.queues import QueueState


def queue_named(context: Context, name: str) -> QueueId:
    """Return the queue that a person names; raises UsageError or CommandError when there is none."""
    return queue_state(context, name).queue


def queue_state(context: Context, name: str) -> QueueState:
    """Return the state of the queue that a person names, by its name, ARN or URL; raises as ``queue_named`` does."""
    queue = queue_id_from_arn(name) or queue_id_from_url(name, context.account.id())
    if queue is None:
        raise UsageError(f"{name!r} is not a queue's name")
    try:
        return context.store.queues.describe(queue, context.clock.now_ms())
    except QueueDoesNotExist:
        known = [one for one in context.store.queues.names() if one != queue]
        elsewhere = next((one for one in known if one.name == queue.name), None)
        if elsewhere:  # such as one that was created before the first sync told the account
            raise CommandError(
                f"there is no queue {queue.name} in account {queue.account}, but one in {elsewhere.account}: say"
                f" {elsewhere.arn(context.region)}"
            ) from None
        instead = _instead(queue.name, {one.name for one in known}, "karin queues")
        raise CommandError(f"there is no queue {queue.name}: {instead}") from None


def mapping_named(context: Context, name: str) -> Mapping:
    """Return the one mapping that a person names; raises CommandError when there is none, or there are several."""
    snapshot = context.store.deployment.snapshot()
    found = mappings_named(snapshot, name) if snapshot else ()
    if not found:
        names = {
            word for one in (snapshot.mappings if snapshot else ()) for word in (one.queue.name, one.function_name)
        }
        raise CommandError(f"there is no mapping {name}: {_instead(name, names, 'karin mappings')}")
    if len(found) > 1:
        raise CommandError(f"{name} has several mappings: say {' or '.join(repr(title(one)) for one in found)}")
    return found[0]


def _instead(name: str, known: Collection[str], listing: str) -> str:
    """Return what may have been meant: a name that is nearly the same, whatever its case, else how to see them all."""
    by_folded = {one.casefold(): one for one in sorted(known)}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return f"did you mean {by_folded[near[0]]}?" if near else f"`{listing}` lists them"
