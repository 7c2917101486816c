"""What a reading results in, and how functions, mappings and queues of a file are put together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from karin.local.definition import Definition, Function, QueueMapping
from karin.local.project.document import Place
from karin.local.project.mappings import check_visibility
from karin.local.project.problems import Problems
from karin.local.project.queues import add_named_elsewhere, read_queues
from karin.local.project.template import Template


@dataclass(frozen=True, slots=True)
class Reading:
    """A project's deployment as it can be run here. ``problems`` and ``ignored`` tell what of it cannot."""

    title: str
    definition: Definition
    problems: tuple[str, ...] = ()  # lines: file, place, and what to do
    ignored: tuple[str, ...] = ()  # kinds of things that karin dev does not run, such as "http events"
    files: frozenset[Path] = frozenset()  # whose change asks for another reading, those missing included


def assemble(
    functions: Sequence[Function],
    mappings: Iterable[tuple[QueueMapping, Place]],
    template: Template,
    resources: Place,
    problems: Problems,
) -> Definition:
    """Return the definition of what was read, with each queue that it takes; doubled mappings are problems.

    ``resources`` is the place where the template's resources stand.
    """
    queues = read_queues(template, resources, problems)
    found = list(mappings)
    add_named_elsewhere(queues, [mapping.queue for mapping, _ in found])
    by_name = {function.name: function for function in functions}
    kept: dict[tuple[str, str], QueueMapping] = {}
    for mapping, place in found:
        if (mapping.queue, mapping.function) in kept:
            problems.add(place, f"AWS refuses it: queue {mapping.queue} is mapped to this function already")
            continue
        kept[mapping.queue, mapping.function] = mapping
        check_visibility(mapping, queues[mapping.queue], by_name[mapping.function], place, problems)
    return Definition(
        functions=tuple(functions),
        queues=tuple(queues.values()),
        mappings=tuple(kept.values()),
        account_id=template.account.account_id,
        region=template.account.region,
    )
