"""``karin serve``: deliver for a mapping that AWS polls too, or stop that."""

import argparse
from collections.abc import Mapping

from karin.cli.asking import ask
from karin.cli.main import EXIT_DONE, CommandError
from karin.cli.printing import print_json
from karin.finding import find
from karin.mapping import model
from karin.mapping.changes import title
from karin.mapping.naming import mappings_named
from karin.operations import overriding
from karin.operations.context import Context


def serve(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Serve a mapping whatever its state in AWS, after asking; with ``--undo``, as it is deployed."""
    context = find(environ).context
    mapping = mapping_named(context, options.mapping)
    if options.undo:
        text = _undo(context, mapping)
    else:
        if not options.yes:
            question = f"Deliver for {title(mapping)} even while AWS polls it? What is sent to both is delivered twice."
            ask(question, otherwise="nothing was changed")
        overriding.serve_anyway(context, mapping)
        text = f"karin delivers for {title(mapping)}, even if AWS polls it; `karin serve --undo` ends that"
    if options.json:
        print_json({"mapping": mapping.uuid, "served_anyway": not options.undo})
    else:
        print(text)
    return EXIT_DONE


def mapping_named(context: Context, name: str) -> model.Mapping:
    """Return the one mapping that a person names; raises CommandError when there is none, or there are several."""
    snapshot = context.store.deployment.snapshot()
    found = mappings_named(snapshot, name) if snapshot else ()
    if not found:
        raise CommandError(f"there is no mapping {name}: `karin mappings` lists them")
    if len(found) > 1:
        raise CommandError(f"{name} has several mappings: say {' or '.join(repr(title(one)) for one in found)}")
    return found[0]


def _undo(context: Context, mapping: model.Mapping) -> str:
    if not overriding.serve_as_deployed(context, mapping):
        return f"{title(mapping)} was served as it is deployed already"
    return f"karin delivers for {title(mapping)} only while AWS does not poll it"
