"""What karin-tui leaves out of its memory, and that nothing else is lost by it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from karin.tui.lean import without_docstrings

SOURCE = '''
"""The module's."""

def plain():
    """Nobody reads this."""
    return 1

def told():
    "used"
    return "used"

def first():
    return "no docstring"

def outer():
    """Nobody reads this."""
    def inner(text="given"):
        """Nor this."""
        return text
    return inner

async def later():
    """Nobody reads this."""
    return [letter for letter in "ab"]

class Kind:
    """The class's."""

    @property
    def name(self):
        """Nobody reads this."""
        assert self, "assertions stay"
        return "a name"
'''


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _loaded() -> dict[str, Any]:
    content: dict[str, Any] = {}
    exec(without_docstrings(compile(SOURCE, "source.py", "exec")), content)  # noqa: S102 - it is our own
    return content


def test_functions_have_no_docstring_and_do_the_same() -> None:
    content = _loaded()
    functions: list[Callable[..., Any]] = [content["plain"], content["outer"], content["outer"](), content["later"]]
    assert [function.__doc__ for function in functions] == [None] * 4
    assert (content["plain"](), content["outer"]()(), content["first"](), content["Kind"]().name) == (
        *(1, "given"),
        *("no docstring", "a name"),
    )
    assert content["Kind"].name.__doc__ is None


def test_a_docstring_that_the_function_itself_uses_stays() -> None:
    content = _loaded()
    assert (content["told"].__doc__, content["told"]()) == ("used", "used")


def test_docstrings_of_modules_and_classes_stay_and_so_do_lines() -> None:
    content = _loaded()
    assert (content["__doc__"], content["Kind"].__doc__) == ("The module's.", "The class's.")
    assert content["first"].__code__.co_firstlineno == SOURCE[: SOURCE.index("def first")].count("\n") + 1


def test_assertions_stay() -> None:
    source = "def fails():\n    'doc'\n    assert not 1, 'it stays'"
    content: dict[str, Any] = {}
    exec(without_docstrings(compile(source, "source.py", "exec")), content)  # noqa: S102
    with pytest.raises(AssertionError, match="it stays"):
        content["fails"]()
    assert content["fails"].__doc__ is None


def test_the_terminal_ui_is_loaded_without_what_it_does_not_use() -> None:
    script = """
import gc, sys
from types import FunctionType
from karin.tui.lean import load_little
load_little()
import karin.tui.launch
functions = [one for one in gc.get_objects() if isinstance(one, FunctionType)]
of_others = [one for one in functions if one.__module__ and one.__module__.startswith(("textual.", "redis.", "rich."))]
documented = [one for one in of_others if one.__doc__]
assert len(of_others) > 5_000, len(of_others)
assert len(documented) < 100, documented
unloaded = {name for name, module in sys.modules.items() if type(module).__module__ == "karin.unloaded"}
print(*sorted(name for name in unloaded if not name.startswith("opentelemetry.")), sep="\\n")
"""
    assert _run(script).splitlines() == [
        "asyncio.sslproto",
        "calendar",
        "difflib",
        "importlib.metadata",
        "mimetypes",
        "platformdirs",
        "redis.asyncio",
        "redis.cluster",
        "redis.commands.cluster",
        "redis.keyspace_notifications",
        "redis.sentinel",
        "tempfile",
        "textual.widgets._directory_tree",
        "textual.widgets._placeholder",
        "textual.widgets._select",
    ]


def test_what_was_left_out_is_whole_for_whoever_uses_it() -> None:
    script = """
from karin.tui.lean import load_little
load_little()
import karin.tui.launch, calendar, difflib, mimetypes, tempfile
from textual.app import user_downloads_path
from textual.widgets import DirectoryTree, Placeholder, Select
import textual.suggestions
print(calendar.monthrange(2024, 2)[1], mimetypes.guess_type("a.json")[0])
print(textual.suggestions.get_suggestion("wdth", ["width"]), user_downloads_path().name, tempfile.gettempdir())
print(Select([("one", 1)]).BLANK.__class__.__name__, DirectoryTree.__mro__[1].__name__, Placeholder("x").variant)
"""
    lines = _run(script).splitlines()
    assert lines[0] == "29 application/json"
    assert lines[1].startswith("width Downloads /")
    assert lines[2].split()[1:] == ["Tree", "default"]
