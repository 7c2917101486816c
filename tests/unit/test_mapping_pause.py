"""How long a mapping is paused whose calls AWS refuses."""

from karin.mapping.pause import FIRST_PAUSE_MS, LONGEST_PAUSE_MS, Pause, PausedBy, paused_by_karin, paused_by_user

NOW_MS = 1_800_000_000_000


def test_each_pause_is_twice_as_long_as_the_one_before_it_up_to_ten_minutes() -> None:
    now_ms, pause, lengths = NOW_MS, None, []
    for _ in range(8):
        pause = paused_by_karin(pause, "no", now_ms)
        assert pause.until_ms is not None
        lengths.append((pause.until_ms - now_ms) // 1000)
        now_ms = pause.until_ms
        assert (pause.since_ms, pause.by) == (NOW_MS, PausedBy.KARIN)
    assert lengths == [30, 60, 120, 240, 480, 600, 600, 600]


def test_a_trial_that_comes_late_does_not_pause_for_longer_than_the_longest() -> None:
    first = paused_by_karin(None, "no", NOW_MS)
    late_ms = NOW_MS + 10 * LONGEST_PAUSE_MS

    second = paused_by_karin(first, "still no", late_ms)

    assert second == Pause("still no", NOW_MS, late_ms + 2 * FIRST_PAUSE_MS, PausedBy.KARIN)


def test_karins_pause_holds_until_its_end_and_a_users_for_ever() -> None:
    karins, users = paused_by_karin(None, "no", NOW_MS), paused_by_user("deploying", NOW_MS)

    assert karins.holds(NOW_MS + FIRST_PAUSE_MS - 1)
    assert not karins.holds(NOW_MS + FIRST_PAUSE_MS)
    assert users == Pause("deploying", NOW_MS, None, PausedBy.USER)
    assert users.holds(NOW_MS + 1_000 * LONGEST_PAUSE_MS)


def test_a_pause_may_be_tried_early_and_is_longer_after_that_all_the_same() -> None:
    first = paused_by_karin(None, "no", NOW_MS)
    tried = first.over(NOW_MS + 5_000)

    assert not tried.holds(NOW_MS + 5_000)
    assert first.over(NOW_MS + FIRST_PAUSE_MS + 7) == first
    again = paused_by_karin(tried, "no", NOW_MS + 5_000)
    assert again.until_ms == NOW_MS + 5_000 + 5_000 + FIRST_PAUSE_MS
    users = paused_by_user("deploying", NOW_MS)
    assert users.over(NOW_MS) is users


def test_a_clock_that_was_set_back_ends_karins_pause_and_not_a_users_and_the_next_one_is_the_first() -> None:
    hour_ago_ms = NOW_MS - 3_600_000
    first = paused_by_karin(None, "no", NOW_MS)

    assert not first.holds(hour_ago_ms)
    assert paused_by_user("deploying", NOW_MS).holds(hour_ago_ms)
    again = paused_by_karin(first, "no", hour_ago_ms)
    assert again == Pause("no", hour_ago_ms, hour_ago_ms + FIRST_PAUSE_MS, PausedBy.KARIN)
