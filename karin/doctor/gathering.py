"""Gathering all facts: from AWS, from the store, from this machine. What cannot be found out is left out, and said."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from karin.aws.catalog import AwsCatalog
from karin.aws.clients import AwsClients
from karin.aws.inspection import AwsInspector, DryRun
from karin.aws.unavailable import CatalogUnavailable
from karin.budget.opening import open_ledger
from karin.doctor.facts import AwsFacts, Facts, MetricsFacts
from karin.doctor.platform import read_platform
from karin.finding import Running
from karin.mapping.model import Snapshot
from karin.operations import status
from karin.operations.syncing import preview
from karin.parts import look
from karin.sqs.quotas import Limits
from karin.store.connection import StoreUnavailable

METRICS_SECONDS = 5

T = TypeVar("T")


def gather(running: Running, environ: Mapping[str, str], folder: Path) -> Facts:
    """Return everything the checks look at; ``folder`` is where a fly.toml may lie. Raises nothing that is foreseen.

    Costs what a dry sync costs, a dry run for each mapped function, and two more calls of AWS.
    """
    context, settings = running.context, running.settings
    store_problems: list[str] = []

    def stored(ask: Callable[[], T]) -> T | None:
        if store_problems:
            return None  # each further question would only wait for the same answer
        try:
            return ask()
        except StoreUnavailable as error:
            store_problems.append(str(error))
            return None

    synced = stored(context.store.deployment.snapshot)
    schedulers_alive = stored(lambda: status.scheduler_count(context, settings))
    queues = stored(lambda: status.queue_states(context))
    pauses = stored(context.store.pauses.all)
    limits = stored(context.quotas.read_limits)
    ledger = open_ledger(settings, context.clock)
    clients = AwsClients()
    catalog = AwsCatalog(clients)
    deployed_problem = ""
    deployed = pending = None
    try:
        pending = stored(lambda: preview(context, catalog))
        deployed = pending.snapshot if pending else catalog.read(context.clock.now_ms(), context.region)
    except CatalogUnavailable as error:
        deployed_problem = str(error)
    return Facts(
        now_ms=context.clock.now_ms(),
        deployed=deployed,
        deployed_problem=deployed_problem,
        synced=synced,
        pending=pending,
        aws=_aws(AwsInspector(context.clock, clients), deployed or synced, context.region),
        store=context.store.inspection.look(context.clock),
        store_problem="; ".join(store_problems),
        store_host=urlsplit(settings.store_url).hostname or "",
        schedulers_alive=schedulers_alive,
        parts=look(settings),
        queues=queues or (),
        pauses=pauses or {},
        limits=limits or Limits(),
        platform=read_platform(environ, folder, settings.home if running.has_embedded_store else None),
        metrics=hear_metrics(settings.metrics_url or ""),
        outlook=ledger.look() if ledger else None,
    )


def hear_metrics(url: str) -> MetricsFacts:
    """Read the metrics, if they are served; "" for nowhere. Raises nothing that is foreseen."""
    if not url:
        return MetricsFacts()
    try:
        # Of this machine: a proxy that the environment names would answer in karin's place.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(url, timeout=METRICS_SECONDS) as answer:
            is_karin = b"karin_build_info" in answer.read()
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return MetricsFacts(url, f"{url} does not answer: {reason}")
    return MetricsFacts(url, "" if is_karin else f"{url} is answered by something else")


def _aws(inspector: AwsInspector, deployment: Snapshot | None, region: str) -> AwsFacts:
    mappings = deployment.mappings if deployment else ()
    heard_lambda = inspector.hear_lambda(region)
    heard_sqs = inspector.hear_sqs(mappings[0].queue_arn) if mappings else None
    calls: list[DryRun] = []
    for function_arn in dict.fromkeys(mapping.function_arn for mapping in mappings):
        calls.append(inspector.dry_run(function_arn))
        if not calls[-1].is_certain:
            break  # AWS is out of reach or busy: each further call would only wait for the same
    return AwsFacts(
        calls=tuple(calls),
        clock_ahead_ms=heard_lambda.clock_ahead_ms,
        sqs_url=heard_sqs.url if heard_sqs else "",
        sqs_is_karin=bool(heard_sqs and heard_sqs.is_karin),
    )
