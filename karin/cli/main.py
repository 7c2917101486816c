"""How a command is run, and how every failure becomes one line on stderr and an exit code.

Exit codes: 0 done, 1 failed, 2 wrong usage. Each command's module is imported when it is called: the command line
answers at once, and ``karin endpoint`` does not pay for what ``karin sync`` needs.
"""

import importlib
import io
import os
import sys
from collections.abc import Callable, MutableMapping, Sequence

from karin import stand_in
from karin.cli.grammar import EXIT_USAGE, Grammar
from karin.settings import SettingsError

EXIT_DONE, EXIT_FAILED = 0, 1


class CommandError(Exception):
    """A command failed; the message is one line for a person."""

    exit_code = EXIT_FAILED


class UsageError(CommandError):
    """A command was used wrongly."""

    exit_code = EXIT_USAGE


def entry() -> None:
    """Run the command of this process and exit."""
    from karin import loading  # noqa: PLC0415 - it stops the garbage collector of this process

    if isinstance(sys.stdout, io.TextIOWrapper):  # it is None when it is closed
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter still shows the others
    sys.exit(main(sys.argv[1:], os.environ, loading.loaded))  # noqa: TID251 - the entry of a process


def main(arguments: Sequence[str], environ: MutableMapping[str, str], loaded: Callable[[], None] = lambda: None) -> int:
    """Run a command; return the exit code. Errors go to stderr as one line.

    ``environ`` is this process's own when AWS is to be asked: it may be made to lead to what stands in for AWS.
    ``loaded`` is called once the command's modules are.
    """
    options = Grammar().parse(arguments)
    module_name, function_name = options.run
    if options.finds_karin:
        stand_in.adopt(environ)
    try:
        run = getattr(importlib.import_module(f"karin.cli.{module_name}"), function_name)
        loaded()
        exit_code: int = run(options, environ)
        _flush()
    except SettingsError as error:
        return _fail(str(error), EXIT_USAGE)
    except CommandError as error:
        return _fail(str(error), error.exit_code)
    except UnicodeEncodeError:  # of bytes on the command line that Python could not read as text
        return _fail("what was given is not UTF-8 text", EXIT_USAGE)
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the line is begun: it shows ^C
        return _fail("interrupted", EXIT_FAILED)
    except BrokenPipeError:  # whoever read the output has seen enough
        _abandon_output()
        return EXIT_FAILED
    except OSError as error:  # such as a full disk
        _abandon_output()
        what = error.strerror or str(error)
        return _fail(f"{error.filename}: {what}" if error.filename else what, EXIT_FAILED)
    except Exception as error:
        line: str | None = importlib.import_module("karin.cli.failing").line_of(error, environ)
        if line is None:
            raise
        return _fail(line, EXIT_FAILED)
    return exit_code


def _flush() -> None:
    """Write what was printed, while a failure can still be told."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _abandon_output() -> None:
    """Let go what cannot be written: Python would try again at its end, and tell of its failure in its own words."""
    try:
        _flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _fail(text: str, exit_code: int) -> int:
    print(f"karin: {text}", file=sys.stderr)
    return exit_code
