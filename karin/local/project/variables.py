"""The Serverless Framework's variables: ``${source:address, fallback}``, in any value and within one another.

Source: "Variables" in the Serverless Framework's documentation. Values are resolved when they are asked for, so that a
secret which nothing local needs is not missed.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from karin.local.definition import DEFAULT_REGION, DefinitionError
from karin.local.project.choices import DEFAULT_STAGE, Choices
from karin.local.project.document import Document, read_document
from karin.local.project.dotenv import read_dotenv
from karin.local.project.problems import Unresolved

# ${AWS::Region} and ${Queue.Arn} belong to CloudFormation.
_START = re.compile(r"\$\{(?=\s*[A-Za-z][\w.-]*(?:\(|:(?!:)))")
_REFERENCE = re.compile(r"([A-Za-z][\w.-]*)(?:\((.*?)\))?(?::(.*))?", re.DOTALL)
_LITERALS = {"true": True, "false": False, "null": None}
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_DATA_FILES = (".yml", ".yaml", ".json")
_PROGRAM_FILES = (".js", ".cjs", ".mjs", ".ts")
_DEFAULT_OPTIONS = {"stage": DEFAULT_STAGE, "region": DEFAULT_REGION}


class Variables:
    """Resolves the variables of one serverless.yml; ``files`` are those it has read or looked for."""

    def __init__(self, document: Document, choices: Choices) -> None:
        folder = document.path.parent
        self.files: set[Path] = set()
        self._folder = folder
        self._root = document.data
        self._choices = choices
        self._documents: dict[Path, Any] = {}
        self._open: list[str] = []  # variables whose value is being looked for
        self._sources: dict[str, Callable[[str, str | None], Any]] = {
            "self": lambda address, _: self._walk(self._root, address),
            "opt": lambda address, _: self._option(address),
            "env": lambda address, _: self._environment(address),
            "sls": lambda address, _: self._framework(address),
            "param": lambda address, _: self._param(address),
            "aws": lambda address, _: self._account(address),
            "file": self._file,
            "strToBool": self._truth,
        }
        self._dotenv: dict[str, str] = {}
        self._read_dotenv(".env")
        self.stage, self.region = DEFAULT_STAGE, DEFAULT_REGION  # until they are known, which may take variables
        self.stage = choices.stage or self._of_provider("stage") or DEFAULT_STAGE
        self.region = choices.region or self._of_provider("region") or DEFAULT_REGION
        self._read_dotenv(f".env.{self.stage}")

    def whole(self, value: Any) -> Any:
        """Resolve a value itself, but not what is in it; raises Unresolved."""
        return self._text(value) if isinstance(value, str) else value

    def deep(self, value: Any) -> Any:
        """Resolve a value and all that is in it; raises Unresolved."""
        value = self.whole(value)
        if isinstance(value, dict):
            return {name: self.deep(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.deep(item) for item in value]
        return value

    def _of_provider(self, name: str) -> str | None:
        try:
            value = self._walk(self._root, f"provider.{name}")
        except Unresolved:
            return None
        return value if isinstance(value, str) else None

    def _text(self, text: str) -> Any:
        """Resolve the variables in a text; one that is the whole text keeps its type."""
        pieces: list[str] = []
        at = 0
        while start := _START.search(text, at):
            end = _end(text, start.end())
            value = self._variable(text[start.end() : end])
            if (start.start(), end + 1) == (0, len(text)):
                return value
            pieces += text[at : start.start()], _as_text(value, text[start.start() : end + 1])
            at = end + 1
        return "".join(pieces) + text[at:]

    def _variable(self, body: str) -> Any:
        """Return the first alternative that has a value; null counts as none unless it stands last."""
        first: Unresolved | None = None
        with self._opened(body):
            *others, last = _alternatives(body)
            for alternative in (*others, last):
                try:
                    value = self._alternative(alternative)
                except Unresolved as error:
                    first = first or error
                    if alternative is last:
                        raise Unresolved(_own(body, first)) from error
                else:
                    if value is not None or alternative is last:
                        return value
        raise AssertionError("the last alternative returns or raises")

    def _alternative(self, text: str) -> Any:
        if text[:1] in ("'", '"') and text[-1:] == text[:1] and len(text) > 1:
            return self._text(text[1:-1])
        if text in _LITERALS:
            return _LITERALS[text]
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        resolved = self._text(text)
        if not isinstance(resolved, str) or (text.startswith("${") and _end(text, 2) == len(text) - 1):
            return resolved
        found = _REFERENCE.fullmatch(resolved)
        source = self._sources.get(found[1]) if found else None
        if found is None or source is None:
            raise Unresolved("karin dev does not ask this source: give the variable a fallback, ${..., 'value'}")
        return self.whole(source(found[3] or "", found[2]))

    @contextmanager
    def _opened(self, body: str) -> Iterator[None]:
        if body in self._open:
            raise Unresolved(f"${{{body}}} refers to itself")
        self._open.append(body)
        try:
            yield
        finally:
            self._open.pop()

    def _walk(self, value: Any, address: str) -> Any:
        value = self.whole(value)
        for step in address.split(".") if address else ():
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                raise Unresolved(f"there is no {address}")
            value = self.whole(value)
        return value

    def _option(self, name: str) -> Any:
        given = {"stage": self._choices.stage, "region": self._choices.region} | dict(self._choices.options)
        if given.get(name) is not None:
            return given[name]
        is_alone = self._open[-1].strip() == f"opt:{name}"  # then nothing follows that would serve as its default
        if is_alone and name in _DEFAULT_OPTIONS:
            return _DEFAULT_OPTIONS[name]
        flag = f"--{name} VALUE" if name in _DEFAULT_OPTIONS else f"--opt {name}=VALUE"
        raise Unresolved(f"the option is not given: say {flag}")

    def _environment(self, name: str) -> str:
        value = self._choices.environ.get(name, self._dotenv.get(name))
        if value is None:
            raise Unresolved(f"{name} is not in the environment: export it, or write it into {self._folder / '.env'}")
        return value

    def _framework(self, name: str) -> str:
        if name == "stage":
            return self.stage
        if name == "instanceId":
            return "local"
        raise Unresolved(f"sls:{name} is unknown")

    def _param(self, name: str) -> Any:
        if name in self._choices.params:
            return self._choices.params[name]
        for place in (
            f"stages.{self.stage}.params", f"params.{self.stage}", "stages.default.params", "params.default"
        ):  # fmt: skip
            try:
                return self._walk(self._root, f"{place}.{name}")
            except Unresolved:
                continue
        raise Unresolved(f"the parameter is not given: say --param {name}=VALUE")

    def _account(self, name: str) -> str:
        if name == "accountId":
            return self._choices.account_id
        if name == "region":
            return self.region
        raise Unresolved(f"aws:{name} is unknown")

    def _truth(self, _address: str, text: str | None) -> bool:
        value = _TRUTHS.get(str(text).strip().lower())
        if value is None:
            raise Unresolved(f"{text} is neither true nor false")
        return value

    def _file(self, address: str, name: str | None) -> Any:
        try:
            path = (self._folder / Path((name or "").strip()).expanduser()).resolve()
        except (RuntimeError, ValueError) as error:  # an unknown user's home, or no path at all
            raise Unresolved(str(error)) from error
        if path.suffix in _PROGRAM_FILES:
            raise Unresolved(
                f"{path.name} is a program, which karin dev does not run: write its values as YAML or JSON"
            )
        return self._walk(self._contents(path), address)

    def _contents(self, path: Path) -> Any:
        self.files.add(path)
        if path not in self._documents:
            if not path.is_file():
                raise Unresolved(f"there is no file {path}")
            try:
                is_data = path.suffix in _DATA_FILES
                self._documents[path] = read_document(path).data if is_data else path.read_text().strip()
            except (DefinitionError, OSError, UnicodeDecodeError) as error:
                raise Unresolved(str(error)) from error
        return self._documents[path]

    def _read_dotenv(self, name: str) -> None:
        path = self._folder / name
        self.files.add(path)
        self._dotenv |= read_dotenv(path)


def _own(body: str, error: Unresolved) -> str:
    text = str(error)
    return text if text.startswith("${") else f"${{{body}}}: {text}"


def _end(text: str, at: int) -> int:
    """Return where the } stands that closes a variable whose body begins at an index; raises Unresolved."""
    depth, quote = 0, ""
    for index in range(at, len(text)):
        character = text[index]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        elif character == "}":
            return index
    raise Unresolved(f"{text} is not a closed variable: a }} is missing")


def _alternatives(body: str) -> list[str]:
    """Cut a variable's body at its commas, leaving those within quotes, brackets and inner variables alone."""
    pieces, depth, quote = [""], 0, ""
    for character in body:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "{(":
            depth += 1
        elif character in "})":
            depth -= 1
        if character == "," and not depth and not quote:
            pieces.append("")
        else:
            pieces[-1] += character
    return [piece.strip() for piece in pieces]


def _as_text(value: Any, variable: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Unresolved(f"{variable} is no text, and stands within one")
