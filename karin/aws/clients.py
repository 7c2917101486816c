"""Clients of AWS: one botocore session, shared by everything in a process that talks to AWS.

Credentials, endpoints and the rest come from botocore's own chain (``AWS_*``, ``~/.aws``, the machine's role). boto3 is
left out on purpose: it adds 3 MB for S3 transfers to the same session and the same clients.
"""

import threading
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import InvalidConfigError

from karin.aws.models import LeanLoader
from karin.sqs.names import queue_id_from_arn

ONE_BY_ONE = Config(
    connect_timeout=5,  # seconds
    read_timeout=20,  # seconds
    # A throttled call is tried again after up to 1, 2, 4 and 8 seconds, chosen at random: 7.5 s on average.
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=1,
)
"""For whoever asks one thing after the other: all but the calls of functions."""


class AwsClients:
    """Build clients from one session, and at most one at a time: sessions are not thread-safe, clients are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: botocore.session.Session | None = None

    def build(self, service: str, region: str, config: Config) -> Any:
        """Return a new client of a service in a region; raises BotoCoreError when the configuration is unusable."""
        with self._lock:
            try:
                return self.session.create_client(service, region_name=region or None, config=config)
            except ValueError as error:  # botocore's answer to an endpoint URL that is none
                raise InvalidConfigError(error_msg=str(error)) from error

    @property
    def session(self) -> botocore.session.Session:
        """Return the session, for what it knows beside clients; one thread at a time."""
        if self._session is None:
            self._session = _new_session()
        return self._session


def queue_url(client: Any, queue_arn: str) -> str:
    """Return the URL under which a client of SQS reaches a queue, without asking for it."""
    return f"{client.meta.endpoint_url.rstrip('/')}/{queue_id_from_arn(queue_arn)}"


def _new_session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", LeanLoader.of(session.get_config_variable("data_path")))
    return session
