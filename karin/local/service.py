"""The service's process: command line in, one line on stdout when it listens, and a clean end on a signal."""

import argparse
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import gevent
import msgspec
from gevent.event import Event

from karin.clock import Clock
from karin.local import launch
from karin.local.app import create_app
from karin.local.definition import Definition, DefinitionError, load_definition
from karin.local.environments import Environments
from karin.local.invoker import Invoker
from karin.local.listener import listen
from karin.local.records import Records
from karin.local.url_api import create_url_app

DEFAULT_BIND = "127.0.0.1:0"
GRACE_SECONDS = 0.5  # for answers under way when the service is told to end
EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2

Address = tuple[str, int]


def main(arguments: Sequence[str], environ: Mapping[str, str], clock: Clock, stdout: TextIO, stderr: TextIO) -> int:
    """Serve the definition that the command line names until TERM or INT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="karin.local", description="Serve local functions as AWS Lambda would.")
    parser.add_argument("definition", type=Path, help="JSON file with functions, queues and mappings")
    parser.add_argument("--bind", type=_address, default=DEFAULT_BIND, metavar="HOST:PORT", help="port 0: any")
    parser.add_argument("--urls", type=_address, metavar="HOST:PORT", help="serve the functions' URLs there as well")
    options = parser.parse_args(arguments)
    try:
        definition = load_definition(options.definition)
    except DefinitionError as error:
        print(f"karin.local: {error}", file=stderr)
        return EXIT_USAGE
    for function in definition.functions:
        if not launch.is_served(function.runtime):
            print(f"karin.local: {launch.refusal(function)}", file=stderr, flush=True)
    service = Service(options.definition, definition, environ, clock, stderr)
    try:
        listening = service.start(options.bind, options.urls)
    except OSError as error:
        print(f"karin.local: {error.strerror}", file=stderr)
        return EXIT_FAILED
    told_to_end = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, told_to_end.set)
    print(msgspec.json.encode(listening).decode(), file=stdout, flush=True)
    told_to_end.wait()
    service.stop()
    return EXIT_DONE


class Service:
    """Serves the definition of a file, and what the file says later when it is told to read it again."""

    def __init__(
        self, path: Path, definition: Definition, environ: Mapping[str, str], clock: Clock, stderr: TextIO
    ) -> None:
        self._path = path
        self._definition = definition
        self._clock = clock
        self._stderr = stderr
        self._environments = Environments(definition, environ, clock, stderr)
        self._records = Records()
        self._invoker = Invoker(self._environments, self._records, clock, stderr)
        self._urls = ""
        self._servers: list[Any] = []

    def start(self, bind: Address, urls: Address | None) -> dict[str, str]:
        """Listen; return the addresses for whoever started this process. Raises OSError with a line to show."""
        addresses: dict[str, str] = {}
        if urls is not None:
            self._urls = addresses["urls"] = self._listen(urls, self._url_app())
        addresses["listening"] = self._listen(bind, self._app())
        self._rounds = gevent.spawn(self._environments.run)
        return addresses

    def read_again(self) -> None:
        """Serve what the file says now; calls under way finish as they began. Raises DefinitionError."""
        self._definition = load_definition(self._path)
        self._environments.redefine(self._definition)
        *urls, api = self._servers
        for server in urls:
            server.application = self._url_app()
        api.application = self._app()

    def stop(self) -> None:
        """End all functions, then the answers that are under way."""
        self._rounds.kill()
        for server in self._servers:
            server.close()
        self._invoker.stop()
        self._environments.stop()
        gevent.joinall([gevent.spawn(server.stop, timeout=GRACE_SECONDS) for server in self._servers])

    def _app(self) -> object:
        return create_app(
            self._definition,
            self._invoker,
            self._records,
            self._clock,
            urls=self._urls,
            read_again=self.read_again,
        )

    def _url_app(self) -> object:
        return create_url_app(self._definition, self._invoker, self._clock, self._stderr)

    def _listen(self, address: Address, app: object) -> str:
        host, port = address
        try:
            server = listen(address, app, environ={}, errors=self._stderr)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise OSError(error.errno, f"cannot listen on {host}:{port}: {reason}") from error
        self._servers.append(server)
        return f"http://{host}:{server.server_port}"


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not an address: write host:port, such as {DEFAULT_BIND}")
    return host, int(port)
