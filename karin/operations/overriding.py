"""Serving a mapping that AWS polls too: only a person decides that, since what is sent to both is delivered twice."""

from karin.mapping.model import Mapping
from karin.operations.context import Context
from karin.store.signals import Synced


def serve_anyway(context: Context, mapping: Mapping) -> None:
    """Deliver for a mapping from now on, whatever its state in AWS, until that is undone. Raises StoreUnavailable."""
    context.store.deployment.override(mapping.uuid, context.clock.now_ms())
    context.store.signals.publish(Synced())


def serve_as_deployed(context: Context, mapping: Mapping) -> bool:
    """Deliver for a mapping only while AWS does not; tell whether anything is undone. Raises StoreUnavailable."""
    is_undone = context.store.deployment.end_override(mapping.uuid)
    context.store.signals.publish(Synced())
    return is_undone
