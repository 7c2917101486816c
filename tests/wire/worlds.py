"""The world in which a good request of every action succeeds, made once for many tests."""

from typing import Any

import redis

from karin.clock import SystemClock
from tests.wire.good_requests import Parameters, World, made_world
from tests.wire.raw import ask_json

WORLD_MS = 5_000  # its message in flight is leased for six times as long


class Worlds:
    """Gives tests a world each, in the store that a plain client of bytes looks at.

    Making one takes ten requests, which are the same each time: the store is given their outcome again, for as long as
    its leases have nearly all their time.
    """

    def __init__(self, raw: redis.Redis) -> None:
        self._raw = raw
        self._made: World | None = None
        self._made_at_ms = 0
        self._values: dict[bytes, bytes] = {}  # by key, as the store dumps them

    def build(self, endpoint: str) -> World:
        """Create the queues in an empty store, in which there is then one message that nobody holds, too."""
        now_ms = SystemClock().now_ms()
        with self._raw.pipeline(transaction=False) as pipe:
            if self._made is None or now_ms - self._made_at_ms > WORLD_MS:
                self._made, self._made_at_ms = _made(endpoint), now_ms
                keys: Any = self._raw.keys()
                for key in keys:
                    pipe.dump(key)
                self._values = dict(zip(keys, pipe.execute(), strict=True))
            else:
                for key, value in self._values.items():
                    pipe.restore(key, 0, value)
                pipe.execute()
        return self._made._replace(endpoint=endpoint)


def _made(endpoint: str) -> World:
    def ask(action: str, parameters: Parameters) -> Any:
        answer = ask_json(endpoint, action, parameters)
        assert answer.status == 200, answer
        return answer.json() if answer.body else {}

    return made_world(endpoint, ask)
