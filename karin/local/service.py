"""The service's process: command line in, one line on stdout when it listens, and a clean end on a signal."""

import argparse
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

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

DEFAULT_BIND = "127.0.0.1:0"
GRACE_SECONDS = 0.5  # for answers under way when the service is told to end
EXIT_DONE, EXIT_FAILED, EXIT_USAGE = 0, 1, 2


def main(arguments: Sequence[str], environ: Mapping[str, str], clock: Clock, stdout: TextIO, stderr: TextIO) -> int:
    """Serve the definition that the command line names until TERM or INT; returns the exit code."""
    parser = argparse.ArgumentParser(prog="karin.local", description="Serve local functions as AWS Lambda would.")
    parser.add_argument("definition", type=Path, help="JSON file with functions, queues and mappings")
    parser.add_argument("--bind", type=_address, default=DEFAULT_BIND, metavar="HOST:PORT", help="port 0: any")
    options = parser.parse_args(arguments)
    try:
        definition = load_definition(options.definition)
    except DefinitionError as error:
        print(f"karin.local: {error}", file=stderr)
        return EXIT_USAGE
    for function in definition.functions:
        if not launch.is_served(function.runtime):
            print(f"karin.local: {launch.refusal(function)}", file=stderr, flush=True)
    return _serve(definition, options.bind, environ, clock, stdout, stderr)


def _serve(
    definition: Definition,
    bind: tuple[str, int],
    environ: Mapping[str, str],
    clock: Clock,
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    told_to_end = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, told_to_end.set)
    environments = Environments(definition, environ, clock, stderr)
    records = Records()
    invoker = Invoker(environments, records, clock)
    app = create_app(definition, invoker, records, clock)
    try:
        server = listen(bind, app, environ={}, errors=stderr)
    except OSError as error:
        print(f"karin.local: cannot listen on {bind[0]}:{bind[1]}: {os.strerror(error.errno or 0)}", file=stderr)
        return EXIT_FAILED
    rounds = gevent.spawn(environments.run)
    listening = msgspec.json.encode({"listening": f"http://{bind[0]}:{server.server_port}"}).decode()
    print(listening, file=stdout, flush=True)
    told_to_end.wait()
    rounds.kill()
    server.close()
    invoker.stop()
    environments.stop()
    server.stop(timeout=GRACE_SECONDS)
    return EXIT_DONE


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not an address: write host:port, such as {DEFAULT_BIND}")
    return host, int(port)
