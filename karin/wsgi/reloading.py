"""Reloading: on SIGHUP gunicorn's master becomes a new one, in the same process and with the same sockets.

gunicorn would fork new workers from a master that has the old code loaded. Here the new master loads all of it anew;
its first worker that is ready ends the old ones, which answer what they are asked until then.
"""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

OLD_WORKERS = "GUNICORN_OLD_WORKERS"  # beside gunicorn's own GUNICORN_PID and GUNICORN_FD: pids, with commas
HELD = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)  # until the new master can obey

log = logging.getLogger("karin.endpoint")


def become_new(server: Any) -> None:
    """Replace this master by a new one. When that cannot be, gunicorn goes on with the code that is loaded."""
    environ = dict(server.cfg.env_orig)
    environ["GUNICORN_PID"] = str(os.getpid())  # any pid: it makes gunicorn take over the sockets
    if server.systemd:
        environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(server.LISTENERS))}
    else:
        environ["GUNICORN_FD"] = ",".join(str(listener.fileno()) for listener in server.LISTENERS)
    environ[OLD_WORKERS] = ",".join(map(str, server.WORKERS))
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)  # the mask survives, and what came meanwhile with it
    try:
        os.chdir(server.START_CTX["cwd"])
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environ)  # noqa: S606 - no shell is meant
    except OSError as error:
        listen()
        log.error("cannot load new code, going on with the old: %s", error)


def listen() -> None:
    """Let the signals come again."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)


class Succession:
    """The workers of the master that was here before, and when they end."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._pids = [int(pid) for pid in environ.get(OLD_WORKERS, "").split(",") if pid]

    def fork(self, worker: Any) -> None:
        """Give the task of ending them to the first worker: a later one would meet strangers with their pids."""
        worker.old_workers, self._pids = self._pids, []

    @staticmethod
    def end(worker: Any) -> None:
        """Tell the old workers to end, in the worker that takes their place."""
        for pid in worker.old_workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
