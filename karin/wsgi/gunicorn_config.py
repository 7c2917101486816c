"""gunicorn's configuration, the one source of truth: ``karin up``, ``karin endpoint`` and ``gunicorn.conf.py`` read it.

Upper case is karin's, lower case are gunicorn's own setting names (gunicorn 27 documentation, "Settings").
"""

import gc
import logging
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from gunicorn.errors import HaltServer

from karin.settings import Settings
from karin.wsgi.reloading import Succession, become_new, listen

SETTINGS = Settings.from_env(os.environ)  # noqa: TID251 - the entry of a process
OLD = Succession(os.environ)  # noqa: TID251
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only for the heartbeat file of workers

wsgi_app = "karin.wsgi.app:create()"
bind = (
    f"[{SETTINGS.bind_host}]:{SETTINGS.bind_port}"
    if ":" in SETTINGS.bind_host
    else (f"{SETTINGS.bind_host}:{SETTINGS.bind_port}")
)
workers = SETTINGS.workers
# A long poll then costs a greenlet, not a thread; docs/decisions.md has the measurement.
worker_class = "karin.wsgi.worker.EndpointWorker"
worker_connections = 1000
proc_name = "karin-endpoint"

# fchmod of the heartbeat file on a slow disk can stall a worker until the master kills it.
worker_tmp_dir = str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK) else None
# Longer than fly-proxy and most load balancers keep an idle connection: they close it, never we in mid-request.
keepalive = 65
# The supervisor allows the endpoint 20 s.
graceful_timeout = 18
# Else a client of a proxy on this machine could set SCRIPT_NAME by a header, and be answered with a 500.
forwarder_headers = ""
# On since 25.1, and it lets anyone with the user's rights stop the endpoint through $HOME/.gunicorn.
control_socket_disable = True
# Presigned GET requests carry the whole message in the URL.
limit_request_line = 8190
# Without a handler Python prints karin's own warnings without their level, and no reader of the log could tell them.
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")


def on_starting(_server: Any) -> None:
    """Have the master end in one line also when it is told to stop while a worker fails to boot."""
    shown = sys.excepthook

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, HaltServer):
            print(f"karin: the endpoint ended: {error.reason}", file=sys.stderr)
        else:
            shown(kind, error, trace)

    sys.excepthook = show


def when_ready(_server: Any) -> None:
    """Hear the signals that came before this master could obey."""
    listen()


def pre_fork(_server: Any, worker: Any) -> None:
    """Say what a new worker has to do beside its work, and let it share the master's memory."""
    gc.collect()
    gc.freeze()  # else the worker's own look for garbage writes to each object, and so copies it: 4 MB
    OLD.fork(worker)


def post_worker_init(worker: Any) -> None:
    """End those whose place a worker takes, now that it is ready."""
    OLD.end(worker)


def on_reload(server: Any) -> None:
    """Load new code, as SIGHUP asks for."""
    become_new(server)


def on_exit(_server: Any) -> None:
    """Tell why the endpoint ends when the store is why."""
    from karin.wsgi.schema import end_master  # noqa: PLC0415 - a master that lives does not pay for Redis

    end_master(SETTINGS)


accesslog = None
loglevel = "warning"
