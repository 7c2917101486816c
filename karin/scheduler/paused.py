"""The pauses of mappings as this scheduler knows them: read from the store, and written there when they change."""

import logging
import threading

from karin.mapping.changes import title
from karin.mapping.model import Mapping, Snapshot
from karin.mapping.pause import Pause, PausedBy, paused_by_karin
from karin.operations.context import Context
from karin.store.connection import StoreUnavailable

log = logging.getLogger("karin.scheduler")


class Paused:
    """Pauses by mapping; shared by the threads that call functions.

    What the store cannot be told holds in this scheduler alone, until the next ``load``.
    """

    def __init__(self, context: Context) -> None:
        self._store = context.store.pauses
        self._clock = context.clock
        self._lock = threading.Lock()
        self._known: dict[str, Pause] = {}

    def load(self, *, tries_at_once: bool = False) -> None:
        """Read all pauses anew. Raises StoreUnavailable.

        With ``tries_at_once`` those of karin are over for a trial: something may have been mended.
        """
        known = self._store.all()
        if tries_at_once:
            now_ms = self._clock.now_ms()
            known = {uuid: pause.over(now_ms) for uuid, pause in known.items()}
        with self._lock:
            self._known = known

    def of(self, mapping: Mapping) -> Pause | None:
        """Return the pause of a mapping, whether it still holds or a call may be tried."""
        with self._lock:
            return self._known.get(mapping.uuid)

    def refused(self, mapping: Mapping, reason: str, called_at_ms: int) -> None:
        """Pause a mapping, or pause it for longer, because AWS refused a call that was made at an instant.

        A call that was made before the pause began says nothing new.
        """
        now_ms = self._clock.now_ms()
        with self._lock:
            before = self._known.get(mapping.uuid)
            if before is not None and before.holds(called_at_ms):
                return
            pause = paused_by_karin(before, reason, now_ms)
            self._known[mapping.uuid] = pause
        again_seconds = ((pause.until_ms or now_ms) - now_ms) // 1000
        log.warning("%s is paused, a call is tried again in %d s: %s", title(mapping), again_seconds, reason)
        try:
            self._store.pause(mapping.uuid, pause)
        except StoreUnavailable as error:
            log.warning("cannot tell others that %s is paused: %s", title(mapping), error)

    def accepted(self, mapping: Mapping, called_at_ms: int) -> None:
        """Resume a mapping that karin paused, because a call was accepted that was made after that."""
        with self._lock:
            before = self._known.get(mapping.uuid)
            if before is None or before.by is PausedBy.USER or before.holds(called_at_ms):
                return
            del self._known[mapping.uuid]
        log.info("%s is resumed: AWS accepts its calls again", title(mapping))
        try:
            self._store.resume(mapping.uuid, PausedBy.KARIN)
        except StoreUnavailable as error:
            log.warning("cannot tell others that %s is resumed: %s", title(mapping), error)

    def forget_others(self, snapshot: Snapshot) -> None:
        """Drop the pauses of mappings that are not in a snapshot. Raises StoreUnavailable."""
        with self._lock:
            gone = self._known.keys() - {mapping.uuid for mapping in snapshot.mappings}
            for uuid in gone:
                del self._known[uuid]
        if gone:
            self._store.forget(gone)
