"""Wheel and sdist hold what is needed, by what the build backend would put into them; nothing is built for it."""

import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
MAN_PAGE = "karin/cli/karin.1"
ALWAYS = {".gitignore", "pyproject.toml"}  # hatchling puts them into an sdist unasked


def tracked(*folders: str) -> set[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout, so git does not know what belongs to it")
    listed = subprocess.run(["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}


def test_the_wheel_holds_every_file_of_the_package_and_no_other() -> None:
    held = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}

    assert held == tracked("karin") - {MAN_PAGE}
    assert {Path(name).suffix for name in held} >= {".py", ".lua", ".mjs", ".json", ".html", ".css", ".js", ".typed"}


def test_the_man_page_is_where_man_looks() -> None:
    shared = WheelBuilder(str(ROOT)).config.shared_data

    assert shared == {str(ROOT / MAN_PAGE): "share/man/man1/karin.1"}


def test_the_sdist_holds_all_that_is_tracked() -> None:
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    tops = {name.partition("/")[0] for name in tracked()}

    assert {top for top in tops - ALWAYS if not any(fnmatch(top, pattern) for pattern in included)} == set()
    assert {pattern for pattern in included if not any(fnmatch(top, pattern) for top in tops)} == set()
