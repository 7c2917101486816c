"""Durations and instants as people type them, in their own zone."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from karin.operations.instants import UnclearInstant, duration_ms, instant_ms, when_ms

SEOUL = timezone(timedelta(hours=9))
BERLIN = ZoneInfo("Europe/Berlin")


def at_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


NOW_MS = at_ms("2026-11-22T12:00:00Z")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("10m", 600),
        (" 2h ", 7_200),
        ("1d", 86_400),
        ("1h30m", 5_400),
        ("1h 30m", 5_400),
        ("5 M", 300),
        ("0", 0),
    ],
)
def test_a_duration_is_a_number_of_seconds_or_has_units(text: str, seconds: int) -> None:
    assert duration_ms(text) == seconds * 1_000
    assert when_ms(text, NOW_MS) == when_ms(f"in {text}", NOW_MS) == NOW_MS + seconds * 1_000


@pytest.mark.parametrize("text", ["", "m", "-5", "1.5h", "10x", "10m 5", "1w", "1" * 10, "١٠", "soon"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(UnclearInstant, match="is not a duration: say 90, 90s, 10m, 2h or 1d"):
        duration_ms(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("21:30", "2026-11-22T21:30+09:00"),
        ("21:00", "2026-11-22T21:00+09:00"),
        ("20:59", "2026-11-23T20:59+09:00"),
        ("9:05", "2026-11-23T09:05+09:00"),
        ("21:00:07", "2026-11-22T21:00:07+09:00"),
        ("2026-11-23T09:00", "2026-11-23T09:00+09:00"),
        ("2026-11-23 09:00", "2026-11-23T09:00+09:00"),
        ("2026-11-23", "2026-11-23T00:00+09:00"),
        ("2026-11-23T09:00:00.250Z", "2026-11-23T09:00:00.250+00:00"),
        ("2026-11-23T09:00-05:00", "2026-11-23T09:00-05:00"),
    ],
)
def test_a_time_is_that_of_the_persons_zone_unless_it_says_otherwise(text: str, expected: str) -> None:
    assert instant_ms(text, NOW_MS, SEOUL) == when_ms(text, NOW_MS, SEOUL) == at_ms(expected)


def test_the_time_of_tomorrow_is_right_when_the_clocks_change_tonight() -> None:
    now_ms = at_ms("2026-10-24T20:00+02:00")
    assert instant_ms("08:00", now_ms, BERLIN) == at_ms("2026-10-25T08:00+01:00")


def test_without_a_zone_times_are_those_of_this_machine() -> None:
    local = datetime.fromtimestamp(NOW_MS / 1000, UTC).astimezone() + timedelta(hours=1)
    assert instant_ms(f"{local:%H:%M}", NOW_MS) == NOW_MS + 3_600_000
    assert instant_ms(f"{local:%Y-%m-%dT%H:%M}", NOW_MS) == NOW_MS + 3_600_000


@pytest.mark.parametrize("text", ["", "25:00", "12:60", "tomorrow", "2026-13-01", "14.30"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    for zone in (None, SEOUL):
        with pytest.raises(UnclearInstant, match="is not a time: say 14:30, or a date and time such as 2026"):
            instant_ms(text, NOW_MS, zone)
    with pytest.raises(UnclearInstant, match="neither a duration nor a time: say in 10m, 14:30, or a date"):
        when_ms(text, NOW_MS, SEOUL)


@pytest.mark.parametrize("text", ["2026-11-22T11:59Z", "0001-01-01"])
def test_an_instant_that_has_passed_is_refused(text: str) -> None:
    with pytest.raises(UnclearInstant, match=f"{text} has passed already"):
        when_ms(text, NOW_MS, SEOUL)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59"])
def test_the_ends_of_the_calendar_break_nothing(text: str) -> None:
    try:
        assert instant_ms(text, NOW_MS) > NOW_MS
    except UnclearInstant as error:
        assert text in str(error)  # noqa: PT017 - which of the two, the machine's zone decides
