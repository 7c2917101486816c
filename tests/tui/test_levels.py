"""What lines of karin's log say of their level, in the forms in which the parts of karin really write."""

import pytest

from karin.tui.levels import Told, told


@pytest.mark.parametrize(
    ("text", "level", "message"),
    [
        ("WARNING cannot read the mappings", "WARNING", "cannot read the mappings"),
        ("INFO synced: 2 functions", "INFO", "synced: 2 functions"),
        ("ERROR a round of jobs failed", "ERROR", "a round of jobs failed"),
        ("CRITICAL:root:gone", "CRITICAL", "root:gone"),
        ("[2026-11-22 21:25:09 +0000] [20066] [ERROR] Worker (pid:7) was sent SIGKILL!", "ERROR",
         "Worker (pid:7) was sent SIGKILL!"),
        ("[2026-11-22 21:25:09 +0000] [20066] [INFO] Booting worker", "INFO", "Booting worker"),
        ("20059:M 22 Nov 2026 21:24:43.377 # WARNING Memory overcommit", "WARNING", "Memory overcommit"),
        ("20059:M 02 Nov 2026 21:24:43.377 * Ready to accept connections", "INFO", "Ready to accept connections"),
        ("20059:C 22 Nov 2026 21:24:43.377 - DB saved", "DEBUG", "DB saved"),
        ("20059:S 22 Nov 2026 21:24:43.377 . trace", "DEBUG", "trace"),
        ("karin: KARIN_BIND=x is not an address", "ERROR", "KARIN_BIND=x is not an address"),
        ("20788:signal-handler (1795382720) Received SIGTERM scheduling shutdown...", None, None),
        ("karin is up: SQS endpoint http://127.0.0.1:4000", None, None),
        ("ERRORS are no level", None, None),
        ("INFO", None, None),
        ("  ERROR indented, in a traceback", None, None),
        ("[a] [b] [ERROR] no pid", None, None),
        ("", None, None),
    ],
)  # fmt: skip
def test_a_lines_level_is_read_and_what_remains_is_the_message(
    text: str, level: str | None, message: str | None
) -> None:
    assert told(text) == Told(level, text if message is None else message)
