"""Text on a terminal: rows fit it."""

import pytest

from karin.cli.fitting import cut, fitted
from karin.cli.printing import width


def test_rows_that_fit_are_left_alone() -> None:
    rows = [["QUEUE", "N"], ["orders", "1"]]
    assert fitted(rows, [0], 80) == rows
    assert fitted([], [0], 80) == []


def test_the_widest_flexible_columns_are_cut_until_all_fits() -> None:
    rows = [["when", "q" * 80, "f" * 30, "1234"], ["12s", "short", "f", "1"]]

    found = fitted(rows, [1, 2], 60)

    assert [sum(map(width, row)) + 6 for row in found] == [60, 16]
    assert (len(found[0][1]), len(found[0][2])) == (23, 23)
    assert found[0][1].endswith("q…")
    assert found[1] == rows[1]


def test_columns_keep_a_few_cells_where_there_is_no_room() -> None:
    assert fitted([["a" * 50, "b" * 50]], [1], 20) == [["a" * 50, "bbb…"]]


@pytest.mark.parametrize("text", ["", "plain", "한국어 메시지입니다", "e\u0301" * 20, "😀" * 9])
def test_a_text_is_cut_by_the_cells_it_takes(text: str) -> None:
    for most in range(1, 30):
        found = cut(text, most)
        assert width(found) <= most
        assert found == text or (found.endswith("…") and text.startswith(found[:-1]))
