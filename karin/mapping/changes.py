"""What is different between two readings of a deployment, field by field, in words for people and scripts."""

import json
from collections.abc import Callable, Mapping

import msgspec

from karin.mapping import model


class FieldChange(msgspec.Struct, frozen=True):
    """One field of a mapping, or one attribute of a queue, before and after; ``none`` where there is no value."""

    field: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.field} {self.before} -> {self.after}"


class MappingChange(msgspec.Struct, frozen=True):
    """A mapping that was deployed anew with something different; ``mapping`` is its title."""

    mapping: str
    fields: tuple[FieldChange, ...]


class MappingChanges(msgspec.Struct, frozen=True):
    """What a new reading says of mappings: titles of those that are new or gone, and what changed in the others."""

    added: tuple[str, ...] = ()
    changed: tuple[MappingChange, ...] = ()
    removed: tuple[str, ...] = ()


def title(mapping: model.Mapping) -> str:
    """Return a mapping as people name it."""
    return f"{mapping.queue.name} -> {mapping.function_name}"


def mapping_changes(before: model.Snapshot | None, after: model.Snapshot) -> MappingChanges:
    """Compare the mappings of two snapshots by their UUIDs; without the first, all are new."""
    old = {mapping.uuid: mapping for mapping in before.mappings} if before else {}
    new = {mapping.uuid: mapping for mapping in after.mappings}
    changed = (
        MappingChange(title(mapping), fields)
        for uuid, mapping in new.items()
        if uuid in old and (fields := _mapping_fields(old[uuid], mapping))
    )
    return MappingChanges(
        added=tuple(title(mapping) for uuid, mapping in new.items() if uuid not in old),
        changed=tuple(changed),
        removed=tuple(title(mapping) for uuid, mapping in old.items() if uuid not in new),
    )


def attribute_changes(before: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[FieldChange, ...]:
    """Compare a queue's attributes with those wanted, of which an empty one is to be removed."""
    return tuple(
        FieldChange(name, before.get(name) or "none", value or "none")
        for name, value in wanted.items()
        if not _are_equal(before.get(name, ""), value)
    )


def _mapping_fields(before: model.Mapping, after: model.Mapping) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(name, said_before, said_after)
        for name, said in _FIELDS.items()
        if (said_before := said(before)) != (said_after := said(after))
    )


def _are_equal(before: str, after: str) -> bool:
    """Tell whether two values say the same; policies are JSON, whose members may come in any order."""
    if before == after or not (before.startswith("{") and after.startswith("{")):
        return before == after
    return bool(json.loads(before) == json.loads(after))


def _list(values: tuple[str, ...]) -> str:
    return ", ".join(values) or "none"


_FIELDS: dict[str, Callable[[model.Mapping], str]] = {
    "queue": lambda mapping: mapping.queue_arn,
    "function": lambda mapping: mapping.function_name,
    "state": lambda mapping: mapping.state,
    "batch size": lambda mapping: str(mapping.batch_size),
    "window": lambda mapping: f"{mapping.window_seconds} s",
    "max concurrency": lambda mapping: str(mapping.max_concurrency or "none"),
    "response types": lambda mapping: _list(mapping.response_types),
    "filters": lambda mapping: _list(mapping.filters) if mapping.filters_readable else "unreadable",
}
