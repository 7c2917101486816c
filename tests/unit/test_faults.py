"""When a store is asked again that did not serve."""

import logging

import pytest

from karin.store.faults import AWAY, Faults, StoreUnavailable
from tests.clocks import ManualClock

LONGER_THAN_A_PAUSE_MS = AWAY.longest_pause_ms + 100


def test_a_try_that_other_faults_put_off_does_not_keep_the_next_one_waiting(clock: ManualClock) -> None:
    faults = Faults(logging.getLogger("karin.test"), clock=clock)
    faults.failed(AWAY, "nobody answers", "CLUSTER SLOTS")
    clock.advance(ms=LONGER_THAN_A_PAUSE_MS)
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="too soon for each node"), faults.guarding("CLUSTER SLOTS"):
            raise StoreUnavailable("too soon for each node")
        with pytest.raises(StoreUnavailable, match="nobody answers"), faults.guarding("CLUSTER SLOTS"):
            pytest.fail("asked again at once")
        clock.advance(ms=LONGER_THAN_A_PAUSE_MS)
    with faults.guarding("CLUSTER SLOTS"):
        pass
    assert faults.current() is None
