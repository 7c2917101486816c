"""``python -m karin.aws``: answers one question of ``karin.aws.apart`` with all of botocore, and ends."""

import os
import signal
import sys

import msgspec

from karin.aws.apart import Deployment, FindAccess, Question, ReadDeployment, ReadUrls, Urls
from karin.aws.catalog import AwsCatalog
from karin.aws.clients import AwsClients
from karin.aws.finding import find_access
from karin.aws.unavailable import CatalogUnavailable


def main() -> None:
    """Read a question, write its answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: whoever asks decides when to end
    question: Question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.json.encode(answer_to(question)))


def answer_to(question: Question) -> msgspec.Struct:
    """Return the answer."""
    clients = AwsClients()
    match question:
        case FindAccess(region):
            return find_access(region, clients, os.environ)  # noqa: TID251 - the entry of a process
        case ReadDeployment(now_ms, region, known):
            try:
                return Deployment(AwsCatalog(clients).read(now_ms, region, known))
            except CatalogUnavailable as error:
                return Deployment(problem=str(error))
        case ReadUrls(functions, now_ms, region):
            return Urls(*AwsCatalog(clients).read_urls(functions, now_ms, region))


if __name__ == "__main__":
    main()
