"""Rows and sentences on a terminal: names are cut, sentences wrapped, addresses whole; a pipe gets whole lines."""

from karin.cli.layout import laid_out, wrapped
from karin.cli.printing import width

TITLES = ["QUEUE", "BATCH", "SERVED"]
SENTENCE = "paused: deploying the new version; `karin resume` ends that"
URL = f"https://{'a' * 32}.lambda-url.eu-west-1.on.aws/"


def test_what_is_no_terminal_gets_a_line_for_each_row() -> None:
    found = list(laid_out([TITLES, ["q" * 80, "10", SENTENCE]], [0], None))

    assert found == [f"QUEUE{' ' * 75}  BATCH  SERVED", f"{'q' * 80}  10     {SENTENCE}"]


def test_a_sentence_is_wrapped_under_its_title() -> None:
    found = list(laid_out([TITLES, ["work", "10", SENTENCE], ["other", "1", "yes"]], [0], 50))

    assert found == [
        "QUEUE  BATCH  SERVED",
        "work   10     paused: deploying the new version;",
        "              `karin resume` ends that",
        "other  1      yes",
    ]


def test_names_are_cut_only_as_far_as_the_other_columns_need() -> None:
    found = list(laid_out([TITLES, ["q" * 80, "10", "yes"]], [0], 40))

    assert found[1] == f"{'q' * 24}…  10     yes"
    assert found[1].index("yes") == found[0].index("SERVED")
    assert width(found[0]) == 40


def test_what_has_no_room_beside_the_other_columns_stands_below_its_row_whole() -> None:
    rows = [["FUNCTION", "URL"], ["mailer-of-a-shop", f"{URL} (NONE)"], ["printer", "-"]]

    assert list(laid_out(rows, [0], 80)) == [
        "FUNCTION          URL",
        "mailer-of-a-shop",
        f"    {URL} (NONE)",
        "printer           -",
    ]
    assert list(laid_out(rows, [0], 88))[1:3] == [f"mailer-of-a-shop  {URL}", f"{' ' * 18}(NONE)"]
    assert list(laid_out(rows, [0], 120))[1] == f"mailer-of-a-shop  {URL} (NONE)"


def test_nothing_is_wider_than_the_terminal_but_a_word() -> None:
    rows = [TITLES, ["한국어" * 10, "10", f"{SENTENCE} {URL}"], ["short", "1", "한국어 " * 40]]
    for most in range(30, 200):
        for line in laid_out(rows, [0], most):
            assert width(line) <= most or line == f"    {URL}"


def test_a_text_is_wrapped_between_words_with_what_stands_before_its_lines() -> None:
    assert wrapped("one two three", 9, "- ", "    ") == ["- one two", "    three"]
    assert wrapped("one two three", None, "- ", "    ") == ["- one two three"]
    assert wrapped("", 9) == [""]
    assert wrapped(f"{URL} is long", 20, "  ", "  ") == [f"  {URL}", "  is long"]
