"""How ``karin dev`` shows the lines of functions: what Lambda adds to them is left out, and what is not so here."""

from importlib import import_module

import pytest

from karin.cli.dev_words import is_worth_showing, log_line

OF_AWS = import_module("awslambdaric.lambda_literals").lambda_unhandled_exception_warning_message
WARNING = f"mailer: [WARNING]\t2026-11-22T21:24:57.861Z\t\t{OF_AWS}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-22T21:24:57.861Z\t6d5b037f-e0a2\tINFO\thello", "hello"),
        ("2026-11-22T21:24:57.861Z\t6d5b037f-e0a2\tERROR\thello", "ERROR hello"),
        ("[INFO]\t2026-11-22T21:24:57.861Z\t6d5b037f-e0a2\thello", "hello"),
        ("[WARNING]\t2026-11-22T21:24:57.861Z\t\tbefore any call", "WARNING before any call"),
        ("[ERROR] Runtime.ImportModuleError: no", "[ERROR] Runtime.ImportModuleError: no"),
    ],
)
def test_instant_and_request_of_a_line_are_left_out_and_its_level_is_kept(text: str, shown: str) -> None:
    line = log_line(0, "mailer", text).plain
    assert line.partition(" ")[2] == f"mailer: {shown}"


def test_nothing_is_blamed_on_an_update_of_the_runtime() -> None:
    assert not is_worth_showing(WARNING)
    assert is_worth_showing("mailer: LAMBDA_WARNING: something else")
