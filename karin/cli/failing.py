"""What a person is told when a command fails in the store or at a rule of SQS. Loaded only then: it costs Redis."""

from collections.abc import Mapping

from karin.cli import dev_home
from karin.finding import NotRunning
from karin.sqs.errors import SqsError
from karin.store.connection import StoreUnavailable
from karin.store.faults import FULL
from karin.store.schema import NewerStore


def line_of(error: Exception, environ: Mapping[str, str]) -> str | None:
    """Return a failure as one line, None when it is a fault of karin's own."""
    match error:
        case NotRunning():
            return f"{error}{dev_home.hint(environ)}"
        case NewerStore():
            return str(error)
        case SqsError():
            return error.message
        case StoreUnavailable():
            return _without_store(error, environ)
        case _:
            return None


def _without_store(error: StoreUnavailable, environ: Mapping[str, str]) -> str:
    if error.fault is FULL:
        return f"the store does not serve: {FULL.advice}"
    what = str(error).rstrip(".")
    if environ.get("REDIS_URL"):
        return f"{what}: check REDIS_URL, and that it runs"
    return f"{what}: is karin running? `karin up` starts it"
