"""What karin-tui writes to and reads from when it runs for a browser: the pipes of its web server."""

from contextlib import suppress

from textual.drivers import web_driver
from textual.messages import ExitApp

from karin.tui.typing_ahead import take_escape_apart

take_escape_apart(web_driver)


class BrowserDriver(web_driver.WebDriver):
    """Textual's own, which also ends when its server is gone: even one that was killed leaves no process behind."""

    def run_input_thread(self) -> None:
        """Read until the end of the input, and end the application then."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(ExitApp())

    def write(self, data: str) -> None:
        """Write to the terminal, if anybody is there."""
        with suppress(BrokenPipeError):
            super().write(data)

    def write_meta(self, data: dict[str, object]) -> None:
        """Write to the server, if it is there."""
        with suppress(BrokenPipeError):
            super().write_meta(data)
