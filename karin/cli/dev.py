"""``karin dev PATH``: a project's own functions on this machine, with the same karin in front of them.

The deployment file is read (karin.local.project) and handed to a local Lambda service as its definition; the rest is
karin as it is deployed. What the file says is followed while this runs; queues outlive it, in a home per project.
"""

import argparse
import os
import signal
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec

from karin import runtime, stand_in
from karin.cli.addresses import free_address
from karin.cli.dev_home import home_of
from karin.cli.dev_karin import DevKarin
from karin.cli.dev_log import Log
from karin.cli.dev_words import Served, changes, summary
from karin.cli.grammar import EXIT_USAGE
from karin.cli.main import EXIT_DONE, CommandError, UsageError
from karin.local.definition import DefinitionError, Python
from karin.local.process import LocalLambda, LocalLambdaError
from karin.local.project.assembly import Reading
from karin.local.project.choices import Choices
from karin.local.project.interpreters import find_python, runtime_notes
from karin.local.project.reading import find_file, read_project
from karin.settings import DEFAULT_BIND, Settings

TICK_SECONDS = 1.0  # between looks at the deployment file and at the processes
KEY_ID, SECRET = "local", "local-secret"  # a loopback endpoint without keys takes any
# The user's own karin, its store and its doors are none of dev's business.
_NOT_FOR_DEV = ("REDIS_URL", "KARIN_ACCESS_KEYS", "KARIN_URL_TOKEN", "KARIN_SYNC_INTERVAL")
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip


class NotReadableError(CommandError):
    """The deployment file cannot be used."""

    exit_code = EXIT_USAGE


def dev(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run a project's functions until Ctrl-C; exit 0 then."""
    told: SimpleQueue[int] = SimpleQueue()  # unlike an Event, it may be filled by a signal while it is waited for
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda given, _: told.put(given))
    try:
        file = find_file(options.path)
        return Dev(file, options, environ, told).run()
    except DefinitionError as error:
        raise NotReadableError(str(error)) from error
    except LocalLambdaError as error:
        raise CommandError(str(error)) from error


class Dev:
    """One run of ``karin dev``: its processes, and what it read last."""

    def __init__(
        self, file: Path, options: argparse.Namespace, environ: Mapping[str, str], told: "SimpleQueue[int]"
    ) -> None:
        self._file = file
        self._options = options
        self._user_environ = environ
        self._told = told
        self._home = home_of(file, environ)
        bind = environ.get("KARIN_BIND") or free_address(DEFAULT_BIND)
        kept = {name: value for name, value in environ.items() if name not in _NOT_FOR_DEV}
        self._environ = kept | {"KARIN_HOME": str(self._home), "KARIN_BIND": bind}
        self._settings = Settings.from_env(self._environ)
        self._choices = Choices(
            endpoint_url=self._settings.endpoint_url,
            stage=options.stage,
            region=options.region,
            account_id=self._settings.account_id or "",
            params=_pairs("--param", options.param),
            options=_pairs("--opt", options.opt),
            imports=_pairs("--import", options.imports),
            environ=environ,
        )
        self._log = Log()
        self._python: Python | None = None
        self._reading = self._read()

    def run(self) -> int:
        """Start everything, say what runs, follow the file; end everything in order."""
        if owner := runtime.read(self._home):
            raise CommandError(
                f"karin already runs in {self._home} (pid {owner.pid}): stop it, or set another KARIN_HOME"
            )
        with ExitStack() as stack:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.callback(self._log.close)
            self._write_definition()
            host, port = self._settings.bind_host, self._settings.bind_port
            functions = LocalLambda(
                self._definition_path,
                bind=free_address(f"127.0.0.1:{port + 2}"),
                urls=free_address(f"{host}:{port + 1}"),
                stderr=self._log.functions_fd,
                environ=self._functions_environ(),
                is_tethered=True,
            )
            stack.enter_context(functions)
            stack.callback(stand_in.remove, self._home)
            stand_in.write(self._home, self._stand_in(functions.url))
            karin = DevKarin(self._karin_environ(functions.url), self._settings, self._log)
            stack.callback(karin.stop, self._told)
            karin.start()
            self._log.follow()
            if karin.wait_until_up(self._told):
                problems = self._deploy(karin)
                notes = [*self._notes(), *problems]
                served = Served(self._settings, functions.urls_url, functions.url)
                self._log.say(summary(self._reading, served, notes, self._log.columns))
                self._log.show()
                self._serve(karin, functions)
        return EXIT_DONE

    def _serve(self, karin: DevKarin, functions: LocalLambda) -> None:
        """Follow the deployment file until a signal comes; raises CommandError when a part of karin has ended."""
        seen = _look(self._reading)
        while not _was_told(self._told, TICK_SECONDS):
            if karin.has_ended():
                raise CommandError(f"karin has ended: {karin.last_line()}")
            if functions.has_ended():
                raise CommandError("the local Lambda service has ended")
            now = _look(self._reading)
            if now != seen:
                self._take_over(karin, functions)
                seen = _look(self._reading)  # of the files that are read now

    def _take_over(self, karin: DevKarin, functions: LocalLambda) -> None:
        """Read the deployment file again, and run what it says now; go on as before when it cannot be used."""
        before = self._reading
        try:
            self._reading = self._read()
        except DefinitionError as error:
            self._log.say([f"{error}; the deployment goes on as it was"])
            return
        told = changes(before, self._reading, self._log.columns)
        if self._reading.definition != before.definition:
            self._write_definition()
            functions.read_again()
            told += self._deploy(karin)
        self._log.say(told)

    def _read(self) -> Reading:
        reading = read_project(self._file, self._choices)
        definition = reading.definition
        chosen = Path(self._options.python).absolute() if self._options.python else None
        self._python = find_python(definition, self._file.parent, self._user_environ, chosen)
        definition = msgspec.structs.replace(definition, sqs_endpoint=self._settings.endpoint_url, python=self._python)
        return replace(reading, definition=definition)

    def _deploy(self, karin: DevKarin) -> list[str]:
        """Make the definition's queues and mappings karin's own; return what went wrong, line by line."""
        return karin.make_queues(self._reading.definition) + karin.sync()

    def _notes(self) -> list[str]:
        return runtime_notes(self._reading.definition.functions, self._python, self._user_environ)

    @property
    def _definition_path(self) -> Path:
        return self._home / "definition.json"

    def _write_definition(self) -> None:
        """Write the definition for the local Lambda service; the functions' secrets are in it."""
        new = self._definition_path.with_suffix(".new")
        new.unlink(missing_ok=True)  # its mode would outlive it
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self._reading.definition))
        new.replace(self._definition_path)

    def _functions_environ(self) -> dict[str, str]:
        """Return what the functions inherit: the user's own environment, and keys to sign with if there are none."""
        keys = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
        environ = stand_in.without_proxy(self._user_environ)
        return environ if has_credentials(environ) else environ | keys

    def _karin_environ(self, functions_url: str) -> dict[str, str]:
        """Return the environment of karin itself, which has no way to AWS."""
        kept = {name: value for name, value in self._environ.items() if not name.startswith("AWS_")}
        return kept | self._stand_in(functions_url)

    def _stand_in(self, functions_url: str) -> dict[str, str]:
        """Return what leads karin, and every command that is given its home, to the local functions instead of AWS."""
        definition = self._reading.definition
        return stand_in.without_proxy(
            {
                "KARIN_ACCOUNT_ID": definition.account_id,
                "AWS_ACCESS_KEY_ID": KEY_ID,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_REGION": definition.region,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL_LAMBDA": functions_url,
                "AWS_ENDPOINT_URL_SQS": functions_url,
            }
        )


def has_credentials(environ: Mapping[str, str]) -> bool:
    """Tell whether AWS's SDKs find keys to sign with, as far as that can be told without asking anyone."""
    folder = Path(environ.get("HOME", "/")) / ".aws"
    has_files = any((folder / name).exists() for name in ("credentials", "config"))
    return has_files or any(environ.get(name) for name in _CREDENTIALS)


def _pairs(flag: str, given: list[str]) -> dict[str, str]:
    pairs = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{flag} {pair}: write NAME=VALUE")
        pairs[name] = value
    return pairs


def _look(reading: Reading) -> dict[Path, tuple[int, int] | None]:
    """Return what tells whether one of the files that were read has changed."""
    seen: dict[Path, tuple[int, int] | None] = {}
    for path in reading.files:
        try:
            found = path.stat()
            seen[path] = found.st_mtime_ns, found.st_size
        except OSError:
            seen[path] = None
    return seen


def _was_told(told: "SimpleQueue[int]", timeout_seconds: float) -> bool:
    try:
        told.get(timeout=timeout_seconds)
    except Empty:
        return False
    return True
