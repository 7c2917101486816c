"""The main screen: the tables, and the keys for what one does with them."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer

from karin.operations.status import Status
from karin.store.queues import QueueState
from karin.tui.activity import Activity
from karin.tui.messages import FilterChanged, SyncWanted
from karin.tui.screens.help import HelpDialog, help_rows
from karin.tui.screens.purge import PurgeDialog
from karin.tui.screens.send import SendDialog
from karin.tui.screens.sync import SyncDialog
from karin.tui.widgets.filter_bar import FilterBar
from karin.tui.widgets.mappings import MappingsTable
from karin.tui.widgets.notice import Notice
from karin.tui.widgets.queues import QueuesTable
from karin.tui.widgets.status_line import StatusLine
from karin.tui.widgets.tab_line import TabLine
from karin.tui.widgets.tables import Table

TABLES = ("queues", "mappings")


class MainScreen(Screen[None]):
    """Everything one looks at; deeds are intents that the app hears."""

    DEFAULT_CSS = """
    MainScreen ContentSwitcher { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "send", "send"),
        Binding("p", "purge", "purge"),
        Binding("s", "sync", "sync mappings"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("tab,shift+tab", "other_table", "other table", show=False),
        Binding("1", "table('queues')", "queues", show=False),
        Binding("2", "table('mappings')", "mappings", show=False),
        Binding("escape", "clear_filter", "clear the filter", show=False),
        Binding("question_mark", "help", "help", key_display="?"),
    ]
    status: reactive[Status | None] = reactive(None, repaint=False)
    problem: reactive[str | None] = reactive(None, repaint=False)
    now_ms: reactive[int] = reactive(0, repaint=False)
    sync: reactive[Activity | None] = reactive(None, repaint=False)
    news: reactive[Activity | None] = reactive(None, repaint=False)
    filter_text: reactive[str] = reactive("", repaint=False)
    active: reactive[str] = reactive("queues", repaint=False)

    def __init__(self, store_title: str, endpoint_url: str) -> None:
        super().__init__()
        self._store_title = store_title
        self._endpoint_url = endpoint_url

    def compose(self) -> ComposeResult:
        """Lay out the lines and the tables."""
        yield StatusLine(self._store_title, self._endpoint_url).data_bind(
            MainScreen.status, MainScreen.problem, MainScreen.now_ms
        )
        yield TabLine().data_bind(MainScreen.status, MainScreen.filter_text, MainScreen.active)
        with ContentSwitcher(initial="queues"):
            for table in (QueuesTable(id="queues"), MappingsTable(id="mappings")):
                yield table.data_bind(MainScreen.status, MainScreen.now_ms, MainScreen.filter_text)
        yield FilterBar()
        yield Notice().data_bind(MainScreen.now_ms, activity=MainScreen.news)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin at the queues."""
        self._focus_table()

    @property
    def table(self) -> Table:
        """Return the table that is shown."""
        shown = self.query_one(f"#{self.active}")
        assert isinstance(shown, Table)  # noqa: S101 - the switcher holds nothing else
        return shown

    @property
    def selected_queue(self) -> QueueState | None:
        """Return the queue under the cursor, when the queues are shown."""
        return self.table.queue if isinstance(self.table, QueuesTable) else None

    def watch_active(self) -> None:
        """Show the table; keys that need a queue come and go with it."""
        if self.is_mounted:
            self.query_one(ContentSwitcher).current = self.active
            self._focus_table()
            self.on_rows_shown()
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Offer what needs a queue only with the queues."""
        if action in ("send", "purge"):
            return self.active == "queues"
        return True

    def action_table(self, name: str) -> None:
        """Show a table."""
        self.active = name

    def action_other_table(self) -> None:
        """Show the other table."""
        self.active = TABLES[(TABLES.index(self.active) + 1) % len(TABLES)]

    def action_send(self) -> None:
        """Ask what to send."""
        if state := self.selected_queue:
            self.app.push_screen(SendDialog(state))

    def action_purge(self) -> None:
        """Ask before deleting."""
        if state := self.selected_queue:
            self.app.push_screen(PurgeDialog(state))

    def action_sync(self) -> None:
        """Read the mappings from AWS, or show the reading that is under way."""
        if not (self.sync and self.sync.is_running):
            self.post_message(SyncWanted())
        self.app.push_screen(SyncDialog())

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterBar).open()

    def action_clear_filter(self) -> None:
        """Show everything again."""
        self.query_one(FilterBar).action_clear()

    def action_help(self) -> None:
        """List the keys."""
        self.app.push_screen(HelpDialog(help_rows(self)))

    def on_filter_changed(self, event: FilterChanged) -> None:
        """Filter both tables."""
        self.filter_text = event.text

    def on_rows_shown(self) -> None:
        """Count what the filter lets through."""
        self.query_one(TabLine).matched = len(self.table.grid.rows)

    def on_filter_closed(self) -> None:
        """Go back to the rows."""
        self._focus_table()

    def _focus_table(self) -> None:
        self.table.grid.focus()
