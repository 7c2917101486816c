"""A SAM template as a local definition.

Source: "AWS SAM specification"; Globals from its section of that name.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from karin.local.definition import Definition, Function, QueueMapping
from karin.local.project.assembly import Reading, assemble
from karin.local.project.choices import Choices
from karin.local.project.document import Document, Place
from karin.local.project.functions import MEMORY_MB, TIMEOUT_SECONDS, FunctionReader, check_name
from karin.local.project.mappings import CLOUDFORMATION, SAM, MappingReader
from karin.local.project.problems import Problems, Unresolved
from karin.local.project.template import NO_VALUE, Parts, Template

DEFAULT_TIMEOUT_SECONDS = 3
DEFAULT_MEMORY_MB = 128
FUNCTION_TYPE = "AWS::Serverless::Function"
PLAIN_FUNCTION_TYPE = "AWS::Lambda::Function"
MAPPING_TYPE = "AWS::Lambda::EventSourceMapping"
_RESOURCES: Place = ("Resources",)
_GLOBALS: Place = ("Globals", "Function")


class SamReader:
    """Reads one SAM template; what it cannot use is among the problems of the reading."""

    def __init__(self, document: Document, choices: Choices) -> None:
        self._document = document
        self._problems = Problems(document)
        self._globals = self._dict(self._dict(document.data.get("Globals"), _GLOBALS[:1]).get("Function"), _GLOBALS)
        resources = self._section("Resources")
        self._names: dict[str, str] = {}
        self._template = Template(
            Parts(
                resources,
                self._section("Parameters"),
                self._section("Mappings"),
                self._section("Conditions"),
                self._section("Outputs"),
                self._names,  # filled below: a name may be made of the template's parameters
            ),
            choices,
            Definition(account_id=choices.account_id, region=choices.default_region()),
            document.path.parent.name,
        )
        self._reader = FunctionReader(self._template, self._problems, choices.environ)
        self._ignored: dict[str, None] = {}  # in the order in which it was met
        for logical_id in self._template.resources(FUNCTION_TYPE):
            with self._problems.of((*_RESOURCES, logical_id, "Properties", "FunctionName")):
                name = self._template.resolve(self._template.properties(logical_id).get("FunctionName", NO_VALUE))
                name = logical_id if name is NO_VALUE else str(name)
                check_name(name)
                self._names[logical_id] = name

    def read(self) -> Reading:
        """Put the reading together."""
        functions: list[Function] = []
        mappings: list[tuple[QueueMapping, Place]] = []
        for logical_id, name in self._names.items():
            place: Place = (*_RESOURCES, logical_id, "Properties")
            with self._problems.of(place):
                properties = self._template.properties(logical_id)
                functions.append(self._function(name, properties, place))
                mappings += self._events(name, properties.get("Events"), (*place, "Events"))
        mappings += self._separate_mappings({function.name for function in functions})
        if self._template.resources(PLAIN_FUNCTION_TYPE):
            self._ignored[f"{PLAIN_FUNCTION_TYPE} (its code is not in the template)"] = None
        definition = assemble(functions, mappings, self._template, _RESOURCES, self._problems)
        return Reading(
            self._document.path.parent.name,
            definition,
            self._problems.all(),
            tuple(self._ignored),
            frozenset({self._document.path}),
        )

    def _function(self, name: str, given: dict[str, Any], place: Place) -> Function:
        def value(property_name: str) -> tuple[Any, Place]:
            """Return a property as it stands, of the function or else of all, and where."""
            if property_name in given:
                return given[property_name], (*place, property_name)
            return self._globals.get(property_name), (*_GLOBALS, property_name)

        def limit(property_name: str, default: int, bounds: tuple[int, int]) -> int:
            raw, where = value(property_name)
            return self._reader.number(raw, default, bounds, where)

        if "ImageUri" in given or value("PackageType")[0] == "Image":
            raise Unresolved("karin dev does not run container images: give the function a Handler and a Runtime")
        if "InlineCode" in given:
            raise Unresolved("karin dev does not run InlineCode: write it to a file and give CodeUri and Handler")
        runtime = self._reader.text(value("Runtime")[0], "Runtime")
        handler = self._reader.text(value("Handler")[0], "Handler")
        code = self._code(value("CodeUri")[0])
        self._reader.check_code(runtime, code, handler, (*place, "Handler"))
        self._ignored |= dict.fromkeys(word for word in ("Layers",) if value(word)[0])
        raw_url, url_place = value("FunctionUrlConfig")
        return Function(
            name=name,
            runtime=runtime,
            code=str(code),
            handler=handler,
            environment=self._environment(given, place),
            timeout_seconds=limit("Timeout", DEFAULT_TIMEOUT_SECONDS, TIMEOUT_SECONDS),
            memory_mb=limit("MemorySize", DEFAULT_MEMORY_MB, MEMORY_MB),
            url=self._reader.url(raw_url, url_place),
        )

    def _code(self, given: Any) -> Path:
        resolved = self._template.resolve(given)
        value = "." if resolved is None or resolved is NO_VALUE else resolved
        if isinstance(value, dict) or str(value).startswith("s3://"):
            raise Unresolved("its code lies in S3: give CodeUri a folder")
        return (self._document.path.parent / self._template.text(value)).resolve()

    def _environment(self, given: dict[str, Any], place: Place) -> dict[str, str]:
        values: dict[str, tuple[Any, Place]] = {}
        for owner, where in ((self._globals, _GLOBALS), (given, place)):
            here: Place = (*where, "Environment", "Variables")
            environment = self._dict(owner.get("Environment"), here[:-1])
            for name, value in self._dict(environment.get("Variables"), here).items():
                values[name] = value, (*here, name)
        return self._reader.environment(values)

    def _events(self, function: str, given: Any, place: Place) -> Iterator[tuple[QueueMapping, Place]]:
        reader = MappingReader(self._template, SAM, self._problems)
        for name, raw in self._dict(given, place).items():
            event = self._dict(raw, (*place, name))
            if event.get("Type") != "SQS":
                self._ignored[f"{event.get('Type')} events"] = None
                continue
            here: Place = (*place, name, "Properties")
            with self._problems.of(here):
                yield self._mapping(reader, function, self._dict(event.get("Properties"), here), here), here

    def _separate_mappings(self, functions: set[str]) -> Iterator[tuple[QueueMapping, Place]]:
        """Yield the mappings that are resources of their own; those of other sources are left alone."""
        reader = MappingReader(self._template, CLOUDFORMATION, self._problems)
        for logical_id in self._template.resources(MAPPING_TYPE):
            here: Place = (*_RESOURCES, logical_id, "Properties")
            with self._problems.of(here):
                properties = self._template.properties(logical_id)
                name = self._template.text(properties.get("FunctionName")).rpartition(":function:")[2].split(":")[0]
                if name not in functions:
                    raise Unresolved(f"it calls {name}, which is none of the functions that karin dev runs")
                yield self._mapping(reader, name, properties, here), here

    def _mapping(self, reader: MappingReader, function: str, given: dict[str, Any], place: Place) -> QueueMapping:
        scaling = self._dict(given.get("ScalingConfig"), (*place, "ScalingConfig"))
        criteria = self._dict(given.get("FilterCriteria"), (*place, "FilterCriteria"))
        here: Place = (*place, "FilterCriteria", "Filters")
        filters = self._template.resolve(criteria.get("Filters", []))
        if not isinstance(filters, list):
            self._problems.add(here, "filters are a list")
            filters = []
        patterns = [item.get("Pattern") if isinstance(item, dict) else item for item in filters]
        return reader.read(function, given, scaling.get("MaximumConcurrency"), (patterns, here), place)

    def _section(self, name: str) -> dict[str, Any]:
        return self._dict(self._document.data.get(name), (name,))

    def _dict(self, given: Any, place: Place) -> dict[str, Any]:
        """Return a value that must be a mapping of names; anything else but nothing is a problem."""
        if given is not None and not isinstance(given, dict):
            self._problems.add(place, "names with values are expected here")
        return given if isinstance(given, dict) else {}
