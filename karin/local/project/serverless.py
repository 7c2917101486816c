"""serverless.yml as a local definition.

Source: "Serverless.yml reference" of the Serverless Framework, versions 3 and 4.
"""

from collections.abc import Iterator
from typing import Any

from karin.local.definition import Definition, Function, QueueMapping
from karin.local.project.assembly import Reading, assemble
from karin.local.project.choices import Choices
from karin.local.project.document import Document, Place
from karin.local.project.functions import MEMORY_MB, TIMEOUT_SECONDS, FunctionReader, check_name
from karin.local.project.mappings import SERVERLESS, MappingReader
from karin.local.project.problems import Problems, Unresolved
from karin.local.project.template import Parts, Template
from karin.local.project.variables import Variables

DEFAULT_RUNTIME = "nodejs20.x"
DEFAULT_TIMEOUT_SECONDS = 6
DEFAULT_MEMORY_MB = 1024
_RESOURCES: Place = ("resources", "Resources")
_SECTIONS = ("Resources", "Parameters", "Mappings", "Conditions", "Outputs")


class ServerlessReader:
    """Reads one serverless.yml; what it cannot use is among the problems of the reading."""

    def __init__(self, document: Document, choices: Choices) -> None:
        self._document = document
        self._problems = Problems(document)
        self._variables = Variables(document, choices)
        self._service = self._service_name()
        provider = document.data.get("provider")
        self._provider = {} if provider == "aws" else self._dict(provider, ("provider",))
        self._check_provider(choices)
        self._functions = self._all_functions()
        names = {key: self._name(key, given) for key, given in self._functions.items()}
        self._names = {key: name for key, name in names.items() if name}
        logical_ids = {f"{_logical_id(key)}LambdaFunction": name for key, name in self._names.items()}
        resources, parameters, mappings, conditions, outputs = self._sections()
        self._template = Template(
            Parts(resources, parameters, mappings, conditions, outputs, logical_ids),
            choices,
            Definition(account_id=choices.account_id, region=self._variables.region),
            f"{self._service}-{self._variables.stage}",
            variables=self._variables.whole,
        )
        self._reader = FunctionReader(self._template, self._problems, choices.environ)
        self._mappings = MappingReader(self._template, SERVERLESS, self._problems)
        self._ignored: dict[str, None] = {}  # in the order in which it was met

    def read(self) -> Reading:
        """Put the reading together."""
        functions: list[Function] = []
        mappings: list[tuple[QueueMapping, Place]] = []
        for key, name in self._names.items():
            place: Place = ("functions", key)
            with self._problems.of(place):
                functions.append(self._function(name, self._functions[key], place))
                mappings += self._events(name, self._functions[key].get("events"), (*place, "events"))
        definition = assemble(functions, mappings, self._template, _RESOURCES, self._problems)
        if self._document.data.get("constructs"):
            self._ignored["constructs (of serverless-lift: write the function and its sqs event)"] = None
        return Reading(
            f"{self._service}, stage {self._variables.stage}",
            definition,
            self._problems.all(),
            tuple(self._ignored),
            frozenset({self._document.path, *self._variables.files}),
        )

    def _check_provider(self, choices: Choices) -> None:
        """Note what of the provider is not as the file says."""
        name = self._provider.get("name", "aws")
        if name != "aws":
            self._problems.add(("provider", "name"), f"karin dev runs functions of aws, not of {name}")
        for word, chosen, taken in (
            ("stage", choices.stage, self._variables.stage),
            ("region", choices.region, self._variables.region),
        ):
            with self._problems.of(("provider", word)):
                try:
                    chosen or self._variables.whole(self._provider.get(word))
                except Unresolved as error:
                    raise Unresolved(f"{error}; taken as {taken}, --{word} says another") from error

    def _service_name(self) -> str:
        with self._problems.of(("service",)):
            service = self._variables.whole(self._document.data.get("service"))
            name = self._variables.whole(service.get("name")) if isinstance(service, dict) else service
            if isinstance(name, str) and name:
                return name
            raise Unresolved("the service has no name")
        return "service"

    def _all_functions(self) -> dict[str, dict[str, Any]]:
        place: Place = ("functions",)
        found: dict[str, dict[str, Any]] = {}
        with self._problems.of(place):
            given = self._variables.whole(self._document.data.get("functions"))
            for part in given if isinstance(given, list) else [given]:  # a list's parts are put together
                for key, function in self._dict(part, place).items():
                    found[key] = self._dict(function, (*place, key))
        return found

    def _sections(self) -> Iterator[dict[str, Any]]:
        """Yield the sections of the CloudFormation template under ``resources``, which may be a list of parts."""
        parts: list[dict[str, Any]] = []
        place: Place = ("resources",)
        with self._problems.of(place):
            given = self._variables.whole(self._document.data.get("resources"))
            parts += [self._dict(part, place) for part in (given if isinstance(given, list) else [given])]
        for section in _SECTIONS:
            merged: dict[str, Any] = {}
            for part in parts:
                for name, value in self._dict(part.get(section), (*place, section)).items():
                    with self._problems.of((*place, section, name)):
                        merged[name] = self._variables.whole(value)
            yield merged

    def _name(self, key: str, given: dict[str, Any]) -> str | None:
        """Return a function's name as it is deployed, or None when it cannot be told."""
        place: Place = ("functions", key, "name")
        with self._problems.of(place):
            name = self._variables.whole(given.get("name")) or f"{self._service}-{self._variables.stage}-{key}"
            check_name(str(name))
            return str(name)
        return None

    def _function(self, name: str, given: dict[str, Any], place: Place) -> Function:
        if "image" in given:
            raise Unresolved("karin dev does not run container images: give the function a handler and a runtime")
        handler = self._reader.text(given.get("handler"), "handler")
        runtime = self._template.text(given.get("runtime") or self._provider.get("runtime") or DEFAULT_RUNTIME)
        code = self._document.path.parent
        self._reader.check_code(runtime, code, handler, (*place, "handler"))
        self._ignored |= dict.fromkeys(word for word in ("layers",) if given.get(word) or self._provider.get(word))
        return Function(
            name=name,
            runtime=runtime,
            code=str(code),
            handler=handler,
            environment=self._environment(given, place),
            timeout_seconds=self._limit(given, "timeout", DEFAULT_TIMEOUT_SECONDS, TIMEOUT_SECONDS, place),
            memory_mb=self._limit(given, "memorySize", DEFAULT_MEMORY_MB, MEMORY_MB, place),
            url=self._reader.url(given.get("url"), (*place, "url")),
        )

    def _environment(self, given: dict[str, Any], place: Place) -> dict[str, str]:
        values: dict[str, tuple[Any, Place]] = {}
        for owner, where in ((self._provider, ("provider",)), (given, place)):
            here: Place = (*where, "environment")
            for name, value in self._dict(owner.get("environment"), here).items():
                values[name] = value, (*here, name)
        return self._reader.environment(values)

    def _limit(self, given: dict[str, Any], name: str, default: int, bounds: tuple[int, int], place: Place) -> int:
        ours = self._reader.number(self._provider.get(name), default, bounds, ("provider", name))
        return self._reader.number(given.get(name), ours, bounds, (*place, name))

    def _events(self, function: str, given: Any, place: Place) -> Iterator[tuple[QueueMapping, Place]]:
        events = self._variables.whole(given)
        for index, raw in enumerate(events if isinstance(events, list) else ()):
            event = self._variables.whole(raw)
            here: Place = (*place, index)
            kinds = list(event) if isinstance(event, dict) else [str(event)]
            self._ignored |= dict.fromkeys(f"{kind} events" for kind in kinds if kind != "sqs")
            if "sqs" in kinds and isinstance(event, dict):
                with self._problems.of((*here, "sqs")):
                    yield self._mapping(function, event["sqs"], (*here, "sqs")), (*here, "sqs")

    def _mapping(self, function: str, given: Any, place: Place) -> QueueMapping:
        event = self._variables.whole(given)
        is_arn = not isinstance(event, dict) or (len(event) == 1 and next(iter(event)).startswith(("Fn::", "Ref")))
        properties = {"arn": event} if is_arn else event
        filters = properties.get("filterPatterns"), (*place, "filterPatterns")
        return self._mappings.read(function, properties, properties.get("maximumConcurrency"), filters, place)

    def _dict(self, given: Any, place: Place) -> dict[str, Any]:
        """Return a value that must be a mapping of names; anything else but nothing is a problem."""
        with self._problems.of(place):
            value = self._variables.whole(given)
            if isinstance(value, dict):
                return value
            if value is not None:
                raise Unresolved("names with values are expected here")
        return {}


def _logical_id(key: str) -> str:
    """Return what the framework calls a function in its template, but for the ending."""
    normal = key.replace("-", "Dash").replace("_", "Underscore")
    return normal[:1].upper() + normal[1:]
