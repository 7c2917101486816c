"""Pausing a mapping by hand: none of its messages is delivered until it is resumed; calls in flight end as always."""

from karin.mapping.model import Mapping
from karin.mapping.pause import PausedBy, paused_by_user
from karin.operations.context import Context


def pause(context: Context, mapping: Mapping, reason: str) -> None:
    """Pause a mapping until someone resumes it, and tell all schedulers. Raises StoreUnavailable."""
    context.store.pauses.pause(mapping.uuid, paused_by_user(reason, context.clock.now_ms()))


def resume(context: Context, mapping: Mapping) -> bool:
    """Resume a mapping, whoever paused it; tell whether it was paused. Raises StoreUnavailable."""
    return context.store.pauses.resume(mapping.uuid, PausedBy.USER)
