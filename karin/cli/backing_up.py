"""``karin backup`` and ``karin restore``: everything in the store as a file, and back."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from karin import runtime
from karin.cli.asking import ask
from karin.cli.main import EXIT_DONE, CommandError
from karin.cli.own_store import store_of
from karin.cli.printing import iso, print_json
from karin.finding import Running
from karin.operations import backing_up, status, wording
from karin.operations.backup_file import BadBackup, NotAFile
from karin.store.copying import AlreadyCopying, UnknownType
from karin.store.schema import NewerStore


def backup(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write everything to a file."""
    path = Path(options.file)
    if path.is_dir():
        raise CommandError(f"{path} is a folder: name a file in it")
    with _one_line_errors(), store_of(environ, make=False) as running:
        if not path.parent.is_dir():
            raise CommandError(f"{path.parent} is no folder: make it first")
        done = backing_up.back_up(running.context, path)
    if options.json:
        print_json({"file": options.file, "queues": done.queues, "messages": done.messages, "bytes": done.bytes})
    else:
        print(f"wrote {_contents(done.queues, done.messages)} to {path}, {done.bytes:,} bytes")
    return EXIT_DONE


def restore(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check a backup as a whole, then fill a store with it."""
    path = Path(options.file)
    with _one_line_errors():
        header, end = backing_up.examine(path)
        # What a newer karin left is not read, but may be replaced: that is how an upgrade is taken back.
        with store_of(environ, make=True, of_any_karin=options.replace) as running:
            _require_nobody(running, force=options.force)
            _require_room(running, options)
            backing_up.restore(running.context, path, header)
    if options.json:
        facts = {"queues": end.queues, "messages": end.messages, "made_at_ms": header.made_at_ms}
        print_json({"file": options.file, **facts})
    else:
        print(f"restored {_contents(end.queues, end.messages)} as of {iso(header.made_at_ms)} from {path}")
    return EXIT_DONE


def _require_nobody(running: Running, *, force: bool) -> None:
    """Refuse a store that a scheduler serves, or this machine's ``karin up``; an endpoint elsewhere leaves no trace."""
    if force:
        return
    alive = status.scheduler_count(running.context, running.settings)
    here = runtime.read(running.settings.home)
    if alive or (here is not None and here.store_url == running.settings.store_url):
        raise CommandError("a karin serves this store: stop it first, or say --force and have messages come twice")


def _require_room(running: Running, options: argparse.Namespace) -> None:
    held = _held(running)
    if held is None:
        return
    if not options.replace:
        raise CommandError(f"the store ({running.store_title}) holds {held}: say --replace to delete them")
    if not options.yes:
        question = f"Delete {held} of the store ({running.store_title}) and restore the backup?"
        ask(question, otherwise="nothing was restored")


def _held(running: Running) -> str | None:
    """Return what a store holds, None when that is nothing."""
    try:
        running.context.store.schema.check()
    except NewerStore:
        return "what a newer karin wrote"
    states = status.queue_states(running.context)
    return _contents(len(states), sum(one.ready + one.delayed + one.leased for one in states)) if states else None


def _contents(queues: int, messages: int) -> str:
    return f"{wording.counted(queues, 'queue')} with {wording.counted(messages, 'message')}"


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except (AlreadyCopying, BadBackup, NotAFile, UnknownType) as error:
        raise CommandError(str(error)) from error
