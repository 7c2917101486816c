"""The app: keeps what the threads post in reactives that everything shown is bound to, and passes intents on."""

from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.reactive import Reactive, reactive
from textual.screen import Screen

from karin.clock import Clock
from karin.operations.status import Status
from karin.tui.actions import Actions
from karin.tui.activity import Activity, Kind
from karin.tui.messages import (
    ActivityChanged,
    PurgeWanted,
    SendWanted,
    StatusRead,
    StoreLost,
    SyncWanted,
    ThreadBroke,
)
from karin.tui.screens.main import MainScreen
from karin.tui.source import Source

THEME = "ansi-dark"  # the terminal's own 16 colours and background
TICK_SECONDS = 1


class KarinApp(App[None]):
    """Shows one karin."""

    TITLE = "karin"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("ctrl+q,ctrl+c", "quit", "quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "suspend", show=False),
    ]
    theme: Reactive[str] = Reactive(THEME)
    status: reactive[Status | None] = reactive(None, repaint=False)
    problem: reactive[str | None] = reactive(None, repaint=False)
    now_ms: reactive[int] = reactive(0, repaint=False)
    change: reactive[Activity | None] = reactive(None, repaint=False)
    sync: reactive[Activity | None] = reactive(None, repaint=False)
    news: reactive[Activity | None] = reactive(None, repaint=False)

    def __init__(self, source: Source, actions: Actions, clock: Clock, *, store_title: str, endpoint_url: str) -> None:
        super().__init__()
        self._source = source
        self._actions = actions
        self._clock = clock
        self._store_title = store_title
        self._endpoint_url = endpoint_url
        self.set_reactive(KarinApp.now_ms, clock.now_ms())

    def get_default_screen(self) -> Screen[None]:
        """Return the main screen, bound to what is read."""
        return MainScreen(self._store_title, self._endpoint_url).data_bind(
            KarinApp.status, KarinApp.problem, KarinApp.now_ms, KarinApp.sync, KarinApp.news
        )

    def on_mount(self) -> None:
        """Begin to read, and let time be seen to pass."""
        self._source.start(self.post_message)
        self.set_interval(TICK_SECONDS, self.tick)

    def tick(self) -> None:
        """Look at the clock."""
        self.now_ms = self._clock.now_ms()

    def on_status_read(self, event: StatusRead) -> None:
        """Show what was read."""
        self.tick()
        self.status = event.status
        self.problem = None

    def on_store_lost(self, event: StoreLost) -> None:
        """Say why nothing new comes; what was read last stays."""
        self.tick()
        self.problem = event.reason

    def on_thread_broke(self, event: ThreadBroke) -> None:
        """Fall over loudly: a view that silently stands still would be believed."""
        raise event.error

    def on_activity_changed(self, event: ActivityChanged) -> None:
        """Keep the latest of each kind, and show it as news."""
        self.tick()
        if event.activity.kind is Kind.SYNC:
            self.sync = event.activity
        else:
            self.change = event.activity
        self.news = event.activity

    def on_send_wanted(self, event: SendWanted) -> None:
        """Pass it on."""
        self._actions.send(event.queue, event.send, self.post_message)

    def on_purge_wanted(self, event: PurgeWanted) -> None:
        """Pass it on."""
        self._actions.purge(event.queue, self.post_message)

    def on_sync_wanted(self, _event: SyncWanted) -> None:
        """Pass it on, one at a time."""
        if not (self.sync and self.sync.is_running):
            self.sync = None
            self._actions.sync(self.post_message)
