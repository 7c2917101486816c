"""All execution environments of the service: which are idle, when a new one is needed, when an old one ends."""

from collections.abc import Callable, Mapping
from typing import TextIO

import gevent

from karin.clock import Clock
from karin.local.definition import Definition, Function
from karin.local.editions import Editions
from karin.local.environment import ExecutionEnvironment
from karin.local.runtime_api import create_runtime_api

MAX_IDLE = 4  # environments kept for a function that has nothing to do
IDLE_LIMIT_MS = 300_000
ROUND_SECONDS = 30


class Environments:
    """Gives out idle environments first, the one last used before the others, and starts new ones otherwise.

    An environment serves only the function as it was when it started: once the code on disk or the definition has
    changed it finishes its call and ends.
    """

    def __init__(self, definition: Definition, inherited: Mapping[str, str], clock: Clock, copy_to: TextIO) -> None:
        self._definition = definition
        self._inherited = inherited
        self._clock = clock
        self._copy_to = copy_to
        self._runtime_api = create_runtime_api()
        self._editions = Editions(clock)
        self._all: set[ExecutionEnvironment] = set()
        self._idle: dict[str, list[ExecutionEnvironment]] = {}
        self._newest: dict[str, object] = {}  # of each function, the edition last started

    def take(self, function: Function) -> ExecutionEnvironment:
        """Return an environment for one call; raises OSError when a new one cannot be started."""
        edition = self._edition(function)
        idle = self._idle.get(function.name, [])
        while idle:
            environment = idle.pop()
            if environment.edition == edition and not environment.has_ended():
                return environment
            self._end(environment)
        if self._newest.setdefault(function.name, edition) != edition:
            self._newest[function.name] = edition
            print(f"karin.local: {function.name} has changed: starting it anew", file=self._copy_to, flush=True)
        environment = ExecutionEnvironment(function, edition, self._runtime_api, self._clock, self._copy_to)
        environment.start(self._definition, self._inherited)
        self._all.add(environment)
        return environment

    def give_back(self, environment: ExecutionEnvironment) -> None:
        """Keep an environment for later calls, or end it when it is broken or one too many."""
        idle = self._idle.setdefault(environment.function.name, [])
        function = self._definition.function(environment.function.name)
        is_current = function is not None and self._edition(function) == environment.edition
        if not environment.is_usable or not is_current or len(idle) >= MAX_IDLE:
            self._end(environment)
            return
        environment.idle_since_ms = self._clock.now_ms()
        idle.append(environment)

    def redefine(self, definition: Definition) -> None:
        """Start environments by another definition from now on, and end those of functions that are no more."""
        self._definition = definition
        self._keep_idle(lambda environment: definition.function(environment.function.name) is not None)

    def end_idle(self) -> None:
        """End the environments that have had nothing to do for long: one round."""
        limit_ms = self._clock.now_ms() - IDLE_LIMIT_MS
        self._keep_idle(lambda environment: environment.is_usable and environment.idle_since_ms > limit_ms)

    def run(self) -> None:
        """Do a round every now and then. Runs as its own greenlet."""
        while True:
            gevent.sleep(ROUND_SECONDS)
            self.end_idle()

    def stop(self) -> None:
        """End all of them, at the same time."""
        gevent.joinall([gevent.spawn(environment.stop) for environment in self._all])

    def _edition(self, function: Function) -> object:
        """Return all that makes an environment outdated when it changes."""
        of = self._definition
        return function, self._editions.of(function), of.account_id, of.region, of.sqs_endpoint, of.python

    def _keep_idle(self, is_wanted: Callable[[ExecutionEnvironment], bool]) -> None:
        """End the idle environments that are not wanted."""
        unwanted: list[ExecutionEnvironment] = []
        for name, idle in self._idle.items():
            unwanted += [environment for environment in idle if not is_wanted(environment)]
            self._idle[name] = [environment for environment in idle if is_wanted(environment)]
        for environment in unwanted:  # not before: ending one lets other greenlets run
            self._end(environment)

    def _end(self, environment: ExecutionEnvironment) -> None:
        self._all.discard(environment)
        environment.stop()
