"""All about one thing, kept up to date while it is open."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from karin.tui.reading.interest import Interest
from karin.tui.screens.acting import ActingScreen
from karin.tui.views.listing import Detail, Place, Section, Subject, View
from karin.tui.widgets.away_line import AwayLine
from karin.tui.widgets.key_line import KeyLine
from karin.tui.widgets.notice import Notice
from karin.tui.widgets.words import Words


class DetailScreen(ActingScreen):
    """Shows a view's detail of the row with a key; what is gone meanwhile stays to be read."""

    AUTO_FOCUS = "VerticalScroll"
    DEFAULT_CSS = """
    DetailScreen #title { height: 1; padding: 0 1; text-style: bold; }
    DetailScreen VerticalScroll { height: 1fr; padding: 1 1 0 1; }
    DetailScreen #facts { height: auto; }
    DetailScreen #body { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "back", tooltip="go back to the list"),
        Binding("q", "close", "back", show=False, tooltip="go back to the list"),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
        Binding("ctrl+d,pagedown,space", "page(1)", "page down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "page up", show=False),
        Binding("g,home", "end(False)", "beginning", show=False),
        Binding("G,end", "end(True)", "end", show=False),
    ]

    def __init__(self, place: Place, view: View, key: str) -> None:
        super().__init__()
        self._place = place
        self._view = view
        self._key = key
        self._detail: Detail | None = None

    def compose(self) -> ComposeResult:
        """Lay out the title and the text."""
        yield AwayLine()
        yield Static(id="title", markup=False)
        with VerticalScroll():
            yield Words(id="facts")
            yield Words(id="body")
        notice = Notice()
        yield notice
        yield KeyLine()

    def on_mount(self) -> None:
        """Show what is known, and whatever is known later."""
        self._show()
        subject = self.subject()
        message = (subject.queue, subject.message_id) if subject.queue and subject.message_id else None
        self.karin.look_at(Interest(self._place, self._view.needs, message))
        self.watch(self.app, "world", self._show, init=False)
        self.watch(self.app, "now", self._pass, init=False)
        self.watch(self.app, "activity", self._hear, init=False)
        self.query_one(KeyLine).offer()

    def subject(self) -> Subject:
        """Return what it is all about."""
        return self._detail.subject if self._detail else Subject()

    def raw(self) -> str:
        """Return what copying copies."""
        return (self._detail.raw or self._detail.subject.text) if self._detail else ""

    def exported(self) -> tuple[str, object]:
        """Return the detail as it is shown."""
        return self._view.name, self._detail

    def action_close(self) -> None:
        """Go back; nothing more is read for this."""
        self.karin.look_at(Interest(self._place, self._view.needs))
        self.dismiss()

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        area = self.query_one(VerticalScroll)
        area.scroll_relative(y=pages * max(1, area.size.height - 1), animate=False)

    def action_end(self, last: bool) -> None:
        """Scroll to the beginning or the end."""
        area = self.query_one(VerticalScroll)
        if last:
            area.scroll_end(animate=False)
        else:
            area.scroll_home(animate=False)

    def _pass(self) -> None:
        self.query_one(Notice).now = self.karin.now
        self._show()

    def _hear(self) -> None:
        self.query_one(Notice).activity = self.karin.activity

    def _show(self) -> None:
        found = self._view.detail(self.karin.world, self._key, self.karin.now)
        if found is None or found == self._detail:
            return
        self._detail = found
        self.query_one("#title", Static).update(found.title)
        # Apart, because times in the facts change every second, and texts may be long.
        self.query_one("#facts", Words).write(sections_text(found.sections[:1]))
        self.query_one("#body", Words).write(sections_text(found.sections[1:]))
        self.query_one(KeyLine).offer()


def sections_text(sections: Sequence[Section]) -> Text:
    """Return parts of a detail as a text: their labels dim, each apart from the next."""
    text = Text()
    for section in sections:
        if text:
            text.append("\n")
        _append(text, section)
    return text


def _append(text: Text, section: Section) -> None:
    if section.title:
        text.append(f"{section.title}\n", "bold")
    width = max((len(label) for label, _ in section.pairs), default=0)
    for label, value in section.pairs:
        text.append(f"{label:<{width}}  ", "dim")
        text.append(f"{value}\n")
    if section.text:
        text.append(section.text.rstrip("\n") + "\n")
