"""What there is to tell of a karin's health, as label and value: of its parts, its processes, its store, its price."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from platform import python_version
from typing import NamedTuple

from msgspec.structs import replace

from karin import __version__
from karin.budget import words
from karin.budget.levels import Outlook
from karin.mapping.changes import title
from karin.mapping.saving import monthly_saving
from karin.operations import wording
from karin.operations.status import Status
from karin.parts import Parts
from karin.store.inspection import FILLING, FULL, StoreFacts
from karin.tui.times import Now
from karin.tui.views.listing import Sign
from karin.tui.world import Process, Spending, World

BROKEN = Sign("x", "red", "something is wrong: look at once")
CARE = Sign("!", "yellow", "something to know or to mend")
MEGABYTE = 1024 * 1024
DAY_SECONDS = 86_400
LEAST_UPTIME_SECONDS = 3_600  # of a store, before its commands a day are told: the first minutes are no measure
LEAST_SPENDING_MS = 60_000
UNTOLD = "it does not tell"


class Vital(NamedTuple):
    """One line: what it is about and how that is, with a sign where something is wrong."""

    label: str
    value: str
    sign: Sign | None = None


def of_karin(status: Status, world: World, now: Now, *, store_title: str, endpoint_url: str) -> Iterator[Vital]:
    """Yield who is alive, what waits and what is served."""
    signs = {"warning": CARE}
    parts = world.parts or Parts()
    if not status.schedulers_alive or parts.scheduler:
        signs["scheduler"] = BROKEN
    if parts.endpoint:
        signs["endpoint"] = BROKEN
    if status.snapshot is None or not all(mapping.is_served for mapping in status.snapshot.mappings):
        signs["mappings"] = CARE
    for label, value in wording.status_rows(
        replace(status, now_ms=now.ms, parts=parts), store=store_title, endpoint_url=endpoint_url
    ):
        yield Vital(label, value, signs.get(label))
    if names := paused_names(status, world):
        yield Vital("paused", f"{', '.join(names)}: messages wait, z resumes under Mappings", CARE)


def paused_names(status: Status, world: World) -> list[str]:
    """Return the mappings that are paused, as people know them."""
    mappings = status.snapshot.mappings if status.snapshot else ()
    return [title(mapping) for mapping in mappings if mapping.uuid in world.pauses]


def of_saving(status: Status) -> Iterator[Vital]:
    """Yield what it saves that AWS does not poll."""
    saving = monthly_saving(status.snapshot.mappings if status.snapshot else ())
    if not saving.requests:
        yield Vital("saved", "nothing: karin serves no mapping that AWS leaves alone")
    elif not saving.dollars:
        yield Vital("saved", f"about {saving.requests:,} SQS requests a month, within the million that is free")
    else:
        cost = f"${saving.dollars:,.2f} beyond the million that is free"
        yield Vital("saved", f"about {saving.requests:,} SQS requests a month: {cost}")


def of_processes(processes: Sequence[Process] | None, started_at_ms: int | None, now: Now) -> Iterator[Vital]:
    """Yield since when karin runs here, each process and what all of them take together."""
    if processes is None:
        yield Vital("processes", "none here: karin runs on another machine, or in parts")
        return
    if started_at_ms is not None:
        yield Vital("started", f"{now.relative(started_at_ms)}, at {now.clock(started_at_ms)}")
    for process in processes:
        size = "untold" if process.pss_bytes is None else megabytes(process.pss_bytes)
        yield Vital("memory", f"{size}: {process.name}, pid {process.pid}")
    told = [process.pss_bytes for process in processes if process.pss_bytes is not None]
    if told:
        bound = "" if len(told) == len(processes) else "at least "
        yield Vital("memory", f"{bound}{megabytes(sum(told))} in all, this terminal UI included")


def of_store(store: StoreFacts, now: Now) -> Iterator[Vital]:
    """Yield what a store tells of itself."""
    if not store.info:
        refused = "; ".join(f"{command}: {words}" for command, words in store.refusals.items())
        yield Vital("store says", f"nothing of itself{f' ({refused})' if refused else ''}", CARE)
        return
    yield Vital("store is", store_version(store) or UNTOLD)
    yield _store_memory(store)
    yield _eviction(store)
    clients, most = store.number("connected_clients"), store.number("maxclients")
    is_crowded = bool(most) and clients / most >= FULL
    yield Vital("connections", f"{clients}{f' of {most}' if most else ''}", CARE if is_crowded else None)
    yield _commands(store, now)


def store_version(store: StoreFacts) -> str:
    """Return a store's kind and version; Valkey tells Redis's as well, whose commands it knows."""
    if "valkey_version" in store.info:
        return f"Valkey {store.info['valkey_version']}"
    return f"Redis {store.info['redis_version']}" if "redis_version" in store.info else ""


def of_spending(spending: Spending, now: Now) -> Iterator[Vital]:
    """Yield how many Redis commands this terminal UI has cost: plans count them."""
    lasted_ms = max(0, now.ms - spending.since_ms)
    value = f"{wording.counted(spending.commands, 'Redis command')} in {wording.elapsed(lasted_ms)}"
    if lasted_ms >= LEAST_SPENDING_MS:
        value += f", about {spending.commands * 60_000 / lasted_ms:.0f} a minute"
    yield Vital("this UI cost", value)


def of_budget(outlook: Outlook) -> Iterator[Vital]:
    """Yield what is spent of the commands that this machine may send in a day, and what is given up for that."""
    sign = BROKEN if not outlook.left else CARE if outlook.level or outlook.empty_at_ms is not None else None
    yield Vital("budget", words.budget(outlook), sign)


def of_versions() -> Iterator[Vital]:
    """Yield what runs here."""
    yield Vital("versions", ", ".join(f"{name} {number}" for name, number in versions().items()))


@cache
def versions() -> dict[str, str]:
    """Return the versions of karin and of what it runs on; Textual is not imported for that."""
    found = {"karin": __version__, "Python": python_version()}
    if textual := _installed_version("textual"):  # plain lines do without
        found["Textual"] = textual
    return found


def _installed_version(package: str) -> str | None:
    """Return a package's version by its folder of facts: to ask ``importlib.metadata`` for it would take 1.3 MB."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    found = next(Path(spec.origin).parents[1].glob(f"{package}-*.dist-info"), None)
    return found.stem.removeprefix(f"{package}-") if found else None


def megabytes(size: int) -> str:
    """Return a size in bytes as people say it: ``8.6 MB``, ``256 MB``."""
    return f"{size / MEGABYTE:,.{1 if size < 100 * MEGABYTE else 0}f} MB"


def _store_memory(store: StoreFacts) -> Vital:
    used, most, total = (store.number(field) for field in ("used_memory", "maxmemory", "total_system_memory"))
    sign = BROKEN if store.fullness >= FULL else CARE if store.fullness >= FILLING else None
    if most:
        return Vital("store memory", f"{megabytes(used)} of {megabytes(most)}, {used / most:.0%}", sign)
    if not used:
        return Vital("store memory", UNTOLD)
    of_machine = f" of the {megabytes(total)} that its machine has" if total else ""
    return Vital("store memory", f"{megabytes(used)}, without a limit{of_machine}", sign)


def _eviction(store: StoreFacts) -> Vital:
    policy = store.info.get("maxmemory_policy")
    if store.drops_messages:
        words = "when it is full it drops whole queues in silence, set noeviction"
        return Vital("evicts", f"{policy}: {words}", BROKEN)
    if policy is None:
        return Vital("evicts", f"{UNTOLD}: see that it is noeviction", CARE)
    if policy == "noeviction":
        return Vital("evicts", "nothing: a full store refuses messages (noeviction)")
    return Vital("evicts", f"no message, only keys that expire ({policy})")


def _commands(store: StoreFacts, now: Now) -> Vital:
    if "total_commands_processed" not in store.info:
        return Vital("commands", UNTOLD)
    count, uptime_seconds = store.number("total_commands_processed"), store.number("uptime_in_seconds")
    value = f"{count:,} since it started {now.relative(now.ms - uptime_seconds * 1000)}"
    if uptime_seconds >= LEAST_UPTIME_SECONDS:
        value += f", about {count * DAY_SECONDS // uptime_seconds:,} a day"
    return Vital("commands", value)
