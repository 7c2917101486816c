"""What an index of packages says of those that are locked: versions that were taken back, and known vulnerabilities.

The index is the one that pip uses here, asked in its JSON form (PEP 691, 792). Not every index tells of
vulnerabilities, and a machine may have no network: what could not be looked at is said, and is no fault.
"""

import json
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from pip._internal.commands import create_command

from audit.locks import Locked

PATIENCE_SECONDS = 3
AT_ONCE = 24
NPM_SECONDS = 15
NOTHING: Any = {"files": []}
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


class Told(NamedTuple):
    """What an index told: faults, a line each; what was looked at; and what was not, and why."""

    faults: list[str]
    seen: list[str]
    unseen: list[str]


class Index:
    """The index that pip would install from."""

    def __init__(self, url: str | None = None) -> None:
        """Take what pip is configured to use, or another."""
        options: Any = create_command("download").parser.get_default_values()
        self._url = (url or options.index_url).rstrip("/")
        self._trust = ssl.create_default_context(cafile=options.cert or None)

    def page(self, locked: Locked) -> Any:
        """Return what the index has of a package, NOTHING if it has none. Raises OSError, ValueError."""
        try:
            return self._get(f"{self._url}/{locked.name}/", SIMPLE_JSON)
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            error.close()
            return NOTHING

    def release(self, locked: Locked) -> Any:
        """Return what is known of one version, ``vulnerabilities`` included. Raises OSError, ValueError."""
        return self._get(
            f"{self._url.removesuffix('/simple')}/pypi/{locked.name}/{locked.version}/json", "application/json"
        )

    def _get(self, url: str, kind: str) -> Any:
        request = urllib.request.Request(url, headers={"Accept": kind})  # noqa: S310 - pip's own index
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS, context=self._trust) as answer:  # noqa: S310
            return json.load(answer)


class Question(NamedTuple):
    """What is asked about every package, and how an answer is judged."""

    what: str
    ask: Callable[[Locked], Any]
    judge: Callable[[Locked, Any], list[str]]


def ask_index(index: Index, locked: Iterable[Locked]) -> Told:
    """Ask about every locked version."""
    packages = sorted(set(locked), key=lambda one: one[:2])
    told = Told([], [], [])
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for question in (
            Question("withdrawn versions", index.page, withdrawn),
            Question("known vulnerabilities", index.release, vulnerable),
        ):
            _put(question, packages, pool, told)
    return told


def _put(question: Question, packages: Sequence[Locked], pool: ThreadPoolExecutor, told: Told) -> None:
    """Ask a question; the first answer tells whether there is any use in asking about the others."""
    answers = [_try(question.ask, packages[0])]
    if not isinstance(answers[0], str):
        answers += pool.map(partial(_try, question.ask), packages[1:])
        if all(answer == NOTHING for answer in answers):
            answers = ["the index has none of them"]
    silent = [answer for answer in answers if isinstance(answer, str)]
    if silent:
        number = len(silent) + len(packages) - len(answers)
        told.unseen.append(f"{question.what} of {number} Python packages ({silent[0]})")
    if len(silent) < len(answers):
        told.seen.append(f"{question.what} of {len(answers) - len(silent)} Python packages")
    for one, answer in zip(packages, answers, strict=False):
        if not isinstance(answer, str):
            told.faults.extend(question.judge(one, answer))


def withdrawn(locked: Locked, page: Any) -> list[str]:
    """Return why a locked version should not be used any more, judged by its package's page."""
    here = f"{locked.name} {locked.version}"
    files = [file for file in page["files"] if file.get("hashes", {}).get("sha256") in locked.hashes]
    status = page.get("project-status", {}).get("status")
    if status == "quarantined":
        return [f"{locked.name} is quarantined: {page['project-status'].get('reason') or 'no reason is given'}"]
    if not files:
        return [f"{here} is not on the index any more with any of the locked hashes"]
    reasons = [file["yanked"] for file in files if file.get("yanked")]
    if len(reasons) < len(files):
        return []
    return [f"{here} was taken back: {reasons[0] if isinstance(reasons[0], str) else 'no reason is given'}"]


def vulnerable(locked: Locked, release: Any) -> list[str]:
    """Return the known vulnerabilities of a locked version."""
    known = [found for found in release.get("vulnerabilities") or () if not found.get("withdrawn")]
    return [f"{locked.name} {locked.version} has {one['id']}, mended in {_mended_in(one)}" for one in known]


def _mended_in(vulnerability: Any) -> str:
    return ", ".join(vulnerability.get("fixed_in") or ["no version"])


def ask_npm(folder: Path) -> Told:
    """Have npm ask its registry about a lock file."""
    name = f"{folder.parent.name}/{folder.name}"
    what = f"known vulnerabilities of {name}"
    npm = shutil.which("npm")
    if npm is None:
        return Told([], [], [f"{what} (there is no npm)"])
    try:
        done = subprocess.run(
            [npm, "audit", "--package-lock-only", "--json", "--fetch-retries=0"],
            cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS, check=False,
        )  # fmt: skip
        answer = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return Told([], [], [f"{what} ({type(error).__name__})"])
    if "vulnerabilities" not in answer:
        return Told([], [], [f"{what} ({str(answer.get('message') or 'no answer').split(' - ')[0]})"])
    found = {package: one["severity"] for package, one in answer["vulnerabilities"].items()}
    faults = [f"{one} of {name} has a {severity} vulnerability" for one, severity in found.items()]
    return Told(faults, [what], [])


def _try(ask: Callable[[Locked], Any], one: Locked) -> Any:
    """Return an answer, or a text that says why there is none."""
    try:
        return ask(one)
    except urllib.error.HTTPError as error:
        error.close()
        return f"the index answers {error.code}"
    except (OSError, ValueError) as error:
        return f"no answer: {getattr(error, 'reason', None) or type(error).__name__}"
