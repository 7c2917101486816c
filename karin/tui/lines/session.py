"""karin-tui without a terminal: reads a line, does what it asks for, prints what is then the case, and asks again.

Nothing is read from the store while a person thinks: what is shown is read when it is printed.
"""

import os
import sys
from collections.abc import Callable, Mapping
from datetime import tzinfo

from karin.finding import Running
from karin.store.connection import StoreUnavailable
from karin.tui.actions import ACTIONS
from karin.tui.actions.action import Means
from karin.tui.exporting import to_json
from karin.tui.lines.acting import READONLY, Actor
from karin.tui.lines.commands import parse
from karin.tui.lines.console import Console, Ended
from karin.tui.lines.details import detail_lines
from karin.tui.lines.heading import heading, tabs
from karin.tui.lines.helping import help_lines
from karin.tui.lines.here import Here, NoSuchColumn
from karin.tui.lines.naming import NoSuchRow, row_meant
from karin.tui.lines.sight import Sight
from karin.tui.lines.table import table_lines
from karin.tui.reading.children import run_karin
from karin.tui.reading.gathering import Gatherer
from karin.tui.times import Now
from karin.tui.views.all import VIEW_NAMES, all_views, view_at
from karin.tui.views.doctor import DoctorView
from karin.tui.views.fitting import cut
from karin.tui.views.listing import Place, Row
from karin.tui.views.status import StatusView
from karin.tui.views.text import printable_json

EXIT_DONE, EXIT_FAILED = 0, 1
USUAL_COLUMNS = 80
LEAST_COLUMNS = 20
UNSEEN_COLUMNS = 200  # where nobody is there: nothing needs to be cut for a mail or a log
SHOWN_INPUT = 40  # cells of what was typed and not understood
FULL_SCREEN = "`fly ssh console --pty -C karin-tui`, or `ssh -t`"
WELCOME = f"karin-tui in plain lines; type ? and Enter for what there is to type.\nFull screen: {FULL_SCREEN}"
ADVICE = f"karin-tui needs a terminal: {FULL_SCREEN} gives it one; scripts take `karin status --json`"


def run(running: Running, *, readonly: bool, environ: Mapping[str, str], zone: tzinfo) -> int:
    """Show a running karin in plain lines until a person leaves; return the exit code.

    With nobody there from the start it prints the status alone, and returns 1 when no scheduler is alive. Raises
    StoreUnavailable when there is no status to print.
    """
    console = Console()
    try:
        try:
            return Session(running, console, readonly=readonly, environ=environ, zone=zone).run()
        except KeyboardInterrupt:
            console.say()
            return EXIT_DONE
    except BrokenPipeError:
        console.abandon()
        return EXIT_FAILED


class Session:
    """One person at one pipe."""

    def __init__(
        self, running: Running, console: Console, *, readonly: bool, environ: Mapping[str, str], zone: tzinfo
    ) -> None:
        means = Means(running.context, lambda arguments: run_karin(arguments, environ), zone)
        self._console = console
        self._readonly = readonly
        self._zone = zone
        self._width = _columns(environ)
        self._karin = (running.endpoint_url, running.store_title)
        self._sight = Sight(Gatherer(running, waits=True), means)
        self._actor = Actor(ACTIONS, means, console, readonly=readonly)
        every = all_views(
            store_title=running.store_title,
            endpoint_url=running.endpoint_url,
            metrics_url=running.settings.metrics_url,
        )
        self._views = {view.name: view for view in every}
        self._path = [self._at(Place(VIEW_NAMES[0]))]
        self._has_left = False
        self._commands: Mapping[str, Callable[[str], object]] = {
            "": self._read_again,
            "v": self._open,
            "b": self._go_back,
            "/": self._filter,
            "o": self._sort,
            "O": self._turn_round,
            "all": self._show_all,
            "y": self._show_raw,
            "e": self._show_json,
            "?": self._help,
            "q": self._leave,
        }

    def run(self) -> int:
        """Go on until the person leaves; return the exit code. Raises StoreUnavailable where nobody is to be told."""
        if self._console.has_ended():
            return self._show_status_alone()
        self._console.say(f"{WELCOME}\n{READONLY}" if self._readonly else WELCOME)
        self._look_and_show(with_tabs=True)
        has_heard = False
        try:
            while not self._has_left:
                line = self._console.ask(f"{self._here.title}> ")
                has_heard = True
                self._do(line)
        except Ended:
            self._console.say()
            if not has_heard:
                return self._show_status_alone()
        return EXIT_DONE

    @property
    def _here(self) -> Here:
        return self._path[-1]

    @property
    def _now(self) -> Now:
        return Now(self._sight.now_ms(), self._zone)

    def _at(self, place: Place) -> Here:
        return Here(place, view_at(place, self._views))

    def _do(self, line: str) -> None:
        command = parse(line)
        if known := self._commands.get(command.word):
            known(command.rest)
        elif action := self._actor.action_called(command.word):
            if self._actor.act(action, command.rest, self._here, self._sight.world, self._now):
                self._look_and_show()
        elif view_name := self._view_called(command.word):
            self._go(Place(view_name))
        else:
            typed = cut(line.strip(), SHOWN_INPUT)
            self._console.say(f"{typed}: there is no such command; ? lists them, and v {typed} opens a row")

    def _view_called(self, word: str) -> str:
        """Return the name of the view with a key or a name, empty when there is none."""
        keys = {str(number): name for number, name in enumerate(VIEW_NAMES, 1)}
        return keys.get(word) or (word.lower() if word.lower() in VIEW_NAMES else "")

    def _go(self, place: Place) -> None:
        self._path = [self._at(place)]
        self._read_again("", with_tabs=True)

    def _read_again(self, _: str = "", *, with_tabs: bool = False) -> None:
        if self._here.place.view == DoctorView.name:
            try:
                self._console.say("looking…")
                self._sight.examine()
            except KeyboardInterrupt:
                self._console.say("interrupted")
        self._look_and_show(with_tabs=with_tabs)

    def _open(self, text: str) -> None:
        row = self._row_meant(text, "open")
        if row is None:
            return
        if row.opens:
            self._path.append(self._at(row.opens))
            self._look_and_show()
            return
        self._sight.look(self._here.interest_in(row))
        if self._here.view.detail(self._sight.world, row.key, self._now) is None:
            self._console.say("there is no more to tell than its line")
            return
        self._here.opened = row
        self._show()

    def _go_back(self, _: str) -> None:
        if self._here.opened:
            self._here.opened = None
        elif len(self._path) > 1:
            self._path.pop()
        else:
            self._console.say("there is nothing to go back to: 1..8 show the other views, q leaves")
            return
        self._look_and_show()

    def _filter(self, text: str) -> None:
        self._here.filter_text, self._here.opened = text, None
        self._look_and_show()

    def _sort(self, title: str) -> None:
        try:
            self._here.sort_by(title)
        except NoSuchColumn as error:
            self._console.say(str(error))
            return
        self._here.opened = None
        self._look_and_show()

    def _turn_round(self, _: str) -> None:
        self._here.is_descending, self._here.opened = not self._here.is_descending, None
        self._look_and_show()

    def _show_all(self, _: str) -> None:
        self._here.shows_all, self._here.opened = True, None
        self._look_and_show()

    def _show_raw(self, text: str) -> None:
        row = self._here.opened if not text and self._here.opened else self._row_meant(text, "show the text of")
        if row is None:
            return
        self._sight.look(self._here.interest_in(row))
        detail = self._here.view.detail(self._sight.world, row.key, self._now)
        self._console.say((detail.raw if detail else "") or row.subject.text or "it has no text of its own")

    def _show_json(self, _: str) -> None:
        self._sight.look(self._here.interest)
        self._console.say(printable_json(to_json(self._here.view.facts(self._sight.world))))

    def _help(self, _: str) -> None:
        self._console.say("\n".join(help_lines(ACTIONS, self._here.view, self._width, readonly=self._readonly)))

    def _leave(self, _: str) -> None:
        self._has_left = True

    def _row_meant(self, text: str, verb: str) -> Row | None:
        text = text or self._console.ask(f"{verb} which? A number or a name, nothing cancels: ").strip()
        try:
            return row_meant(text, self._here.numbered, self._here.view.columns) if text else None
        except NoSuchRow as error:
            self._console.say(str(error))
            return None

    def _look_and_show(self, *, with_tabs: bool = False) -> None:
        self._sight.look(self._here.interest)
        self._show(with_tabs=with_tabs)

    def _show(self, *, with_tabs: bool = False) -> None:
        here, world, now = self._here, self._sight.world, self._now
        lines = ["", *heading(world, self._sight.problem, self._karin, now, self._width)]
        if with_tabs:
            lines.append(tabs(tuple(self._views.values()), here.place.view))
        detail = here.view.detail(world, here.opened.key, now) if here.opened else None
        if detail:
            lines += ["", *detail_lines(detail)]
        else:
            here.opened = None
            lines += ["", *here.list_lines(world, now, self._width)]
        self._console.say("\n".join(lines))

    def _show_status_alone(self) -> int:
        here = self._at(Place(StatusView.name))
        self._sight.look(here.interest)
        status = self._sight.world.status
        if self._sight.problem or status is None:
            raise StoreUnavailable(self._sight.problem)
        rows = here.view.rows(self._sight.world, self._now) or ()
        self._console.say("\n".join(table_lines(here.view.columns, rows, max(self._width, UNSEEN_COLUMNS))))
        print(ADVICE, file=sys.stderr)
        return EXIT_DONE if status.schedulers_alive else EXIT_FAILED


def _columns(environ: Mapping[str, str]) -> int:
    """Return how wide lines may be: what COLUMNS says, else the width of a terminal, else 80."""
    told = environ.get("COLUMNS", "")
    if told.isdecimal() and int(told) >= LEAST_COLUMNS:
        return int(told)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or USUAL_COLUMNS
    except (OSError, AttributeError, ValueError):
        return USUAL_COLUMNS
