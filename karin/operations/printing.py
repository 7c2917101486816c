"""Text from outside made fit to be shown: bodies, names and log lines may hold what would command a terminal."""

import re

import msgspec

MOST_NESTED = 32  # levels of JSON: each indents further, and 400 kB of hundreds of levels would become as many MB
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Strings are passed over, an unclosed one to the end: no text takes longer than its length asks for.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.?)*+"?|([\[{])|([\]}])', re.DOTALL)


def one_line(text: str) -> str:
    """Return a text fit for a cell: its white space, line ends included, becomes single spaces."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """Return a text that a terminal only shows, of as many lines as it has.

    Colours are left out. Other controls, and characters that turn the direction of writing, are written out: ``\\x1b``.
    """
    text = _COLOURS.sub("", text.replace("\r\n", "\n"))
    return _CONTROLS.sub(_written_out, text)


def printable_json(text: str) -> str:
    """Return JSON that a terminal only shows, and that still means the same."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def pretty(text: str) -> str:
    """Return JSON on lines of its own, its values as they were written; other or deeply nested text as it is."""
    if _is_deep(text):
        return text
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _is_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MOST_NESTED:
        return False
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += (found[1] is not None) - (found[2] is not None)
        if depth > MOST_NESTED:
            return True
    return False
