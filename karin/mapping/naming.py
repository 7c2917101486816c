"""Finding the mapping that a person means."""

from karin.mapping.changes import title
from karin.mapping.model import Mapping, Snapshot

UUID_START = 8  # as many characters tell mappings apart


def mappings_named(snapshot: Snapshot, name: str) -> tuple[Mapping, ...]:
    """Return the mappings that a name may mean: a UUID or its start, ``queue -> function``, a queue or a function.

    The more exact meaning wins; several mappings are returned when a queue or a function has several.
    """
    meanings = (
        lambda one: one.uuid == name or (len(name) >= UUID_START and one.uuid.startswith(name)),
        lambda one: title(one) == name,
        lambda one: one.queue.name == name,
        lambda one: one.function_name == name,
    )
    for is_meant in meanings:
        if found := tuple(mapping for mapping in snapshot.mappings if is_meant(mapping)):
            return found
    return ()
