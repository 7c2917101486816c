"""From a path to a reading: which file is meant, of which kind it is, and which account its queues are in."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec

from karin.local.definition import DEFAULT_ACCOUNT_ID, Definition, DefinitionError, load_definition
from karin.local.project.assembly import Reading
from karin.local.project.choices import Choices
from karin.local.project.document import Document, read_document
from karin.local.project.sam import SamReader
from karin.local.project.serverless import ServerlessReader

NAMES = (
    "serverless.yml",
    "serverless.yaml",
    "serverless.json",
    "template.yaml",
    "template.yml",
    "template.json",
)
_PROGRAMS = ("serverless.ts", "serverless.js", "serverless.cjs", "serverless.mjs")
_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:sqs:[a-z0-9-]+:|sqs\.[a-z0-9-]+\.amazonaws\.com/)(\d{12})\b", re.ASCII)


def find_file(path: Path) -> Path:
    """Return the deployment file that a path means, itself or in its folder; raises DefinitionError."""
    if path.is_dir():
        for name in NAMES:
            if (path / name).is_file():
                return (path / name).resolve()
        for name in _PROGRAMS:
            if (path / name).is_file():
                raise _program(path / name)
        raise DefinitionError(f"{path}: there is neither serverless.yml nor template.yaml: name the file")
    if not path.is_file():
        raise DefinitionError(f"{path}: there is no such file")
    if path.name in _PROGRAMS:
        raise _program(path)
    return path.resolve()


def read_project(path: Path, choices: Choices) -> Reading:
    """Read a deployment file; raises DefinitionError when nothing of it can be used."""
    document = read_document(path)
    data = document.data
    if not isinstance(data, dict):
        raise DefinitionError(f"{path}: is neither a serverless.yml nor a SAM template")
    if isinstance(data.get("functions"), list) and "service" not in data:  # karin.local's own
        return Reading(path.parent.name, load_definition(path), files=frozenset({path}))
    try:
        reading = _read(document, choices)
        # Whatever a file says, the definition must be one that the local Lambda service takes.
        msgspec.convert(msgspec.to_builtins(reading.definition), Definition)
    except RecursionError as error:
        raise DefinitionError(f"{path}: a value in it refers to itself") from error
    except msgspec.ValidationError as error:
        if "$.region" in str(error):
            region = reading.definition.region
            raise DefinitionError(f"{path}: there is no region {region}: correct it, or say --region") from error
        raise DefinitionError(f"{path}: {error}") from error
    return reading


def _read(document: Document, choices: Choices) -> Reading:
    data, path = document.data, document.path
    choices = replace(choices, account_id=choices.account_id or _account_of(document) or DEFAULT_ACCOUNT_ID)
    if "Resources" in data:
        return SamReader(document, choices).read()
    if "service" in data:
        return ServerlessReader(document, choices).read()
    raise DefinitionError(f"{path}: is neither a serverless.yml (it has no service) nor a template (no Resources)")


def _account_of(document: Document) -> str | None:
    """Return the account that the file's own ARNs and URLs of queues name most, if any does."""
    found = Counter(_ACCOUNT.findall(document.path.read_text(encoding="utf-8-sig")))
    return found.most_common(1)[0][0] if found else None


def _program(path: Path) -> DefinitionError:
    return DefinitionError(
        f"{path}: is a program, which karin dev does not run: `serverless print > serverless.resolved.yml`"
        " writes what it says, then name that file"
    )
