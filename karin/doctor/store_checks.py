"""Checks of the store: whether it may drop, lose or refuse messages, and whether its provider's plan suffices."""

from collections.abc import Iterator

import msgspec

from karin.budget import words
from karin.doctor.facts import Facts
from karin.doctor.findings import Finding, note, problem
from karin.store.inspection import FILLING, FULL

QUOTA_WORDS = ("max daily request limit", "max requests limit", "db capacity quota")
NEARLY_FULL = 0.8  # of what queues may hold
SECONDS_PER_MONTH = 30 * 24 * 60 * 60
MEGABYTE = 1024 * 1024


class Plan(msgspec.Struct, frozen=True):
    """A provider's free plan, known by the end of its host names."""

    provider: str
    host_end: str
    commands_a_month: int | None = None
    commands_a_second: int | None = None


FREE_PLANS = (
    Plan("Upstash", ".upstash.io", commands_a_month=500_000),
    Plan("Redis Cloud", ".redis-cloud.com", commands_a_second=100),
    Plan("Redis Cloud", ".redislabs.com", commands_a_second=100),
)


def unavailable_store(facts: Facts) -> Iterator[Finding]:
    """The store does not answer, or its plan's commands are used up."""
    said = " ".join([facts.store_problem, *(facts.store.refusals.values() if facts.store else ())])
    if any(words in said.lower() for words in QUOTA_WORDS):
        yield problem(
            "store-quota",
            "store",
            "the commands or the space of its plan are used up",
            why=f"It refuses what karin asks: {said}. Sends fail, and nothing is delivered.",
            fix="Move to a larger plan, or unset REDIS_URL: karin then runs a store of its own. A terminal UI or a"
            " provider's data browser left open spends commands too.",
        )
    elif facts.store_problem and facts.store and facts.store.nodes > 1 and facts.store.info:
        yield problem(
            "store-unavailable",
            "store",
            "a node of its cluster does not serve",
            why=f"{facts.store_problem.rstrip('.')}. Its queues take and deliver nothing, nor do any others"
            " while the cluster wants to be whole (cluster-require-full-coverage).",
            fix="Start that node, or let a replica take its place: CLUSTER FAILOVER FORCE on the replica does so.",
        )
    elif facts.store_problem:
        yield problem(
            "store-unavailable",
            "store",
            "it does not serve",
            why=f"{facts.store_problem.rstrip('.')}. Sends fail, and nothing is delivered.",
            fix="Start it, or correct REDIS_URL; without that, `karin up` runs a store of its own.",
        )


def eviction(facts: Facts) -> Iterator[Finding]:
    """A full store may drop messages to make room."""
    if facts.store is None or not facts.store.drops_messages:
        return
    policy = _info(facts, "maxmemory_policy")
    evicted = _number(facts, "evicted_keys")
    yield problem(
        "eviction",
        "store",
        f"its eviction policy is {policy}" + (f", and it has dropped {evicted:,} keys" if evicted else ""),
        why="When its memory is full it drops whole queues in silence, messages and settings alike.",
        fix="Set maxmemory-policy to noeviction: it then refuses new messages, and the sender hears of it.",
    )


def memory(facts: Facts) -> Iterator[Finding]:
    """The store is nearly full."""
    used, most = _number(facts, "used_memory"), _number(facts, "maxmemory")
    total = _number(facts, "total_system_memory")
    share = facts.store.fullness if facts.store else 0
    if share < FILLING:
        return
    limit = f"{most / MEGABYTE:,.0f} MB that it may take" if most else f"{total / MEGABYTE:,.0f} MB of its machine"
    yield (problem if share >= FULL else note)(
        "store-memory",
        "store",
        f"it uses {used / MEGABYTE:,.0f} of the {limit}",
        why="When it is full, sends are refused"
        + (" or the machine ends the store." if not most else ", or messages dropped if its eviction policy says so."),
        fix="`karin queues` shows where messages pile up: purge what nobody needs, or give the store more room.",
    )


def quotas(facts: Facts) -> Iterator[Finding]:
    """A queue, or all together, hold nearly as much as they may."""
    limits, total = facts.limits, sum(queue.held_bytes for queue in facts.queues)
    held = [(f"queue {queue.queue.name}", queue.held_bytes, limits.queue_bytes, "QUEUE_") for queue in facts.queues]
    for subject, size, most, name in (*held, ("queues", total, limits.total_bytes, "")):
        share = size / most if most else 0
        if share >= NEARLY_FULL:
            yield (problem if share >= FULL else note)(
                "queue-bytes",
                subject,
                f"{'they hold' if subject == 'queues' else 'it holds'} {size:,} of {most:,} bytes, {share:.0%}",
                why="When there is no room left, SendMessage is refused with OverLimit, which SDKs do not try again.",
                fix="See why its messages are not taken (`karin queues`, `karin mappings`); purge what nobody needs, or"
                f" raise KARIN_MAX_{name}BYTES if the store has the memory.",
            )


def connections(facts: Facts) -> Iterator[Finding]:
    """The store refuses connections, or will."""
    connected, most = _number(facts, "connected_clients"), _number(facts, "maxclients")
    rejected = _number(facts, "rejected_connections")
    if rejected or (most and connected / most >= FULL):
        yield note(
            "store-connections",
            "store",
            f"{connected} of {most} connections are in use, {rejected} were refused since it started",
            why="A karin that cannot connect neither takes nor delivers messages. It needs 6 connections a machine.",
            fix="Close what else connects to it, or raise its limit.",
        )


def persistence(facts: Facts) -> Iterator[Finding]:
    """The store forgets everything when it is restarted, or cannot write to its disk."""
    if _info(facts, "aof_last_write_status") == "err" or _info(facts, "rdb_last_bgsave_status") == "err":
        yield problem(
            "store-disk",
            "store",
            "its last write to disk failed",
            why="It refuses messages until it can write again, or loses them when it restarts.",
            fix="Look at its log and at the free space of its disk.",
        )
    save = facts.store.save if facts.store else None
    if _info(facts, "aof_enabled") != "0" or save is None:
        return
    if not save:
        yield problem(
            "no-persistence",
            "store",
            "it keeps nothing on disk",
            why="A restart of the store, also one by its provider, loses every message that waits.",
            fix="Set appendonly yes, choose a plan with persistence, or unset REDIS_URL: karin's own store keeps its"
            " messages on disk.",
        )
    else:
        yield note(
            "rare-snapshots",
            "store",
            f"it writes to disk only now and then (save {save})",
            why="A crash of the store loses what was sent since the last time, and brings back what was delivered.",
            fix="Set appendonly yes.",
        )


def budget(facts: Facts) -> Iterator[Finding]:
    """The commands that this machine may spend today are short, or used up."""
    outlook = facts.outlook
    if outlook is None or (outlook.left and not outlook.level and outlook.empty_at_ms is None):
        return
    yield (note if outlook.left else problem)(
        "store-budget",
        "store",
        words.budget(outlook),
        why="What a plan does not cover the store refuses: then sends fail, and nothing is delivered."
        " Until then karin gives up what messages can do without.",
        fix="Use long polls and batches, close terminal UIs, move to a larger plan and raise KARIN_REDIS_BUDGET, or"
        " unset REDIS_URL: karin's own store has no limit.",
    )


def plan(facts: Facts) -> Iterator[Finding]:
    """At the present rate a free plan will not suffice."""
    for one in FREE_PLANS:
        if not facts.store_host.endswith(one.host_end):
            continue
        processed, uptime = _number(facts, "total_commands_processed"), _number(facts, "uptime_in_seconds")
        if one.commands_a_month and uptime:
            monthly = processed * SECONDS_PER_MONTH // uptime
            if monthly >= one.commands_a_month * FILLING:
                yield _plan_note(one, f"about {monthly:,} commands a month", f"{one.commands_a_month:,} a month")
        now = _number(facts, "instantaneous_ops_per_sec")
        if one.commands_a_second and now >= one.commands_a_second * FILLING:
            yield _plan_note(one, f"{now} commands a second just now", f"{one.commands_a_second} a second")


def _plan_note(one: Plan, spent: str, limit: str) -> Finding:
    return note(
        "store-plan",
        "store",
        f"it gets {spent}",
        why=f"{one.provider}'s free plan ends at {limit}; what goes beyond is refused.",
        fix="Unless you pay for more: set KARIN_REDIS_BUDGET, so that karin gives way before messages do; use long"
        " polls and batches, close terminal UIs, or unset REDIS_URL.",
    )


def cluster(facts: Facts) -> Iterator[Finding]:
    """A cluster serves some queues not at all, or would not if one more machine were lost."""
    if facts.store is None:
        return
    if facts.store.uncovered:
        yield problem(
            "cluster-slots",
            "store",
            f"{facts.store.uncovered:,} of the cluster's 16,384 slots are served by no node",
            why="Queues in those slots take no messages and deliver none.",
            fix="Bring the lost nodes back, or give their slots to others (redis-cli --cluster fix).",
        )
    if facts.store.lonely:
        yield note(
            "cluster-replicas",
            "store",
            f"{len(facts.store.lonely)} of its {facts.store.nodes} primaries have no replica:"
            f" {', '.join(facts.store.lonely)}",
            why="When one of them is lost, so are its queues until it is back, with what it had not on disk.",
            fix="Add a replica to each (CLUSTER REPLICATE), so that one takes over.",
        )


def untold(facts: Facts) -> Iterator[Finding]:
    """The store does not tell what the other checks need."""
    if facts.store is None or facts.store_problem:
        return
    missing = [
        words
        for words, field in (
            ("its eviction policy", "maxmemory_policy"),
            ("its memory", "used_memory"),
            ("whether it keeps data on disk", "aof_enabled"),
        )
        if field not in facts.store.info
    ]
    if facts.store.clock_ahead_ms is None:
        missing.append("its time")
    missing += (
        ["how often it writes to disk"] if facts.store.save is None and _info(facts, "aof_enabled") == "0" else []
    )
    if missing:
        refused = "; ".join(f"{command}: {words}" for command, words in facts.store.refusals.items())
        yield note(
            "store-untold",
            "store",
            f"it does not tell {', '.join(missing)}",
            why="So karin cannot check that." + (f" It refused {refused}." if refused else ""),
            fix="See in its provider's console that eviction is off (noeviction) and that data is kept on disk.",
        )


def _info(facts: Facts, field: str) -> str | None:
    return facts.store.info.get(field) if facts.store else None


def _number(facts: Facts, field: str) -> int:
    return facts.store.number(field) if facts.store else 0
