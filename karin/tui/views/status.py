"""How karin does: who is alive, what it delivers, what it takes of memory and of the store, and what it saves."""

from collections.abc import Iterator

from karin.mapping.saving import monthly_saving
from karin.tui.times import Now
from karin.tui.views import vitals
from karin.tui.views.listing import Cell, Column, Detail, Need, Row, Section, Subject, View
from karin.tui.views.text import one_line
from karin.tui.views.vitals import Vital
from karin.tui.world import World


class StatusView(View):
    """One row per fact."""

    name = "status"
    title = "Status"
    columns = (
        Column(" "),
        Column("WHAT"),
        Column("HOW IT IS", is_flexible=True, is_sentence=True),
    )
    signs = (vitals.BROKEN, vitals.CARE)
    needs = frozenset({Need.STORE, Need.PROCESSES})

    def __init__(self, *, store_title: str, endpoint_url: str, metrics_url: str | None = None) -> None:
        """Know the store as people name it, without its password, and where endpoint and metrics are, if they are."""
        self._store_title = store_title
        self._endpoint_url = endpoint_url
        self._metrics_url = metrics_url

    def rows(self, world: World, now: Now) -> list[Row] | None:
        """Return a row for each fact that is known."""
        return None if world.status is None else [_row(key, vital) for key, vital in self._keyed(world, now)]

    def empty(self, world: World) -> str:  # noqa: ARG002 - a status that was read has rows
        """Say what is missing."""
        return "nothing is known yet"

    def detail(self, world: World, key: str, now: Now) -> Detail | None:
        """Return a fact whole: where the terminal is narrow its row is cut."""
        vital = next((one for at, one in self._keyed(world, now) if at == key), None)
        if vital is None:
            return None
        return Detail(vital.label, (Section(text=one_line(vital.value)),), _subject(vital), raw=vital.value)

    def facts(self, world: World) -> object:
        """Return everything as values."""
        status = world.status
        mappings = status.snapshot.mappings if status and status.snapshot else ()
        return {
            "versions": vitals.versions(),
            "endpoint": self._endpoint_url,
            "metrics": self._metrics_url,
            "store_title": self._store_title,
            "parts": world.parts._asdict() if world.parts else None,
            "schedulers_alive": status.schedulers_alive if status else None,
            "queues": len(status.queues) if status else None,
            "messages": dict(zip(("ready", "in_flight", "delayed"), status.counts, strict=True)) if status else None,
            "next_due_at_ms": status.next_due_at_ms if status else None,
            "mappings": len(mappings),
            "mappings_served": sum(mapping.is_served for mapping in mappings),
            "mappings_paused": len(vitals.paused_names(status, world)) if status else 0,
            "synced_at_ms": status.snapshot.synced_at_ms if status and status.snapshot else None,
            "saved_a_month": monthly_saving(mappings)._asdict(),
            "started_at_ms": world.karin_started_at_ms,
            "processes": world.processes,
            "store": world.store,
            "spending": world.spending,
            "budget": world.outlook,
        }

    def _keyed(self, world: World, now: Now) -> Iterator[tuple[str, Vital]]:
        """Yield each fact with a key that stays its own; a label may come twice."""
        seen: dict[str, int] = {}
        for vital in self._vitals(world, now):
            seen[vital.label] = seen.get(vital.label, 0) + 1
            yield f"{vital.label} {seen[vital.label]}", vital

    def _vitals(self, world: World, now: Now) -> Iterator[Vital]:
        status = world.status
        if status is None:
            return
        titles = {"store_title": self._store_title, "endpoint_url": self._endpoint_url}
        yield from vitals.of_karin(status, world, now, **titles)
        if self._metrics_url:
            yield Vital("metrics", self._metrics_url)
        yield from vitals.of_saving(status)
        yield from vitals.of_processes(world.processes, world.karin_started_at_ms, now)
        if world.store is not None:
            yield from vitals.of_store(world.store, now)
        if world.outlook is not None:
            yield from vitals.of_budget(world.outlook)
        if world.spending is not None:
            yield from vitals.of_spending(world.spending, now)
        yield from vitals.of_versions()


def _subject(vital: Vital) -> Subject:
    return Subject(vital.value)


def _row(key: str, vital: Vital) -> Row:
    sign = vital.sign
    return Row(
        key,
        (
            Cell(sign.character if sign else " ", f"bold {sign.style}" if sign else ""),
            Cell(vital.label, "" if sign else "dim"),
            Cell(one_line(vital.value), sign.style if sign else ""),
        ),
        _subject(vital),
    )
