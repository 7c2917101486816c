"""The WSGI application, as gunicorn loads it in each worker."""

import os
from collections.abc import Mapping

import falcon

from karin.clock import SystemClock
from karin.operations.context import Context
from karin.settings import Settings
from karin.store.store import Store
from karin.wsgi.endpoint import SqsEndpoint
from karin.wsgi.health import Health
from karin.wsgi.waiting import FairLine

CONNECTIONS = 3  # of the endpoint's share of 6 a machine, divided among its workers


def create(environ: Mapping[str, str] = os.environ) -> "falcon.App[falcon.Request, falcon.Response]":  # noqa: TID251 - the entry of a process
    """Return the application; nothing is sent to Redis before the first request."""
    settings = Settings.from_env(environ)
    connections = max(1, CONNECTIONS // settings.workers)
    store = Store.open(settings.store_url, max_connections=connections, waiting=FairLine)
    context = Context.of(store, SystemClock(), settings)
    app = falcon.App()
    app.add_route("/healthz", Health(context, settings.sweep_interval_seconds))
    app.add_sink(SqsEndpoint(context, settings), prefix=r"/")
    return app
