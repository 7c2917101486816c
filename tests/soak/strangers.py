"""What else reaches a karin in its long life: callers that hang up, senders of nonsense, operators, a deployment."""

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlsplit

from tests.soak import functions
from tests.soak.functions import Functions
from tests.soak.load import QUIET, Activity, Place

NONSENSE = (b"\x16\x03\x01\x02", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9999\r\n\r\nhalf")
HEADERS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"}
MOST_MOVES = 2  # of what is dead, before it is purged


def leave_a_long_poll(place: Place) -> None:
    """Begin to wait for messages, and hang up."""
    caller = _connection(place)
    with closing(caller):
        body = {"QueueUrl": place.url_of(QUIET), "WaitTimeSeconds": 20}
        caller.request("POST", "/", json.dumps(body), HEADERS)
        assert caller.sock is not None
        caller.sock.settimeout(0.5)
        try:
            caller.getresponse()
        except TimeoutError:
            return
    raise AssertionError("an empty queue answered at once")


def look_at_health(place: Place) -> None:
    """Ask for karin's health over a connection of its own."""
    caller = _connection(place)
    with closing(caller):
        caller.request("GET", "/healthz")
        answer = caller.getresponse()
        said = answer.read()
        assert answer.status == http.HTTPStatus.OK, said


def talk_nonsense(place: Place) -> None:
    """Send what is not a request, or no action, and take whatever comes."""
    address = urlsplit(place.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), 5) as stranger:
        stranger.sendall(place.chance.choice(NONSENSE))
    caller = _connection(place)
    with closing(caller):
        caller.request("POST", f"/{place.rounds}", b"{" * place.rounds, HEADERS | {"X-Amz-Target": f"A.{place.rounds}"})
        answer = caller.getresponse()
        answer.read()
        assert answer.status == http.HTTPStatus.BAD_REQUEST


def bury_the_dead(place: Place) -> None:
    """Move dead letters back to where they came from; now and then throw them away."""
    url = place.url_of(functions.DEAD)
    if place.rounds % (MOST_MOVES + 1) == MOST_MOVES:
        place.sqs.purge_queue(QueueUrl=url)
    else:
        arn = place.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        place.sqs.start_message_move_task(SourceArn=arn)


class Operator:
    """Looks after karin with its commands, one after the other."""

    COMMANDS = ("status", "queues", "mappings", "invocations", "pause", "resume", "doctor")

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self, place: Place) -> None:
        """Run the next command."""
        name = self.COMMANDS[place.rounds % len(self.COMMANDS)]
        arguments = (name, functions.SLOW) if name in ("pause", "resume") else (name,)
        run(self._environ, *arguments, may_fail=name == "doctor")  # it finds what is wrong here: functions that fail


class Deployer:
    """Deploys a mapping under another name, has karin read it, and deletes the queue that the last one had."""

    def __init__(self, environ: Mapping[str, str], service: Functions) -> None:
        self._environ = environ
        self._service = service

    def __call__(self, place: Place) -> None:
        """Deploy once more."""
        guest, last = f"guest-{place.rounds}", f"guest-{place.rounds - 1}"
        self._service.invite(guest)
        run(self._environ, "sync")
        place.send(guest, 2)
        if place.rounds:
            place.sqs.delete_queue(QueueUrl=place.url_of(last))


def activities(environ: Mapping[str, str], service: Functions) -> list[Activity]:
    """Return what strangers, operators and deployments do."""
    return [
        *[Activity(leave_a_long_poll, 1.0)] * 2,
        Activity(look_at_health, 1.0),
        Activity(talk_nonsense, 2.0),
        Activity(bury_the_dead, 40.0),
        Activity(Operator(environ), 15.0),
        Activity(Deployer(environ, service), 40.0),
    ]


def run(environ: Mapping[str, str], *arguments: str, may_fail: bool = False) -> None:
    """Run a command of karin."""
    command = [sys.executable, "-m", "karin", *arguments]
    ran = subprocess.run(
        command, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120
    )
    assert may_fail or ran.returncode == 0, f"karin {' '.join(arguments)}: {ran.stderr}{ran.stdout}"


def _connection(place: Place) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(place.url).netloc, timeout=30)
