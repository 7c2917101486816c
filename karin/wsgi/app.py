"""The WSGI application, as gunicorn loads it in each worker."""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import falcon

from karin.budget.ledger import Ledger
from karin.budget.opening import open_ledger
from karin.clock import SystemClock
from karin.operations.context import Context
from karin.parts import ALIVE_PATH
from karin.settings import Settings
from karin.store.connection import StoreUnavailable
from karin.store.faults import Faults
from karin.store.store import Store
from karin.tracing.opening import open_tracing
from karin.wsgi import schema
from karin.wsgi.client_socket import ClientSocket
from karin.wsgi.endpoint import SqsEndpoint
from karin.wsgi.health import Alive, Health
from karin.wsgi.long_poll import LongPolls
from karin.wsgi.request import HttpAnswer, HttpRequest
from karin.wsgi.shared_connection import SharedConnection
from karin.wsgi.waiting import FairLine

if TYPE_CHECKING:
    from karin.tracing.spans import Tracing
    from karin.wsgi.metering import RequestMeter

LONGEST_PAUSE_MS = 5_000  # in which a store that does not serve is not asked: people wait
ROUTED = ("/healthz", ALIVE_PATH)  # what paths begin with that are not the endpoint's
PATIENCE_SECONDS = 1.3  # for one command: callers are told within two seconds
CONNECTIONS = 1  # for the rare commands that are no script, beside one that all share and one for the subscription


class Application(falcon.App[falcon.Request, falcon.Response]):
    """The endpoint and its health, as one WSGI application."""

    def __init__(
        self,
        context: Context,
        settings: Settings,
        meter: "RequestMeter | None" = None,
        tracing: "Tracing | None" = None,
        ledger: Ledger | None = None,
    ) -> None:
        super().__init__()
        self._long_polls = LongPolls(context.store.signals, context.clock)
        header_of = tracing.header_of if tracing else None
        self._endpoint = SqsEndpoint(context, settings, self._long_polls, meter, header_of)
        self.add_route("/healthz", Health(context, settings, ledger))
        self.add_route(ALIVE_PATH, Alive())
        self._routed: tuple[str, ...] = ROUTED
        self.add_sink(self._endpoint, prefix=r"/")
        if settings.index:
            from karin.wsgi.functions.routes import OF_FUNCTIONS, add_pages  # noqa: PLC0415 - others do not pay for them

            self._routed += (OF_FUNCTIONS,)
            add_pages(self, context, settings, self._endpoint)

    def takes(self, raw_path: str) -> bool:
        """Tell whether a POST to a path is for the endpoint, so that ``answer`` may answer it."""
        return not raw_path.startswith(self._routed)

    def answer(self, request: HttpRequest, client: ClientSocket) -> HttpAnswer:
        """Answer a request to the endpoint as Falcon would, which takes 40 us longer."""
        return self._endpoint.answer(request, client)

    def end_waits(self) -> None:
        """Answer everyone who waits for messages, since the worker is about to stop."""
        self._long_polls.end()


def create(environ: Mapping[str, str] = os.environ) -> Application:  # noqa: TID251 - the entry of a process
    """Return the application; before the first request, Redis is asked only whose store it is and what that holds."""
    settings = Settings.from_env(environ)
    meter = _meter(settings) if settings.metrics_bind else None
    faults = Faults(logging.getLogger("karin.endpoint"), LONGEST_PAUSE_MS)
    if meter:
        faults.spent = meter.commands
    ledger = open_ledger(settings, SystemClock())
    if ledger:
        faults.charged, faults.when_used_up = ledger.cells("endpoint"), ledger.refused
    tracing = open_tracing(settings, "endpoint")
    store = Store.open(
        settings.store_url,
        max_connections=CONNECTIONS,
        waiting=FairLine,
        faults=faults,
        patience_seconds=PATIENCE_SECONDS,
        sharing=SharedConnection,
        tracer=tracing,
        tally=meter.tally if meter else None,
    )
    schema.claim(store)
    context = Context.of(store, SystemClock(), settings)
    with suppress(StoreUnavailable):  # else the first send looks
        context.quotas.look(context.clock.now_ms())
    return Application(context, settings, meter, tracing, ledger)


def _meter(settings: Settings) -> "RequestMeter":
    from karin.wsgi.metering import RequestMeter  # noqa: PLC0415 - without metrics nobody pays for them

    return RequestMeter.open(settings.home)
