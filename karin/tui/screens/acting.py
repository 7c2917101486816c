"""What every screen can do with what is under its cursor: the actions, copying and exporting."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from karin.tui.actions import ACTIONS
from karin.tui.activity import Activity, Phase
from karin.tui.exporting import CannotExport, export
from karin.tui.screens.help import Command, HelpDialog, binding_commands, help_rows
from karin.tui.screens.outcome import OutcomeDialog
from karin.tui.screens.raw import RawScreen
from karin.tui.views.listing import Sign, Subject
from karin.tui.views.text import one_line

if TYPE_CHECKING:
    from karin.tui.app import KarinApp

LONGEST_SHOWN = 40  # characters of what was copied, on a narrow line


class ActingScreen(Screen[None]):
    """A screen with a subject; what that is, each kind says."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(one.key, f"act('{one.name}')", one.label, show=one.in_footer, tooltip=one.explanation)
            for one in ACTIONS
        ),
        Binding("y", "copy", "copy", tooltip="copy to your clipboard (OSC 52)"),
        Binding("Y", "raw", "show raw", show=False, tooltip="show plainly, to select with the terminal"),
        Binding("e", "export", "export", tooltip="write what is shown to a file as JSON"),
        Binding("ctrl+r", "read_again", "read again", show=False, tooltip="read everything now"),
        Binding("question_mark", "help", "help", key_display="?", tooltip="all keys and signs"),
    ]

    @property
    def karin(self) -> "KarinApp":
        """Return the app."""
        return cast("KarinApp", self.app)

    def subject(self) -> Subject:
        """Return what the actions are for."""
        return Subject()

    def raw(self) -> str:
        """Return what copying copies."""
        return self.subject().text

    def exported(self) -> tuple[str, object]:
        """Return a name for the file of an export, and its content as values."""
        raise NotImplementedError

    def signs(self) -> tuple[Sign, ...]:
        """Return the signs that are shown."""
        return ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done to the subject."""
        if action == "act":
            known = self.karin.actions.get(str(parameters[0]))
            return known is not None and known.applies(self.subject(), self.karin.world)
        if action in ("copy", "raw"):
            return bool(self.raw())
        return True

    def on_screen_resume(self) -> None:
        """Note that what stood above is closed."""
        self.karin.note_closed_screen()

    def action_act(self, name: str) -> None:
        """Do an action, after asking if it asks."""
        action, subject = self.karin.actions[name], self.subject()
        running = self.karin.activity
        is_running = running is not None and running.is_running and running.name == name
        ask = None if is_running else action.ask(subject, self.karin.world, self.karin.now)
        if ask is not None:
            from karin.tui.screens.ask import AskDialog  # noqa: PLC0415 - 1 MB: who only looks has none

            self.app.push_screen(AskDialog(action, subject, ask, self.karin.world))
            return
        if not is_running:
            self.karin.begin(action, subject, {}, self.karin.world)
        if action.shows_outcome:
            self.app.push_screen(OutcomeDialog(action))

    def action_copy(self) -> None:
        """Copy through the terminal; some refuse that without a word."""
        text = self.raw()
        self.app.copy_to_clipboard(text)
        shown = one_line(text) if len(text) <= LONGEST_SHOWN else f"{len(text)} characters"
        self._tell("copy", Phase.DONE, f"copied {shown}; if your terminal refuses that, Y shows it to select")

    def action_raw(self) -> None:
        """Show the text alone."""
        self.app.push_screen(RawScreen(self.raw()))

    def action_export(self) -> None:
        """Write what is shown to a file."""
        name, content = self.exported()
        try:
            path = export(name, content, self.karin.now.ms)
        except CannotExport as error:
            self._tell("export", Phase.FAILED, str(error))
        else:
            self._tell("export", Phase.DONE, f"wrote {path}")

    def action_read_again(self) -> None:
        """Read everything now."""
        self.karin.read_again()

    def action_help(self) -> None:
        """List the keys."""
        self.app.push_screen(HelpDialog(help_rows(self), self.signs()))

    def commands(self) -> Iterator[Command]:
        """Return what the palette offers for this screen."""
        yield from binding_commands(self)

    def _compositor_refresh(self) -> None:
        """Draw; below a dialog, hand on to it what changed, and only once.

        Textual's own method keeps what it handed on: with the first second the whole screen, and then every second.
        """
        super()._compositor_refresh()
        if self is not self.app.screen:
            self._repaint_regions.clear()
            self._repaint_required = False

    def _tell(self, name: str, phase: Phase, text: str) -> None:
        self.karin.tell(Activity(name, phase, text, self.karin.now.ms))
