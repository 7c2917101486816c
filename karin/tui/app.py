"""The app: keeps what the threads post in reactives that everything shown is bound to, and passes wishes on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import ClassVar

from msgspec.structs import replace
from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.reactive import Reactive, reactive
from textual.screen import Screen

from karin.clock import Clock
from karin.tui.actions.action import Action
from karin.tui.activity import Activity
from karin.tui.messages import ActivityChanged, Examined, StoreLost, ThreadBroke, WorldRead
from karin.tui.reading.interest import Interest
from karin.tui.reading.source import Source
from karin.tui.screens.main import MainScreen
from karin.tui.screens.palette import Palette
from karin.tui.tidying import bound_caches, free_closed_screens
from karin.tui.times import Now
from karin.tui.typing_ahead import TypingAhead
from karin.tui.views.listing import Subject, View
from karin.tui.views.text import one_line, printable
from karin.tui.worker import Worker
from karin.tui.world import Examination, World

THEME = "ansi-dark"  # the terminal's own 16 colours and background
TICK_SECONDS = 1
RESTING_TICKS = 10  # of which one is enough while nobody looks: each is bytes on the wire
UNATTENDED_MS = 60_000  # without a key for so long, nobody is taken to look


class KarinApp(App[None]):
    """Shows one karin. ``zone`` is the one in which times are shown; with ``readonly`` nothing can be changed."""

    TITLE = "karin"
    # The palette's own borders and icon are black, whatever the terminal's background is.
    CSS = """
    * { scrollbar-size-vertical: 1; }
    CommandPalette #--input { border: hkey $primary; }
    CommandPalette #--input.--list-visible { border-bottom: none; }
    CommandPalette CommandInput, CommandPalette CommandInput:focus { border: blank $primary; }
    CommandPalette SearchIcon { color: $foreground; }
    CommandPalette CommandList { border-top: blank $primary; border-bottom: hkey $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon", "command_palette", "palette", key_display=":", show=False, tooltip="every action by its name"),
        Binding("ctrl+p", "command_palette", "palette", show=False, tooltip="every action by its name"),
        Binding("ctrl+q,ctrl+c", "quit", "quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "suspend", show=False),
    ]
    theme: Reactive[str] = Reactive(THEME)
    world: reactive[World] = reactive(World(), repaint=False)
    problem: reactive[str | None] = reactive(None, repaint=False)
    now: reactive[Now] = reactive(Now(0), repaint=False)
    activity: reactive[Activity | None] = reactive(None, repaint=False)
    is_resting: reactive[bool] = reactive(False, repaint=False)
    is_frozen: reactive[bool] = reactive(False, repaint=False)

    def __init__(
        self,
        source: Source,
        worker: Worker,
        clock: Clock,
        views: Sequence[View],
        actions: Sequence[Action],
        *,
        zone: tzinfo = UTC,
        store_title: str = "",
        endpoint_url: str = "",
        readonly: bool = False,
    ) -> None:
        super().__init__()
        self.views = {view.name: view for view in views}
        self.actions = {action.name: action for action in actions if not (readonly and action.changes)}
        self.readonly = readonly
        self._source = source
        self._worker = worker
        self._clock = clock
        self._zone = zone
        self._store_title = store_title
        self._endpoint_url = endpoint_url
        self._examination: Examination | None = None
        self._attended_at_ms = clock.now_ms()
        self._ticks = 0
        self._has_closed_screen = False
        self._typing_ahead = TypingAhead(self, super().on_event)
        self.set_reactive(KarinApp.now, Now(clock.now_ms(), zone))

    def get_default_screen(self) -> Screen[None]:
        """Return the main screen, bound to what is read."""
        return MainScreen(self._store_title, self._endpoint_url).data_bind(
            KarinApp.world,
            KarinApp.problem,
            KarinApp.now,
            KarinApp.activity,
            KarinApp.is_resting,
            KarinApp.is_frozen,
        )

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Return what the palette offers: whatever the screen below has, then the themes."""
        offered = getattr(screen, "commands", None)
        yield from (SystemCommand(*command) for command in (offered() if offered else ()))
        yield SystemCommand("Change theme", "the terminal's own colours or others", self.action_change_theme)
        yield SystemCommand("Quit", "leave; karin goes on without you", self.action_quit)

    def get_key_display(self, binding: Binding) -> str:
        """Return a key as people write it: ``ctrl+r``, not ``^r``."""
        is_plain = binding.key_display is None and binding.key.startswith("ctrl+")
        return binding.key if is_plain else super().get_key_display(binding)

    def action_command_palette(self) -> None:
        """Open the palette, once."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def on_mount(self) -> None:
        """Begin to read, and let time be seen to pass."""
        self._source.start(self._interest(), self.post_message)
        self.set_interval(TICK_SECONDS, self._pass)
        self.app_resume_signal.subscribe(self, self._return)

    async def on_event(self, event: events.Event) -> None:
        """Notice that someone is there."""
        if isinstance(event, events.InputEvent):  # a key or the mouse
            self._attended_at_ms = self._clock.now_ms()
            if self.is_resting:
                self.tick()
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._typing_ahead.take(event)
        else:
            await super().on_event(event)

    def _return(self, app: App[object]) -> None:  # noqa: ARG002 - Textual's own signature
        """Draw everything after ctrl+z: Textual would draw only what has changed, on a screen that is empty."""
        self.screen.refresh()

    def note_closed_screen(self) -> None:
        """Have its memory freed, but not between two keys."""
        self._has_closed_screen = True

    def _pass(self) -> None:
        """Let a second pass."""
        self._ticks += 1
        if self._has_closed_screen:
            self._has_closed_screen = False
            free_closed_screens(self)
        bound_caches()
        if not self.is_resting or self._ticks % RESTING_TICKS == 0:
            self.tick()

    def tick(self) -> None:
        """Look at the clock."""
        now_ms = self._clock.now_ms()
        self.now = Now(now_ms, self._zone)
        self.is_resting = now_ms - self._attended_at_ms >= UNATTENDED_MS

    def watch_is_resting(self, is_resting: bool) -> None:
        """Read seldom while nobody looks."""
        self._source.attend(not is_resting)

    def watch_is_frozen(self, is_frozen: bool) -> None:
        """Let what is shown stand, or move again."""
        self._source.freeze(is_frozen)

    def look_at(self, interest: Interest) -> None:
        """Have read what is shown now, the doctor's findings when they are wanted for the first time."""
        self._source.look_at(interest)
        if interest.place.view == "doctor" and self._examination is None:
            self._worker.examine(self.post_message)

    def read_again(self) -> None:
        """Read everything at once, even what is frozen; with the doctor's findings shown, let the doctor look again."""
        self.is_frozen = False
        self._source.read_again()
        is_examining = self._examination is not None and self._examination.is_running
        if self._interest().place.view == "doctor" and not is_examining:
            self._worker.examine(self.post_message)

    def begin(self, action: Action, subject: Subject, answers: Mapping[str, str], world: World) -> None:
        """Have something done in the world that a person saw when they said so."""
        self._worker.begin(action, subject, answers, world, self.post_message)

    def on_world_read(self, event: WorldRead) -> None:
        """Show what was read."""
        event.is_taken = True
        self.tick()
        self.world = replace(event.world, examination=self._examination)
        self.problem = None

    def on_examined(self, event: Examined) -> None:
        """Show what the doctor found."""
        self.tick()
        self._examination = event.examination
        self.world = replace(self.world, examination=event.examination)

    def on_store_lost(self, event: StoreLost) -> None:
        """Say why nothing new comes; what was read last stays."""
        self.tick()
        self.problem = one_line(event.reason)

    def on_thread_broke(self, event: ThreadBroke) -> None:
        """Fall over loudly: a view that silently stands still would be believed."""
        raise event.error

    def on_activity_changed(self, event: ActivityChanged) -> None:
        """Show how far an action is."""
        self.tick()
        self.tell(event.activity)

    def tell(self, activity: Activity) -> None:
        """Show what is done, or was: what came from outside may hold what would command a terminal."""
        lines = tuple(map(printable, activity.lines))
        self.activity = replace(activity, text=printable(activity.text), lines=lines)

    def _interest(self) -> Interest:
        main = self.screen_stack[0]
        assert isinstance(main, MainScreen)  # noqa: S101 - it is the only one there is
        return main.interest()
