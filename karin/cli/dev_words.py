"""How ``karin dev`` puts a deployment into words: what runs, what of it cannot, what has changed, a line of its log."""

import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from rich.text import Text

from karin.cli.layout import laid_out, wrapped
from karin.local.definition import Definition, QueueMapping
from karin.local.project.assembly import Reading
from karin.settings import Settings
from karin.sqs.names import FIFO_SUFFIX
from karin.sqs.redrive import read_redrive_policy

# Lambda puts instant, request and level before what a function logs; the time stands before each line here anyway.
_OF_LAMBDA = re.compile(r"(?:\S+Z\t[\w-]*\t(\w+)\t|\[(\w+)\]\t\S+Z\t[\w-]*\t)")
# What awslambdaric says of each handler that it cannot import: that AWS may have changed the runtime. Nobody did here.
_OF_RUNTIME_UPDATES = "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code."
_PLAIN_LEVEL = "INFO"
NO_FUNCTION = "(no function)"


class Served(NamedTuple):
    """Where things are: karin's settings, what the functions' URLs begin with, and Lambda's own API."""

    settings: Settings
    urls: str
    lambda_url: str


def summary(reading: Reading, served: Served, notes: Sequence[str], columns: int | None) -> list[str | Text]:
    """Return what a person needs to know once everything runs, line by line, as wide as ``columns`` or any width."""
    definition, settings = reading.definition, served.settings
    endpoint = f"SQS endpoint {settings.endpoint_url}, any credentials; {definition.account_id} in {definition.region}"
    return [
        Text(f"karin dev: {reading.title}", style="bold"),
        "",
        *_queue_lines(definition, columns),
        *(f"  {served.urls}/{each.name}/ -> {each.name}" for each in definition.functions if each.url),
        "",
        *wrapped(endpoint, columns, "  ", "  "),
        f"  Lambda endpoint {served.lambda_url}",
        "  in another terminal:",
        f"    export KARIN_HOME={shlex.quote(str(settings.home))}",
        *(f"    {line}" for line in _example(definition)),
        f"    {_program('karin-tui')}",
        "",
        *_warnings(reading, notes, columns),
        "Ctrl-C ends it.",
        "",
    ]


def changes(before: Reading, after: Reading, columns: int | None) -> list[str | Text]:
    """Return what is different in a deployment that was read again, line by line."""
    lines: list[str | Text] = []
    for kind, old, new in (
        ("function", _functions(before.definition), _functions(after.definition)),
        ("queue", _queues(before.definition), _queues(after.definition)),
        ("mapping", _mappings(before.definition), _mappings(after.definition)),
    ):
        lines += [f"  new: {kind} {name}" for name in new if name not in old]
        lines += [f"  changed: {kind} {name}" for name in new if name in old and old[name] != new[name]]
        lines += [f"  gone: {kind} {name}" for name in old if name not in new]
    problems: list[str | Text] = [
        Text(line, style="yellow")
        for problem in after.problems
        if problem not in before.problems
        for line in wrapped(problem, columns, "  ", "    ")
    ]
    return [f"{after.title}: read again", *(lines or ["  nothing changed"]), *problems]


def is_worth_showing(text: str) -> bool:
    """Tell whether a line that a function's process wrote says anything on this machine."""
    return _OF_RUNTIME_UPDATES not in text


def log_line(at_ms: int, origin: str, text: str) -> Text:
    """Return a line of the log, without what says the same twice; colours that it has stay."""
    time = datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%H:%M:%S")
    if found := _OF_LAMBDA.match(text):
        level = found[1] or found[2]
        text = text[found.end() :] if level == _PLAIN_LEVEL else f"{level} {text[found.end() :]}"
    line = Text(f"{time} ", style="dim")
    line.append(f"{origin}: ", style="not dim cyan")
    line.append_text(Text.from_ansi(text, style="not dim"))
    return line


def _queue_lines(definition: Definition, columns: int | None) -> list[str]:
    """Return a line per mapping, and one per queue that has none."""
    functions = {function.name: function for function in definition.functions}
    dead_of: dict[str, list[str]] = {}
    rows: list[tuple[str, str, str]] = []
    redrives = {}
    for queue in definition.queues:
        if policy := queue.attributes.get("RedrivePolicy"):
            target, count = read_redrive_policy(policy)
            redrives[queue.name] = f"after {count} tries to {target.name}"
            dead_of.setdefault(target.name, []).append(queue.name)
    for queue in definition.queues:
        mappings = [mapping for mapping in definition.mappings if mapping.queue == queue.name]
        for mapping in mappings:
            details = [functions[mapping.function].runtime, *_details(mapping), redrives.get(queue.name, "")]
            rows.append((queue.name, f"-> {mapping.function}", ", ".join(filter(None, details))))
        if not mappings:
            dead = f"dead letters of {', '.join(dead_of[queue.name])}" if queue.name in dead_of else ""
            rows.append((queue.name, NO_FUNCTION, dead))
    if not rows:
        return ["  no queues: no function has an SQS event that can be used here"]
    table = [(f"  {name}", function, more) for name, function, more in rows]
    return list(laid_out(table, (), columns))


def _details(mapping: QueueMapping) -> list[str]:
    return [
        f"up to {mapping.batch_size}",
        f"within {mapping.window_seconds} s" if mapping.window_seconds else "",
        f"at most {mapping.max_concurrency} at once" if mapping.max_concurrency else "",
        "filtered" if mapping.filters else "",
    ]


def _example(definition: Definition) -> list[str]:
    """Return a command that sends a message: to a queue that is mapped, without a filter if there is one."""
    ranked = sorted(
        definition.mappings, key=lambda mapping: (bool(mapping.filters), mapping.queue.endswith(FIFO_SUFFIX))
    )
    queue = definition.queue(ranked[0].queue) if ranked else None
    if queue is None:
        return []
    return [f"{_program('karin')} send {queue.name} hello{' --group 1' if queue.is_fifo else ''}"]


def _program(name: str) -> str:
    """Return how a person calls one of karin's programs: by its name if that is found."""
    return name if shutil.which(name) else shlex.quote(str(Path(sys.executable).parent / name))


def _warnings(reading: Reading, notes: Sequence[str], columns: int | None) -> list[str | Text]:
    lines: list[str | Text] = []
    for problem in (*reading.problems, *notes):
        lines += [Text(line, style="yellow") for line in wrapped(problem, columns, "", "  ")]
    if reading.ignored:
        lines += wrapped(f"karin dev does not run: {', '.join(reading.ignored)}", columns, "", "  ")
    return [*lines, ""] if lines else []


def _functions(definition: Definition) -> dict[str, object]:
    return {function.name: function for function in definition.functions}


def _queues(definition: Definition) -> dict[str, object]:
    return {queue.name: queue for queue in definition.queues}


def _mappings(definition: Definition) -> dict[str, object]:
    return {f"{mapping.queue} -> {mapping.function}": mapping for mapping in definition.mappings}
