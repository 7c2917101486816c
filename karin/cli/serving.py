"""``karin serve``: deliver for a mapping that AWS polls too, or stop that."""

import argparse
from collections.abc import Mapping

from karin.cli.asking import ask
from karin.cli.layout import print_lines
from karin.cli.main import EXIT_DONE
from karin.cli.naming import mapping_named
from karin.cli.printing import print_json
from karin.finding import find
from karin.mapping import model
from karin.mapping.changes import title
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
        undo = f"`karin serve {mapping.queue.name} --undo` ends that"
        text = f"karin delivers for {title(mapping)}, even if AWS polls it; {undo}"
    if options.json:
        print_json({"mapping": mapping.uuid, "served_anyway": not options.undo})
    else:
        print_lines([text])
    return EXIT_DONE


def _undo(context: Context, mapping: model.Mapping) -> str:
    if not overriding.serve_as_deployed(context, mapping):
        return f"{title(mapping)} was served as it is deployed already"
    return f"karin delivers for {title(mapping)} only while AWS does not poll it"
