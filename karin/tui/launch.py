"""Putting the whole application together for a real karin, and running it."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import tzinfo

from textual.drivers import linux_driver

from karin.finding import Running
from karin.tui.actions import ACTIONS
from karin.tui.actions.action import Means
from karin.tui.app import KarinApp
from karin.tui.reading.children import run_karin
from karin.tui.reading.source import StoreSource
from karin.tui.tidying import set_apart_what_stays
from karin.tui.typing_ahead import take_escape_apart
from karin.tui.views.all import all_views
from karin.tui.worker import ThreadWorker


class UnknownTheme(Exception):  # noqa: N818 - it says what is the case, as a person reads it
    """There is no theme of a name; the message is one line that suggests another."""


def build(
    running: Running, environ: Mapping[str, str], zone: tzinfo, *, readonly: bool
) -> tuple[KarinApp, StoreSource]:
    """Return the application of a running karin, and the source that has to be stopped after it."""

    def karin(arguments: Sequence[str]) -> str:
        return run_karin(arguments, environ)

    source = StoreSource(running)
    app = KarinApp(
        source,
        ThreadWorker(Means(running.context, karin, zone), source.read_again),
        running.context.clock,
        all_views(
            store_title=running.store_title,
            endpoint_url=running.endpoint_url,
            metrics_url=running.settings.metrics_url,
        ),
        ACTIONS,
        zone=zone,
        store_title=running.store_title,
        endpoint_url=running.endpoint_url,
        readonly=readonly,
    )
    return app, source


def show(
    running: Running, environ: Mapping[str, str], zone: tzinfo, *, theme: str | None, readonly: bool, mouse: bool
) -> int:
    """Run the application in this terminal until it is left; return the exit code. Raises UnknownTheme."""
    app, source = build(running, environ, zone, readonly=readonly)
    if theme is not None:
        if theme not in app.available_themes:
            near = difflib.get_close_matches(theme, app.available_themes, n=1)
            known = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(app.available_themes))}"
            raise UnknownTheme(f"there is no theme {theme!r}: {known}")
        app.theme = theme
    take_escape_apart(linux_driver)
    set_apart_what_stays()
    # Reports of every mouse movement would travel over SSH, and the terminal's own selection would not work.
    app.run(mouse=mouse)
    source.stop()
    return app.return_code or 0
