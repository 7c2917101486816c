"""All execution environments of the service: which are idle, when a new one is needed, when an old one ends."""

from collections.abc import Mapping
from typing import TextIO

import gevent

from karin.clock import Clock
from karin.local.definition import Definition, Function
from karin.local.environment import ExecutionEnvironment
from karin.local.runtime_api import create_runtime_api

MAX_IDLE = 4  # environments kept for a function that has nothing to do
IDLE_LIMIT_MS = 300_000
ROUND_SECONDS = 30


class Environments:
    """Gives out idle environments first, the one last used before the others, and starts new ones otherwise."""

    def __init__(self, definition: Definition, inherited: Mapping[str, str], clock: Clock, copy_to: TextIO) -> None:
        self._definition = definition
        self._inherited = inherited
        self._clock = clock
        self._copy_to = copy_to
        self._runtime_api = create_runtime_api()
        self._all: set[ExecutionEnvironment] = set()
        self._idle: dict[str, list[ExecutionEnvironment]] = {}

    def take(self, function: Function) -> ExecutionEnvironment:
        """Return an environment for one call; raises OSError when a new one cannot be started."""
        idle = self._idle.get(function.name, [])
        while idle:
            environment = idle.pop()
            if not environment.has_ended():
                return environment
            self._end(environment)
        environment = ExecutionEnvironment(function, self._runtime_api, self._clock, self._copy_to)
        environment.start(self._definition, self._inherited)
        self._all.add(environment)
        return environment

    def give_back(self, environment: ExecutionEnvironment) -> None:
        """Keep an environment for later calls, or end it when it is broken or one too many."""
        idle = self._idle.setdefault(environment.function.name, [])
        if not environment.is_usable or len(idle) >= MAX_IDLE:
            self._end(environment)
            return
        environment.idle_since_ms = self._clock.now_ms()
        idle.append(environment)

    def end_idle(self) -> None:
        """End the environments that have had nothing to do for long: one round."""
        limit_ms = self._clock.now_ms() - IDLE_LIMIT_MS
        for name, idle in self._idle.items():
            self._idle[name] = [it for it in idle if it.is_usable and it.idle_since_ms > limit_ms]
            for environment in set(idle) - set(self._idle[name]):
                self._end(environment)

    def run(self) -> None:
        """Do a round every now and then. Runs as its own greenlet."""
        while True:
            gevent.sleep(ROUND_SECONDS)
            self.end_idle()

    def stop(self) -> None:
        """End all of them, at the same time."""
        gevent.joinall([gevent.spawn(environment.stop) for environment in self._all])

    def _end(self, environment: ExecutionEnvironment) -> None:
        self._all.discard(environment)
        environment.stop()
