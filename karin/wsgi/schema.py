"""The endpoint's look at whose store it serves: one command when a worker starts, none for a request.

A worker that cannot serve a store ends as gunicorn's workers do that fail to boot, since gunicorn starts any other anew
for ever; its master then ends with karin's own exit code.
"""

import logging
import os
import sys

import gevent
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from karin.settings import Settings
from karin.store.connection import StoreUnavailable
from karin.store.schema import EXIT_NEWER_STORE, NewerStore
from karin.store.store import Store

AGAIN_SECONDS = 1.0

log = logging.getLogger("karin.endpoint")


def claim(store: Store) -> None:
    """End this worker if a newer karin wrote the store; a store that does not answer yet is asked again later."""
    try:
        store.schema.claim()
    except StoreUnavailable:
        gevent.spawn_later(AGAIN_SECONDS, claim, store)
    except NewerStore as error:
        log.error("%s", error)
        os._exit(Arbiter.WORKER_BOOT_ERROR)  # also from a greenlet, where SystemExit would wait for the others


def end_master(settings: Settings) -> None:
    """End gunicorn's master with a line and an exit code of its own, if that is why its worker did not boot."""
    halt = sys.exc_info()[1]
    if not isinstance(halt, HaltServer) or halt.exit_status != Arbiter.WORKER_BOOT_ERROR:
        return
    try:
        Store.open(settings.store_url, max_connections=1).schema.check()
    except StoreUnavailable:
        return
    except NewerStore as error:
        print(f"karin: {error}", file=sys.stderr, flush=True)
        sys.exit(EXIT_NEWER_STORE)
