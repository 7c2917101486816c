"""What the functions of both kinds of file have in common: limits, environment, URL, and whether their code is there.

Limits from "Lambda quotas" in the Lambda developer guide.
"""

import re
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from karin.local import launch
from karin.local.definition import Cors, FunctionUrl
from karin.local.project.document import Place
from karin.local.project.problems import Problems, Unresolved
from karin.local.project.template import Template
from karin.local.project.values import is_true, whole_number

TIMEOUT_SECONDS = (1, 900)
MEMORY_MB = (128, 10_240)
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
_QUEUE_URL = re.compile(
    r"https://(?:sqs\.[a-z0-9-]+|[a-z0-9-]+\.queue)\.amazonaws\.com(?:\.cn)?/\d{12}/([\w.-]+)", re.ASCII
)
_NODE_SUFFIXES = (".js", ".mjs", ".cjs")
_TYPESCRIPT_SUFFIXES = (".ts", ".mts", ".cts")


class FunctionReader:
    """Reads what a file says of its functions; what cannot be used is a problem, and counts as not given."""

    def __init__(self, template: Template, problems: Problems, inherited: Container[str]) -> None:
        """Take a template; ``inherited`` are the names of the variables that functions have from karin dev's own."""
        self._template = template
        self._problems = problems
        self._inherited = inherited

    def text(self, given: Any, name: str) -> str:
        """Return a property that a function must have; raises Unresolved."""
        if given is None:
            raise Unresolved(f"it has no {name}")
        return self._template.text(given)

    def number(self, given: Any, default: int, bounds: tuple[int, int], place: Place) -> int:
        """Return a limit of a function."""
        with self._problems.of(place):
            value = self._template.optional(given)
            return default if value is None else whole_number(value, *bounds)
        return default

    def environment(self, given: Mapping[str, tuple[Any, Place]]) -> dict[str, str]:
        """Return environment variables from values as they stand in the file, each with its place.

        One that cannot be resolved is left to the environment of karin dev itself. A URL of a queue on AWS becomes that
        of the queue here: the JavaScript SDK sends to whatever host stands in it.
        """
        found: dict[str, str] = {}
        for name, (raw, place) in given.items():
            try:
                value = self._template.optional(raw)
                if value is None:
                    continue
                text = self._template.text(value)
            except Unresolved as error:
                if name not in self._inherited and name not in launch.SET_HERE:
                    self._problems.add(place, f"{error}; `export {name}=VALUE` sets it here")
                continue
            url = _QUEUE_URL.fullmatch(text)
            found[name] = self._template.queue_url(url[1]) if url else text
        return found

    def url(self, given: Any, place: Place) -> FunctionUrl | None:
        """Return a function's URL, from either kind of file's way of asking for one."""
        with self._problems.of(place):
            value = self._template.resolve(given)
            if isinstance(value, dict):
                auth = str(value.get("authorizer") or value.get("AuthType") or "NONE")
                cors = value.get("cors") if "cors" in value else value.get("Cors")
                return FunctionUrl(auth_type="AWS_IAM" if auth.lower() == "aws_iam" else "NONE", cors=_cors(cors))
            return FunctionUrl() if is_true(value) else None
        return None

    def check_code(self, runtime: str, code: Path, handler: str, place: Place) -> None:
        """Raise Unresolved when a function cannot run; note as a problem what its first call would fail on."""
        if not launch.is_served(runtime):
            raise Unresolved(f"karin dev runs python*, nodejs* and provided* functions, not {runtime}")
        if not code.is_dir():
            raise Unresolved(f"there is no folder {code}: build it first, or mend the path")
        if runtime.startswith("provided"):
            if launch.bootstrap(code, handler) is None:
                self._problems.add(place, f"there is no executable {launch.BOOTSTRAP} in {code}: build it first")
            return
        module, dot, name = handler.rpartition(".") if runtime.startswith("python") else _node_handler(handler)
        if not dot or not module or not name:
            raise Unresolved(f"{handler!r} is not written module.function")
        missing = _missing_python(code, module) if runtime.startswith("python") else _missing_node(code, module)
        if missing:
            self._problems.add(place, missing)


def check_name(name: str) -> None:
    """Raise Unresolved when a function cannot be called so."""
    if not _NAME.fullmatch(name):
        raise Unresolved(f"{name} is no name of a function: use at most 64 letters, digits, - and _")


def _cors(given: Any) -> Cors | None:
    """Return what CORS allows: ``true`` means the Serverless Framework's own choice."""
    if not isinstance(given, dict):
        return Cors() if is_true(given) else None

    def listed(serverless: str, sam: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = given.get(serverless, given.get(sam))
        return default if value is None else tuple(map(str, value)) if isinstance(value, list) else (str(value),)

    return Cors(
        origins=listed("allowedOrigins", "AllowOrigins", Cors().origins),
        methods=listed("allowedMethods", "AllowMethods", Cors().methods),
        headers=listed("allowedHeaders", "AllowHeaders", Cors().headers),
        exposed=listed("exposedResponseHeaders", "ExposeHeaders", ()),
        credentials=is_true(given.get("allowCredentials", given.get("AllowCredentials"))),
    )


def _node_handler(handler: str) -> tuple[str, str, str]:
    """Cut a Node handler where Lambda does: after the first dot of its last path segment."""
    folder, slash, last = handler.rpartition("/")
    module, dot, name = last.partition(".")
    return f"{folder}{slash}{module}" if module else "", dot, name


def _missing_python(code: Path, module: str) -> str | None:
    base = code / module.replace(".", "/")
    if base.with_name(f"{base.name}.py").is_file() or base.is_dir():
        return None
    return f"there is no {module.replace('.', '/')}.py in {code}"


def _missing_node(code: Path, module: str) -> str | None:
    base = code / module
    there = [suffix for suffix in (*_NODE_SUFFIXES, *_TYPESCRIPT_SUFFIXES) if Path(f"{base}{suffix}").is_file()]
    if not there:
        return f"there is no {module}.js, .mjs or .cjs in {code}"
    if there[0] in _TYPESCRIPT_SUFFIXES:
        return f"{module}{there[0]} is TypeScript: only Node.js from 22.18 on runs it as it is, so compile it otherwise"
    return None
