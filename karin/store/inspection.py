"""How the store itself does: what it says of its memory, its persistence and its clock. For people who look, not for
serving: providers refuse some of these commands.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import redis
from msgspec.structs import replace

from karin.clock import Clock
from karin.mapping.outcome import first_line
from karin.store.connection import Client
from karin.store.faults import StoreUnavailable
from karin.store.scripts import ManyNodes

LOOK_COMMANDS = 3  # INFO, CONFIG, TIME
FULL = 0.9  # of a limit: writes will soon be refused
FILLING = 0.75
MACHINE_SHARE = 0.5  # of a machine's memory, that a store without a limit of its own may take

SUMMED = ("evicted_keys", "rejected_connections", "total_commands_processed", "instantaneous_ops_per_sec")
BAD: dict[str, Callable[[str], bool]] = {  # fields of INFO of which one node's is enough to worry
    "maxmemory_policy": lambda value: value.startswith("allkeys"),
    "aof_enabled": lambda value: value == "0",
    "aof_last_write_status": lambda value: value == "err",
    "rdb_last_bgsave_status": lambda value: value == "err",
}


class StoreFacts(msgspec.Struct, frozen=True):
    """What a store tells of itself.

    ``info`` are the fields of INFO, ``save`` is CONFIG's rule for snapshots on disk ("" for none), and
    ``clock_ahead_ms`` is positive when this machine's clock is ahead of the store's. ``refusals`` maps each command
    that was refused to the store's words. Of a cluster's primaries, ``nodes`` in number, it is the worst of each;
    ``lonely`` are those without a replica, ``uncovered`` is how many slots nobody serves.
    """

    info: dict[str, str] = {}
    save: str | None = None
    clock_ahead_ms: int | None = None
    refusals: dict[str, str] = {}
    nodes: int = 1
    lonely: tuple[str, ...] = ()
    uncovered: int = 0

    def number(self, field: str) -> int:
        """Return a field of INFO that is a whole number; 0 when the store does not tell it."""
        value = self.info.get(field, "")
        return int(value) if value.isdecimal() else 0

    @property
    def drops_messages(self) -> bool:
        """Tell whether a full store makes room by dropping messages.

        Policies named ``volatile`` drop only keys that expire, and no message does.
        """
        return self.info.get("maxmemory_policy", "").startswith("allkeys")

    @property
    def fullness(self) -> float:
        """Return how much of the memory that it may take is used, 1 for all; 0 when it does not tell."""
        used, most, total = (self.number(field) for field in ("used_memory", "maxmemory", "total_system_memory"))
        return used / most if most else used / total / MACHINE_SHARE if total else 0


class Inspection:
    """Asks the store about itself."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def look(self, clock: Clock) -> StoreFacts:
        """Return what the store tells; three commands a node, and what is refused is only missing. Raises nothing."""
        if not isinstance(self._client, ManyNodes):
            return _look(self._client, clock)
        try:
            nodes, slots = self._client.nodes(), self._client.known_slots()
        except (redis.RedisError, StoreUnavailable) as error:
            return StoreFacts(refusals={"CLUSTER SLOTS": first_line(str(error))})
        worst = _worst([_look(node.client, clock) for node in nodes])
        lonely = tuple(f"{host}:{port}" for host, port in slots.lonely)
        return replace(worst, nodes=len(nodes), lonely=lonely, uncovered=slots.uncovered)


def _look(client: Any, clock: Clock) -> StoreFacts:
    refusals: dict[str, str] = {}

    def asked(command: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except (redis.RedisError, StoreUnavailable) as error:
            refusals[command] = first_line(str(error)) or type(error).__name__
            return None

    info = asked("INFO", client.info) or {}
    config = asked("CONFIG GET", lambda: client.config_get("save")) or {}
    before_ms = clock.now_ms()
    time = asked("TIME", client.time)
    half_way_ms = (before_ms + clock.now_ms()) // 2
    return StoreFacts(
        {str(name): str(value) for name, value in info.items() if not isinstance(value, dict)},
        config.get("save"),
        half_way_ms - (time[0] * 1000 + time[1] // 1000) if time else None,
        refusals,
    )


def _worst(nodes: list[StoreFacts]) -> StoreFacts:
    """Return what there is to worry about in any node: the memory of the fullest, what any has dropped or refused."""
    fullest = max(nodes, key=lambda one: one.fullness)
    info = dict(fullest.info)
    for field in SUMMED:
        if any(field in one.info for one in nodes):
            info[field] = str(sum(one.number(field) for one in nodes))
    for field, is_bad in BAD.items():
        info |= next(({field: one.info[field]} for one in nodes if is_bad(one.info.get(field, ""))), {})
    saves = [one.save for one in nodes if one.save is not None]
    clocks = [one.clock_ahead_ms for one in nodes if one.clock_ahead_ms is not None]
    return StoreFacts(
        info,
        min(saves, default=None),  # "" is the worst
        max(clocks, key=abs, default=None),
        {command: said for one in nodes for command, said in one.refusals.items()},
    )
