"""What ``karin dev`` can be told on its command line."""

import argparse
from pathlib import Path


def add_dev_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments and options of ``karin dev``."""
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path(), metavar="PATH", help="serverless.yml, SAM template, or its folder"
    )
    parser.add_argument(
        "--stage", metavar="NAME", help="the Serverless Framework's stage (default: as the file has it)"
    )
    parser.add_argument("--region", metavar="NAME", help="region of queues and functions (default: as the file has it)")
    for flag, target, text in (
        ("--param", "param", "a ${param:NAME}, or a parameter of a template; may be repeated"),
        ("--opt", "opt", "an ${opt:NAME}; may be repeated"),
        ("--import", "imports", "what another stack exports, for Fn::ImportValue; may be repeated"),
    ):
        parser.add_argument(flag, dest=target, action="append", default=[], metavar="NAME=VALUE", help=text)
    parser.add_argument("--python", metavar="PATH", help="for Python functions (default: the project's environment)")
