"""The functions: how each is deployed, where it is reached, which queues feed it, and how its last call went."""

import shlex
from collections.abc import Sequence

from karin.mapping.invocation import Invocation
from karin.mapping.model import FunctionUrl, LambdaFunction, Mapping, Snapshot
from karin.operations import wording
from karin.sqs.names import region_from_arn
from karin.tui.times import Now
from karin.tui.views.last_call import last_cell, last_pairs, newest
from karin.tui.views.listing import Cell, Column, Detail, Need, Row, Section, Subject, View
from karin.tui.world import World

NOT_READ = "not read yet"
WHO_MAY_CALL = {"NONE": "anyone may call it", "AWS_IAM": "callers sign with IAM"}


class FunctionsView(View):
    """One row per function, as AWS had it at the last sync."""

    name = "functions"
    title = "Functions"
    columns = (
        Column("NAME", is_flexible=True),
        Column("RUNTIME"),
        Column("TIMEOUT", is_number=True),
        Column("MEMORY", is_number=True),
        Column("URL", is_flexible=True),
        Column("LOG GROUP", is_flexible=True, from_width=100),
        Column("QUEUES", is_flexible=True, from_width=100),
        Column("LAST", from_width=100),
    )
    needs = frozenset({Need.INVOCATIONS})

    def rows(self, world: World, now: Now) -> list[Row] | None:
        """Return a row for each function."""
        if world.status is None:
            return None
        snapshot = world.status.snapshot
        return [_row(function, snapshot, world, now) for function in snapshot.functions] if snapshot else []

    def empty(self, world: World) -> str:
        """Say why there are none."""
        snapshot = world.status.snapshot if world.status else None
        if snapshot is None:
            return f"{wording.NOTHING_SYNCED}: s reads the functions from AWS"
        return f"no functions are deployed in {snapshot.region}: s reads them anew"

    def detail(self, world: World, key: str, now: Now) -> Detail | None:
        """Return all of a function: its deployment, its URLs, its mappings and where it logs."""
        snapshot = world.status.snapshot if world.status else None
        function = next((one for one in snapshot.functions if one.arn == key), None) if snapshot else None
        if function is None or snapshot is None:
            return None
        last = _last_invocation(function, world)
        return Detail(
            function.name,
            (
                Section(pairs=(*_field_pairs(function), *last_pairs(last, now))),
                _url_section(function, now),
                _mapping_section(_mappings_of(function, snapshot), world, now),
                _log_section(function),
            ),
            _subject(function),
            raw=function.arn,
        )

    def facts(self, world: World) -> object:
        """Return the functions as they are deployed."""
        return world.status.snapshot.functions if world.status and world.status.snapshot else ()


def _subject(function: LambdaFunction) -> Subject:
    return Subject(function.arn)


def _row(function: LambdaFunction, snapshot: Snapshot, world: World, now: Now) -> Row:
    queues = [mapping.queue.name for mapping in _mappings_of(function, snapshot)]
    return Row(
        function.arn,
        (
            Cell(function.name),
            Cell(function.runtime or "-", "" if function.runtime else "dim"),
            Cell(f"{function.timeout_seconds}s", order=function.timeout_seconds),
            Cell(f"{function.memory_mb} MB", order=function.memory_mb),
            _url_cell(function),
            Cell(function.log_group or "-", "" if function.log_group else "dim"),
            Cell(", ".join(queues) or "-", "" if queues else "dim"),
            last_cell(_last_invocation(function, world), now),
        ),
        _subject(function),
    )


def _url_cell(function: LambdaFunction) -> Cell:
    if not function.urls:
        return Cell("-" if function.urls_read_at_ms else NOT_READ, "dim")
    first, *others = function.urls
    return Cell(first.url + (f" +{len(others)}" if others else ""))


def _mappings_of(function: LambdaFunction, snapshot: Snapshot) -> list[Mapping]:
    """Return the mappings that call a function, by whatever alias, served or not."""
    return [mapping for mapping in snapshot.mappings if snapshot.function_of(mapping) == function]


def _last_invocation(function: LambdaFunction, world: World) -> Invocation | None:
    """Return the newest call of a function among the invocations that were read, by whatever alias."""
    own = (one for one in world.invocations or () if one.function_arn.startswith(function.arn))
    return newest(one for one in own if one.function_arn.removeprefix(function.arn)[:1] in ("", ":"))


def _field_pairs(function: LambdaFunction) -> tuple[tuple[str, str], ...]:
    return (
        ("runtime", function.runtime or "none: a container image"),
        ("timeout", f"{function.timeout_seconds} s"),
        ("memory", f"{function.memory_mb} MB"),
        ("revision", function.revision or "-"),
        ("arn", function.arn),
    )


def _url_section(function: LambdaFunction, now: Now) -> Section:
    if function.urls:
        return Section("urls", pairs=tuple((_who_may_call(url), url.url) for url in function.urls))
    if not function.urls_read_at_ms:
        return Section("urls", text=f"{NOT_READ}: s reads them")
    return Section("urls", text=f"none, as AWS said {now.relative(function.urls_read_at_ms)}")


def _who_may_call(url: FunctionUrl) -> str:
    return f"{url.auth_type}: {WHO_MAY_CALL[url.auth_type]}" if url.auth_type in WHO_MAY_CALL else url.auth_type


def _mapping_section(mappings: Sequence[Mapping], world: World, now: Now) -> Section:
    if not mappings:
        return Section("queues that feed it", text="none: only its own URL, or other services, call it")
    pairs = ((one.queue.name, wording.served(one, world.pauses.get(one.uuid), now.ms)) for one in mappings)
    return Section("queues that feed it, and if karin serves them", pairs=tuple(pairs))


def _log_section(function: LambdaFunction) -> Section:
    if not function.log_group:
        return Section("log", text="AWS told of no log group")
    region = region_from_arn(function.arn)
    follow = f"aws logs tail {shlex.quote(function.log_group)} --follow{f' --region {region}' if region else ''}"
    return Section("log", pairs=(("group", function.log_group), ("follow it", follow)))
