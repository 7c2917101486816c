"""In whose zone times are shown: the one that is asked for, else that of TZ, else the machine's."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest
from tzlocal import get_localzone

from karin.tui.times import Now
from karin.tui.zones import UnknownZone, zone_of
from tests.tui import scenes
from tests.tui.fakes import SIZES, Desk
from tests.tui.worlds import NOW_MS

SEOUL = ZoneInfo("Asia/Seoul")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("given", "environ", "zone"),
    [
        ("Asia/Seoul", {"TZ": "America/New_York"}, SEOUL),
        (None, {"TZ": "America/New_York"}, NEW_YORK),
        (None, {"TZ": ":America/New_York"}, NEW_YORK),
        ("", {"TZ": "America/New_York"}, NEW_YORK),
        ("UTC", {}, ZoneInfo("UTC")),
    ],
)
def test_what_is_given_comes_before_what_the_environment_says(
    given: str | None, environ: dict[str, str], zone: tzinfo
) -> None:
    assert zone_of(given, environ) == zone


@pytest.mark.parametrize(
    "name", ["Nowhere/Land", "KST9KDT", "", ":", "../../etc/passwd", "/etc/localtime", "a" * 300, "Asia"]
)
def test_a_tz_that_names_no_zone_is_left_to_the_machine(name: str) -> None:
    assert zone_of(None, {"TZ": name}) == get_localzone()
    assert zone_of(None, {}) == get_localzone()


@pytest.mark.parametrize(
    "name", ["Nowhere/Land", "KST9KDT", "../../etc/passwd", "/etc/localtime", "a" * 300, "Asia", "seoul\x00"]
)
def test_a_zone_that_is_asked_for_and_is_none_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UnknownZone) as caught:
        zone_of(name, {"TZ": "Asia/Seoul"})
    assert str(caught.value) == f"there is no time zone {name!r}: write it as Asia/Seoul or UTC"


@pytest.mark.parametrize(
    ("zone", "at", "clock", "full"),
    [
        (UTC, "2026-11-18T11:06:38Z", "11:06:38", "2026-11-18 11:06:38.000 UTC (2s ago)"),
        (SEOUL, "2026-11-18T11:06:38Z", "20:06:38", "2026-11-18 20:06:38.000 KST = 11:06:38 UTC (2s ago)"),
        (SEOUL, "2026-11-17T20:06:40Z", "05:06:40", "2026-11-18 05:06:40.000 KST = 11-17 20:06:40 UTC (15h ago)"),
        (SEOUL, "2026-11-18T15:06:40Z", "Nov 19 00:06", "2026-11-19 00:06:40.000 KST = 11-18 15:06:40 UTC (in 4h)"),
        (NEW_YORK, "2026-07-01T12:00:00Z", "Jul 01 08:00", "2026-07-01 08:00:00.000 EDT = 12:00:00 UTC (139d ago)"),
        (NEW_YORK, "2026-11-18T11:06:40Z", "06:06:40", "2026-11-18 06:06:40.000 EST = 11:06:40 UTC (now)"),
    ],
)  # fmt: skip
def test_instants_are_told_in_the_persons_zone_and_in_utc(zone: tzinfo, at: str, clock: str, full: str) -> None:
    now = Now(int(datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC).timestamp() * 1000), zone)
    at_ms = int(datetime.fromisoformat(at).timestamp() * 1000)
    assert (now.clock(at_ms), now.full(at_ms)) == (clock, full)


async def test_the_whole_application_shows_times_in_the_persons_zone() -> None:
    desk = Desk(zone=SEOUL)
    async with desk.app.run_test(size=SIZES[1]) as pilot:
        await desk.reads(scenes.BUSY)
        await pilot.press("4")
        await desk.shows("07:13:16")
        await pilot.press("enter")
        await desk.shows("2023-11-15 07:13:16.000 KST = 11-14 22:13:16 UTC (4s ago)")
        await pilot.press("escape", "5")
        await desk.shows("09:13:20")
    assert desk.app.now == Now(NOW_MS, SEOUL)
