"""`make audit` fails for what it should, and never because nobody answers."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from audit import rules
from audit.locks import CLIENTS, DEV, NODE, RUNTIME, Locked, node_faults, read_lock
from audit.registry import Index, ask_index
from tests.processes import free_port

DIGEST = hashlib.sha256(b"wheel").hexdigest()
THING = Locked("thing", "1.0", frozenset({DIGEST}))
Pages = dict[str, Any]


def file(**more: object) -> dict[str, object]:
    return {"filename": "thing-1.0-py3-none-any.whl", "hashes": {"sha256": DIGEST}, "yanked": False, **more}


@contextmanager
def index_of(pages: Pages) -> Iterator[Index]:
    """Run an index of packages that has these pages, and 404 for all others."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = pages.get(self.path)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode() if not isinstance(found, bytes) else found)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Index(f"http://127.0.0.1:{server.server_port}/simple")
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ({"files": [file()]}, None),
        ({"files": [file(yanked="it deletes homes")]}, "thing 1.0 was taken back: it deletes homes"),
        ({"files": [file(yanked=True)]}, "thing 1.0 was taken back: no reason is given"),
        ({"files": [file(yanked=True), file()]}, None),  # one of its files is still good
        (
            {"files": [file(hashes={"sha256": "0" * 64})]},
            "thing 1.0 is not on the index any more with any of the locked",
        ),
        ({"files": [file()], "project-status": {"status": "quarantined"}}, "thing is quarantined: no reason is given"),
        ({"files": [file()], "project-status": {"status": "archived"}}, None),
    ],
    ids=repr,
)
def test_a_version_that_was_taken_back_is_a_fault(page: Any, fault: str | None) -> None:
    with index_of({"/simple/thing/": page}) as index:
        told = ask_index(index, [THING])

    assert [one[: len(fault or "")] for one in told.faults] == ([fault] if fault else [])
    assert told.seen == ["withdrawn versions of 1 Python packages"]
    assert told.unseen == ["known vulnerabilities of 1 Python packages (the index answers 404)"]


def test_a_package_that_is_gone_is_a_fault_when_others_are_there() -> None:
    other = THING._replace(name="another")
    with index_of({"/simple/thing/": {"files": [file()]}}) as index:
        told = ask_index(index, [THING, other])

    assert told.faults == ["another 1.0 is not on the index any more with any of the locked hashes"]


def test_a_known_vulnerability_is_a_fault_unless_it_was_withdrawn() -> None:
    known = [
        {"id": "PYSEC-1", "fixed_in": ["1.1"]},
        {"id": "PYSEC-2", "fixed_in": []},
        {"id": "PYSEC-3", "withdrawn": "x"},
    ]
    pages = {"/simple/thing/": {"files": [file()]}, "/pypi/thing/1.0/json": {"vulnerabilities": known}}
    with index_of(pages) as index:
        told = ask_index(index, [THING])

    assert told.faults == ["thing 1.0 has PYSEC-1, mended in 1.1", "thing 1.0 has PYSEC-2, mended in no version"]
    assert told.unseen == []


@pytest.mark.parametrize("pages", [{}, {"/simple/thing/": b"<html>"}], ids=["an index of others", "no JSON"])
def test_an_index_that_does_not_tell_is_no_fault_and_is_named(pages: Pages) -> None:
    with index_of(pages) as index:
        told = ask_index(index, [THING, THING._replace(version="2.0")])

    assert (told.faults, told.seen, len(told.unseen)) == ([], [], 2)


def test_without_a_network_nothing_fails() -> None:
    told = ask_index(Index(f"http://127.0.0.1:{free_port()}/simple"), [THING])

    assert (told.faults, told.seen) == ([], [])
    assert [one.partition(" (no answer: ")[0] for one in told.unseen] == [
        "withdrawn versions of 1 Python packages",
        "known vulnerabilities of 1 Python packages",
    ]


def test_the_locks_of_this_checkout_are_read() -> None:
    """`make audit` holds them to the rules."""
    assert [fault for path in NODE for fault in node_faults(path)] == []
    assert all(len(read_lock(path)[0]) > 5 for path in (RUNTIME, DEV, *CLIENTS))


HASH = f"--hash=sha256:{DIGEST}"


@pytest.mark.parametrize(
    "line",
    ["thing==1.0", f"thing>=1.0 {HASH}", f"thing @ https://example.com/thing.whl {HASH}", "--index-url https://example.com",
     "-e .", f"thing==1.0 --hash=md5:{DIGEST}"],
)  # fmt: skip
def test_a_line_that_pins_nothing_is_a_fault(tmp_path: Path, line: str) -> None:
    path = tmp_path / "requirements.lock"
    path.write_text(f"other==2.0 ; python_version < '3.12' \\\n    {HASH}\n{line}\n")

    entries, faults = read_lock(path)
    assert entries[0] == Locked("other", "2.0", frozenset({DIGEST}))
    assert len(faults) == 1


@pytest.mark.parametrize(
    "change", [lambda one: one.pop("integrity"), lambda one: one.update(resolved="https://example.com")]
)
def test_an_entry_of_npm_without_a_hash_or_with_an_address_is_a_fault(
    tmp_path: Path, change: Callable[[Any], Any]
) -> None:
    lock = json.loads(NODE[0].read_text(encoding="utf-8"))
    change(lock["packages"]["node_modules/tslib"])
    path = tmp_path / "package-lock.json"
    path.write_text(json.dumps(lock))

    assert len(list(node_faults(path))) == 1


class Made(Distribution):
    """An installed package as its metadata tells."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


def made(name: str, *lines: str) -> Made:
    return Made("\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines, ""]))


def test_what_nothing_requires_is_a_stray_and_what_an_extra_requires_only_with_it() -> None:
    there = {
        canonicalize_name(one.metadata["Name"]): one
        for one in (
            made("app", "Requires-Dist: library[fast]", "Requires-Dist: colours; sys_platform == 'win32'"),
            made("library", "Requires-Dist: quick; extra == 'fast'", "Requires-Dist: docs; extra == 'docs'"),
        )
    }
    locked = [THING._replace(name=name) for name in ("app", "library", "quick", "docs", "colours")]

    assert list(rules.strays([Requirement("app")], locked, RUNTIME, there)) == [
        "requirements.lock: docs is required by nothing"
    ]


def test_a_requirement_that_the_lock_does_not_meet_is_a_fault() -> None:
    locked = [THING, THING._replace(version="2.0")]  # another for another platform

    assert list(rules.unfit([Requirement("thing>=1")], locked, RUNTIME)) == []
    assert len(list(rules.unfit([Requirement("thing>=1.5")], locked, RUNTIME))) == 1
    assert len(list(rules.unfit([Requirement("missing")], locked, RUNTIME))) == 1


def test_what_is_installed_and_not_locked_is_a_fault() -> None:
    there = {canonicalize_name(one.metadata["Name"]): one for one in (made("thing"), made("pip"), made("surprise"))}

    assert [one.split()[0] for one in rules.drift([THING], there)] == ["surprise"]


@pytest.mark.parametrize(
    ("lines", "is_fine"),
    [
        (["License-Expression: MIT OR GPL-3.0-only"], True),
        (["License-Expression: (Apache-2.0 AND MIT)"], True),
        (["License-Expression: MIT AND GPL-3.0-only"], False),
        (["License-Expression: AGPL-3.0-or-later"], False),
        (["Classifier: License :: OSI Approved :: BSD License"], True),
        (["Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)"], False),
        (["License: Apache License 2.0"], True),
        (["License: Commercial"], False),
        ([], False),
    ],
    ids=repr,
)
def test_a_licence_is_one_of_those_that_we_may_use(lines: list[str], is_fine: bool) -> None:
    assert (list(rules.unlicensed([made("thing", *lines)])) == []) is is_fine


def test_what_is_imported_is_depended_on_and_what_is_depended_on_is_used(tmp_path: Path) -> None:
    package = tmp_path / "karin"
    package.mkdir()
    (package / "one.py").write_text("import json, redis\nfrom falcon import App\nfrom . import other\n")

    assert sorted(rules.misused(package, ["redis>=7", "gevent"])) == [
        "karin depends on gevent and does not use it",
        "karin imports falcon and does not depend on falcon",
    ]
