"""The event source mappings: which queue feeds which function, how, and whether karin delivers for them."""

from karin.mapping.invocation import Invocation
from karin.mapping.model import LambdaFunction, Mapping
from karin.mapping.pause import Pause
from karin.operations import wording
from karin.tui.times import Now
from karin.tui.views.last_call import last_cell, last_pairs, newest
from karin.tui.views.listing import Cell, Column, Detail, Need, Row, Section, Sign, Subject, View
from karin.tui.world import World

SERVED = Sign("+", "green", "karin delivers for this mapping")
PAUSED = Sign("=", "yellow", "it is paused: messages wait")
TWICE = Sign("!", "yellow", "AWS delivers for it as well")
UNSERVED = Sign("x", "red", "karin does not deliver for it")


class MappingsView(View):
    """One row per mapping, as AWS had it at the last sync."""

    name = "mappings"
    title = "Mappings"
    columns = (
        Column(" "),
        Column("QUEUE", is_flexible=True),
        Column("FUNCTION", is_flexible=True),
        Column("BATCH", is_number=True),
        Column("WINDOW", is_number=True, from_width=120),
        Column("MOST CALLS", is_number=True, from_width=130),
        Column("FILTERS", is_number=True, from_width=130),
        Column("IN FLIGHT", is_number=True, from_width=100),
        Column("LAST", from_width=100),
        Column("IN AWS", from_width=72),
        Column("SERVED", is_flexible=True, is_sentence=True),
    )
    signs = (SERVED, PAUSED, TWICE, UNSERVED)
    needs = frozenset({Need.INVOCATIONS})

    def rows(self, world: World, now: Now) -> list[Row] | None:
        """Return a row for each mapping."""
        if world.status is None:
            return None
        return [_row(mapping, world, now) for mapping in _mappings(world)]

    def empty(self, world: World) -> str:
        """Say why there are none."""
        snapshot = world.status.snapshot if world.status else None
        if snapshot is None:
            return f"{wording.NOTHING_SYNCED}: s reads the mappings from AWS"
        return f"{wording.NO_MAPPINGS} in {snapshot.region}: s reads them anew"

    def detail(self, world: World, key: str, now: Now) -> Detail | None:
        """Return all of a mapping, what AWS says of it and what karin makes of that."""
        mapping = next((one for one in _mappings(world) if one.uuid == key), None)
        snapshot = world.status.snapshot if world.status else None
        if mapping is None or snapshot is None:
            return None
        pause, last = world.pauses.get(mapping.uuid), _last_invocation(mapping, world)
        filters = tuple(Section(f"filter {number}", text=one) for number, one in enumerate(mapping.filters, 1))
        return Detail(
            f"{mapping.queue.name} -> {mapping.function_name}",
            (
                Section(pairs=(*_served_pairs(mapping, pause, now), *last_pairs(last, now), *_field_pairs(mapping))),
                _function_section(snapshot.function_of(mapping)),
                *filters,
            ),
            _subject(mapping),
            raw=mapping.function_arn,
        )

    def facts(self, world: World) -> object:
        """Return the mappings and their pauses."""
        return [{"mapping": mapping, "pause": world.pauses.get(mapping.uuid)} for mapping in _mappings(world)]


def _mappings(world: World) -> tuple[Mapping, ...]:
    return world.status.snapshot.mappings if world.status and world.status.snapshot else ()


def _last_invocation(mapping: Mapping, world: World) -> Invocation | None:
    return newest(one for one in world.invocations or () if one.mapping_uuid == mapping.uuid)


def _subject(mapping: Mapping) -> Subject:
    return Subject(mapping.function_arn, queue=mapping.queue, mapping_uuid=mapping.uuid)


def _sign(mapping: Mapping, pause: Pause | None) -> Sign:
    if not mapping.is_served:
        return UNSERVED
    if pause is not None:
        return PAUSED
    return TWICE if mapping.is_delivered_twice else SERVED


def _row(mapping: Mapping, world: World, now: Now) -> Row:
    pause = world.pauses.get(mapping.uuid)
    sign = _sign(mapping, pause)
    states = world.status.queues if world.status else ()
    leased = next((state.leased for state in states if state.queue == mapping.queue), 0)
    return Row(
        mapping.uuid,
        (
            Cell(sign.character, f"bold {sign.style}"),
            Cell(mapping.queue.name),
            Cell(mapping.function_name),
            Cell(str(mapping.batch_size), order=mapping.batch_size),
            Cell(f"{mapping.window_seconds}s", "" if mapping.window_seconds else "dim", mapping.window_seconds),
            Cell(str(mapping.max_concurrency or "-"), order=mapping.max_concurrency or 0),
            Cell(str(len(mapping.filters) or "-"), order=len(mapping.filters)),
            Cell(str(leased), "cyan" if leased else "dim", leased),
            last_cell(_last_invocation(mapping, world), now),
            Cell(mapping.state),
            Cell(wording.served(mapping, pause, now.ms), sign.style),
        ),
        _subject(mapping),
    )


def _served_pairs(mapping: Mapping, pause: Pause | None, now: Now) -> tuple[tuple[str, str], ...]:
    since = (("paused since", now.full(pause.since_ms)),) if pause else ()
    return (("served", wording.served(mapping, pause, now.ms)), *since)


def _field_pairs(mapping: Mapping) -> tuple[tuple[str, str], ...]:
    calls = "no bound of its own" if mapping.max_concurrency is None else f"at most {mapping.max_concurrency} at once"
    return (
        ("state in AWS", mapping.state),
        ("batch", f"up to {wording.counted(mapping.batch_size, 'message')}"),
        ("window", f"{mapping.window_seconds} s" if mapping.window_seconds else "none: a batch goes at once"),
        ("calls", calls),
        ("answers with", "the ids of messages that failed" if mapping.reports_item_failures else "success or failure"),
        ("queue", mapping.queue_arn),
        ("function", mapping.function_arn),
        ("uuid", mapping.uuid),
    )


def _function_section(function: LambdaFunction | None) -> Section:
    if function is None:
        return Section("function", text="it is not deployed: s reads the deployment anew")
    return Section(
        "function",
        pairs=(
            ("runtime", function.runtime or "-"),
            ("timeout", f"{function.timeout_seconds} s"),
            ("memory", f"{function.memory_mb} MB"),
            ("log group", function.log_group or "-"),
        ),
    )
