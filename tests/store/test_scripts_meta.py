"""The scripts: what each header says is what its code does, each has a caller, and the wheel has them all."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import karin.store
from karin.store.scripts import SCRIPTS

STORE = Path(karin.store.__file__).parent
ROOT = STORE.parent.parent
LUA = STORE / "lua"
PARTS = sorted(path.stem for path in (LUA / "parts").iterdir())
FORBIDDEN_COMMANDS = {"KEYS", "SCAN", "HSCAN", "SSCAN", "ZSCAN", "TIME", "RANDOMKEY", "FLUSHALL", "FLUSHDB"}
ONE_KEY = r"karin:[a-z:{}-]+ +(HASH|ZSET|STRING|LIST|SET|STREAM)"
KEY_LINE = re.compile(
    rf"^-- KEYS\[\d+(\.\.)?\] ({ONE_KEY}(, of a FIFO queue {ONE_KEY})?|the (other )?keys of the queue's messages"
    r"|the same of the other queues)$"
)
INCLUDES = re.compile(r"^ *local ([\w, ]+) = (include\('\w+'\)(?:, include\('\w+'\))*)$")
COMMAND = re.compile(r"redis\.p?call\(\s*('[A-Z]+'|[^'])")

scripts = pytest.mark.parametrize("name", sorted(SCRIPTS))
parts = pytest.mark.parametrize("name", PARTS)


def header_of(name: str) -> list[str]:
    """Return the lines of comment that a script begins with."""
    lines = SCRIPTS[name].splitlines()
    return lines[: next(place for place, line in enumerate(lines) if not line.startswith("--"))]


def code_of(name: str) -> str:
    """Return a script as Redis gets it, with the parts it includes, without its comments."""
    code = SCRIPTS[name].splitlines()[len(header_of(name)) :]
    return "\n".join(line.partition("--")[0].rstrip() for line in code)


def section_of(name: str, start: str, ends: tuple[str, ...]) -> str:
    """Return what of a header begins with a word and lasts until another begins."""
    taken: list[str] = []
    for line in header_of(name):
        text = line.removeprefix("--").strip()
        if taken and text.startswith(ends):
            break
        if taken or text.startswith(start):
            taken.append(text)
    return " ".join(taken)


def numbered(text: str, word: str) -> tuple[set[int], int | None]:
    """Return the places that a text names of KEYS or ARGV, and the one from which on all others follow."""
    fixed = {int(place) for place in re.findall(rf"{word}\[(\d+)\]", text)}
    open_ended = re.findall(rf"{word}\[(\d+)\.\.\]", text)
    return fixed, int(open_ended[0]) if open_ended else None


@scripts
def test_the_header_begins_with_one_sentence(name: str) -> None:
    first, second = header_of(name)[:2]
    assert re.fullmatch(r"-- [A-Z][^.]*\.", first), first
    assert second.startswith("-- KEYS[1] ")


@scripts
def test_the_header_gives_pattern_and_type_of_each_key(name: str) -> None:
    lines = [line for line in header_of(name) if line.startswith("-- KEYS[")]
    assert lines
    for line in lines:
        assert KEY_LINE.match(line), line
    places = [int(re.findall(r"\d+", line)[0]) for line in lines]
    assert places == list(range(1, len(lines) + 1))


@scripts
def test_the_header_has_its_parts_in_order(name: str) -> None:
    text = "\n".join(header_of(name))
    places = [text.index(f"-- {word}") for word in ("KEYS[1]", "ARGV[1]", "Returns {", "Invariant: ")]
    assert places == sorted(places)
    assert text.rstrip().endswith(".")


@scripts
@pytest.mark.parametrize("word", ["KEYS", "ARGV"])
def test_header_and_code_name_the_same_places(name: str, word: str) -> None:
    documented, documented_from = numbered(" ".join(header_of(name)), word)
    code = code_of(name)
    used, _ = numbered(code, word)
    loops = re.findall(rf"for \w+ = (\w+), #{word}|unpack\({word}, (\d+)\)", code)
    loops = [start or place for start, place in loops]
    if word == "KEYS":  # all keys of a queue's messages are handed over together
        assert used <= documented
    else:
        assert used == documented
    assert bool(loops) == (documented_from is not None)
    for start in loops:
        assert not start.isdecimal() or int(start) in (documented_from, 2)  # 2: all that belongs to a queue


@scripts
def test_a_places_number_is_unit_or_meaning_not_left_blank(name: str) -> None:
    text = section_of(name, "ARGV[1]", ("Returns", "Invariant"))
    for meaning in re.split(r"ARGV\[\d+(?:\.\.)?\]", text)[1:]:
        assert re.search(r"[a-z]{2,}", meaning), text
    assert text.startswith("ARGV[1] now_ms") or "now_ms" not in text


@scripts
def test_every_status_that_the_code_returns_is_in_the_header_and_the_other_way_round(name: str) -> None:
    returns = section_of(name, "Returns", ("Invariant", "Messages"))
    documented = set(re.findall(r'\{"([a-z_]+)"', returns))
    documented_of_messages = set(re.findall(r'(?<!\{)"([a-z_]+)"', returns))
    code = code_of(name)
    returned = set(re.findall(r"(?:return|reply =) \{'([a-z_]+)'", code))
    of_messages = {word for word in re.findall(r"'([a-z_]+)'", code) if word in documented_of_messages}
    assert returned == documented
    assert of_messages == documented_of_messages
    assert "ok" in returned or "created" in returned


@scripts
def test_the_first_lines_bind_names_and_nothing_else_indexes_a_place(name: str) -> None:
    lines = [line for line in code_of(name).splitlines() if line.strip()]
    bindings = [line for line in lines if re.match(r"local [\w, ]+ = .*(KEYS|ARGV)\[\d", line)]
    assert bindings
    assert lines[: len(bindings)] == bindings
    rest = "\n".join(lines[len(bindings) :])
    assert not re.search(r"(KEYS|ARGV)\[\d", rest)


@scripts
def test_time_is_an_argument_and_nothing_walks_the_keys(name: str) -> None:
    commands = COMMAND.findall(code_of(name))
    assert commands
    assert all(command.startswith("'") for command in commands), "a command's name is written out"
    assert {command.strip("'") for command in commands} & FORBIDDEN_COMMANDS == set()
    assert not re.search(r"\bos\.|math\.random", code_of(name))


@scripts
def test_keys_come_from_arguments_only(name: str) -> None:
    assert "karin:" not in code_of(name)


def called_scripts() -> list[str]:
    """Return the names that the store's code calls scripts by."""
    names: list[str] = []
    for path in STORE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "call":
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path.name}:{node.lineno} calls a script by no fixed name"
                names.append(str(name.value))
    return names


def test_each_script_has_one_caller_and_each_call_a_script() -> None:
    assert sorted(called_scripts()) == sorted(SCRIPTS)


def test_scripts_are_named_as_files_are() -> None:
    assert {path.name for path in LUA.iterdir()} == {f"{name}.lua" for name in SCRIPTS} | {"parts"}


def own_lines(name: str) -> list[str]:
    """Return the lines of a script's own file."""
    return (LUA / f"{name}.lua").read_text(encoding="utf-8").splitlines()


def part_lines(name: str) -> list[str]:
    """Return the lines of a part's file."""
    return (LUA / "parts" / f"{name}.lua").read_text(encoding="utf-8").splitlines()


def included(name: str) -> list[str]:
    """Return the names of the parts that a script includes."""
    return re.findall(r"include\('(\w+)'\)", "\n".join(own_lines(name)))


@scripts
def test_a_script_names_parts_as_their_files_are_named(name: str) -> None:
    for line in own_lines(name):
        if "include(" in line:
            found = INCLUDES.match(line)
            assert found, line
            assert found[1].split(", ") == re.findall(r"'(\w+)'", found[2])


@scripts
def test_redis_tells_the_lines_of_the_scripts_own_file(name: str) -> None:
    own, whole = own_lines(name), SCRIPTS[name].splitlines()
    assert [line for line in whole if "include(" in line] == []
    assert len(whole) == len(own)
    for line_of_file, line_of_redis in zip(own, whole, strict=True):
        assert line_of_redis == line_of_file or INCLUDES.match(line_of_file)


@parts
def test_a_part_is_one_function_behind_what_it_does_or_returns(name: str) -> None:
    lines = part_lines(name)
    assert re.fullmatch(r"-- [A-Z][^.]*\.", lines[0]), lines[0]
    code = [line for line in lines if not line.strip().startswith("--")]
    assert re.fullmatch(r"return function\([\w, ]+\)", code[0])
    assert code[-1] == "end"
    assert [line for line in code if not line.startswith("  ")] == [code[0], code[-1]]
    assert "--" not in "".join(code), "a comment has a line of its own: code is put on one"


@parts
def test_a_part_is_given_all_it_needs(name: str) -> None:
    assert not re.search(r"KEYS|ARGV|include", "\n".join(part_lines(name)))


@parts
def test_a_part_serves_several_scripts(name: str) -> None:
    assert len([script for script in SCRIPTS if name in included(script)]) > 1


def test_each_part_that_a_script_includes_is_there() -> None:
    assert {part for script in SCRIPTS for part in included(script)} == set(PARTS)


@pytest.fixture(scope="session")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build a wheel from the checkout; return the names of its files."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_contains_every_script(wheel_names: set[str]) -> None:
    assert {f"karin/store/lua/{name}.lua" for name in SCRIPTS} <= wheel_names
    assert {f"karin/store/lua/parts/{name}.lua" for name in PARTS} <= wheel_names


def test_the_wheel_contains_the_demos_definition_and_the_mark_of_types(wheel_names: set[str]) -> None:
    assert {"karin/local/hello/definition.json", "karin/local/hello/handler.py", "karin/py.typed"} <= wheel_names


def test_the_wheel_contains_every_module_and_nothing_of_the_tests(wheel_names: set[str]) -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "karin").rglob("*.py")}
    assert modules <= wheel_names
    assert not [name for name in wheel_names if name.startswith("tests/") or "__pycache__" in name]
