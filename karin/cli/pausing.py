"""``karin pause`` and ``karin resume``: hold back a mapping's messages, and let them go."""

import argparse
from collections.abc import Mapping

from karin.cli.layout import print_lines
from karin.cli.main import EXIT_DONE
from karin.cli.naming import mapping_named
from karin.cli.printing import print_json
from karin.finding import find
from karin.mapping.changes import title
from karin.operations import pausing


def pause(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Pause a mapping; its messages wait, and are delivered when it is resumed."""
    context = find(environ).context
    mapping = mapping_named(context, options.mapping)
    pausing.pause(context, mapping, options.because.strip())
    if options.json:
        print_json({"mapping": mapping.uuid, "paused": True})
    else:
        print_lines([f"{title(mapping)} is paused: its messages wait until `karin resume {mapping.queue.name}`"])
    return EXIT_DONE


def resume(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Resume a mapping, whether a person paused it or karin did because AWS refused its calls."""
    context = find(environ).context
    mapping = mapping_named(context, options.mapping)
    was_paused = pausing.resume(context, mapping)
    if options.json:
        print_json({"mapping": mapping.uuid, "paused": False, "was_paused": was_paused})
    else:
        print(f"{title(mapping)} {'is resumed' if was_paused else 'was not paused'}")
    return EXIT_DONE
