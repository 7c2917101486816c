"""``python -m karin.aws``: answers the questions of ``karin.aws.apart`` with all of botocore, and ends."""

import os
import select
import signal
import sys

import msgspec

from karin import loading
from karin.aws.apart import NEXT_SECONDS, Deployment, FindAccess, Question, ReadDeployment, ReadUrls, Urls
from karin.aws.catalog import AwsCatalog
from karin.aws.clients import AwsClients
from karin.aws.finding import find_access
from karin.aws.unavailable import CatalogUnavailable


def main() -> None:
    """Answer questions until there are no more, or none comes for some seconds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: whoever asks decides when to end
    loading.loaded()
    clients = AwsClients()
    catalog = AwsCatalog(clients)
    while question := sys.stdin.buffer.readline():
        answer = answer_to(msgspec.json.decode(question, type=Question), clients, catalog)
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()
        if not select.select([sys.stdin], [], [], NEXT_SECONDS)[0]:
            return


def answer_to(question: Question, clients: AwsClients, catalog: AwsCatalog) -> msgspec.Struct:
    """Return the answer."""
    match question:
        case FindAccess(region):
            return find_access(region, clients, os.environ)  # noqa: TID251 - the entry of a process
        case ReadDeployment(now_ms, region, known):
            try:
                return Deployment(catalog.read(now_ms, region, known))
            except CatalogUnavailable as error:
                return Deployment(problem=str(error))
        case ReadUrls(functions, now_ms, region):
            return Urls(*catalog.read_urls(functions, now_ms, region))


if __name__ == "__main__":
    main()
