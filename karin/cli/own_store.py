"""The store for commands that need one whether karin runs or not: they run the embedded one for as long as it takes."""

import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from karin.cli.main import CommandError
from karin.embedded import STORE_FOLDER, StoreBinaryError, make_store_folder, store_answers, store_command
from karin.finding import NotRunning, Running, find
from karin.settings import Settings
from karin.supervisor.preflight import StartError, locked, prepare_home

LOOK_SECONDS = 0.05
STOP_SECONDS = 60


@contextmanager
def store_of(environ: Mapping[str, str], *, make: bool, of_any_karin: bool = False) -> Iterator[Running]:
    """Give the karin that runs; else what it would run on, whose store is stopped in the end.

    ``make`` allows a store without any data yet, ``of_any_karin`` one that a newer karin wrote.
    Raises NotRunning, CommandError, and what ``find`` raises.
    """
    try:
        running = find(environ, of_any_karin=of_any_karin)
    except NotRunning:
        settings = Settings.from_env(environ)
        if not make and not (settings.home / STORE_FOLDER).is_dir():
            raise
        with _started(settings):
            yield find(environ, of_any_karin=of_any_karin)
        return
    yield running


@contextmanager
def _started(settings: Settings) -> Iterator[None]:
    try:
        # Without its limit: what a backup copies takes room again, and the rest of karin takes none just now.
        command = [*store_command(settings), "--maxmemory", "0"]
        prepare_home(settings.home)
        with locked(settings.home) as lock:
            make_store_folder(settings.home)
            # In a session of its own: an interrupt from the keyboard is for this process, which then ends the store.
            with subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=(lock,),
            ) as store:
                try:
                    _wait(store, settings)
                    yield
                finally:
                    store.terminate()
                    store.wait(STOP_SECONDS)
    except (StartError, StoreBinaryError) as error:
        raise CommandError(str(error)) from error


def _wait(store: "subprocess.Popen[bytes]", settings: Settings) -> None:
    """Wait until the store has loaded its data, however long that takes."""
    pause = threading.Event()
    while not store_answers(settings.socket_path):
        if (status := store.poll()) is not None:
            raise CommandError(f"the embedded store ended with exit code {status}: `karin up` shows why")
        pause.wait(LOOK_SECONDS)
