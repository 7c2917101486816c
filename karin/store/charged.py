"""A client for short visits: it only counts its commands, where this machine keeps a budget of them."""

from typing import Any

import redis
from redis.client import Pipeline

from karin.store.faults import Cells


class ChargedClient(redis.Redis):
    """redis-py's client, whose commands are counted in one cell."""

    def __init__(self, pool: redis.ConnectionPool, charged: Cells) -> None:
        super().__init__(connection_pool=pool)
        self._charged = charged

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run one command."""
        self._charged[0] += 1
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """Return a pipeline whose commands are counted when it is run."""
        made = _ChargedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        made.charged, made.beside = self._charged, 2 if transaction else 0
        return made


class _ChargedPipeline(Pipeline):
    charged: Cells
    beside: int  # commands: MULTI and EXEC

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands = len(self.command_stack) + self.beside
        self.charged[0] += commands
        return super().execute(raise_on_error)
