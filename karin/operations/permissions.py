"""Permissions: statements added to a queue's policy and taken out of it.

karin stores and shows policies and never evaluates them: its keys decide who may call.
"""

from collections.abc import Sequence

from karin.operations.context import Context
from karin.sqs import permissions
from karin.sqs.names import QueueId


def add_permission(
    context: Context, queue: QueueId, label: str | None, accounts: Sequence[str], actions: Sequence[str]
) -> None:
    """Add a statement to a queue's policy, in two commands; raises the SqsError that AWS would give."""
    now_ms = context.clock.now_ms()
    policy = context.store.queues.describe(queue, now_ms).attributes.get("Policy")
    changed = permissions.add_permission(policy, context.arn(queue), label, accounts, actions)
    context.store.queues.set_attributes(queue, now_ms, {"Policy": changed})


def remove_permission(context: Context, queue: QueueId, label: str | None) -> None:
    """Take a statement out of a queue's policy, in two commands; raises the SqsError that AWS would give."""
    now_ms = context.clock.now_ms()
    policy = context.store.queues.describe(queue, now_ms).attributes.get("Policy")
    context.store.queues.set_attributes(queue, now_ms, {"Policy": permissions.remove_permission(policy, label)})
