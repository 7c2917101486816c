"""The main screen: one view at a time, the way back, and the keys for what one does with the row under the cursor."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.widgets import Input

from karin.tui.activity import Activity
from karin.tui.messages import FilterChanged
from karin.tui.reading.interest import Interest
from karin.tui.screens.acting import ActingScreen
from karin.tui.screens.detail import DetailScreen
from karin.tui.screens.help import Command
from karin.tui.times import Now
from karin.tui.views.all import VIEW_NAMES, view_at
from karin.tui.views.listing import Place, Sign, Subject, View, matches, sort_rows
from karin.tui.widgets.filter_bar import FilterBar
from karin.tui.widgets.grid import Grid
from karin.tui.widgets.key_line import KeyLine
from karin.tui.widgets.notice import Notice
from karin.tui.widgets.status_line import StatusLine
from karin.tui.widgets.tab_line import TabLine
from karin.tui.widgets.words import Words
from karin.tui.world import World


class MainScreen(ActingScreen):
    """Everything one looks at, list by list."""

    DEFAULT_CSS = """
    MainScreen #headline { height: auto; padding: 0 1; color: $text-muted; display: none; }
    MainScreen #headline.-shown { display: block; }
    MainScreen #instead { display: none; height: 1fr; padding: 1 2; color: $text-muted; }
    MainScreen #instead.-shown { display: block; }
    MainScreen Grid.-hidden { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", key_display="enter", tooltip="open what is under the cursor"),
        Binding("v", "open", "open", show=False, tooltip="open what is under the cursor"),
        Binding("escape", "back", "back", show=False, tooltip="clear the filter, or go back"),
        Binding("slash", "filter", "filter", key_display="/", tooltip="show only rows with a text; !text hides them"),
        Binding("o", "sort(1)", "sort", show=False, tooltip="sort by the next column"),
        Binding("O", "reverse", "reverse", show=False, tooltip="sort the other way round"),
        Binding("space", "freeze", "freeze", show=False, tooltip="let what is shown stand still, or move again"),
        *(
            Binding(str(number), f"view('{name}')", f"{name} view", show=False, tooltip="show the view of that number")
            for number, name in enumerate(VIEW_NAMES, 1)
        ),
        Binding("tab,right_square_bracket", "next_view(1)", "next view", show=False),
        Binding("shift+tab,left_square_bracket", "next_view(-1)", "view before", show=False),
        Binding("q", "app.quit", "quit"),
    ]
    world: reactive[World] = reactive(World(), repaint=False)
    problem: reactive[str | None] = reactive(None, repaint=False)
    now: reactive[Now] = reactive(Now(0), repaint=False)
    activity: reactive[Activity | None] = reactive(None, repaint=False)
    is_resting: reactive[bool] = reactive(False, repaint=False)
    is_frozen: reactive[bool] = reactive(False, repaint=False)

    def __init__(self, store_title: str, endpoint_url: str) -> None:
        super().__init__()
        self._store_title = store_title
        self._endpoint_url = endpoint_url
        self._places = [Place(VIEW_NAMES[0])]
        self._cursors: dict[Place, str] = {}
        self._filters: dict[Place, str] = {}
        self._sorting: dict[str, tuple[int, bool]] = {}  # view -> column, and whether it is descending
        self._total = 0

    def compose(self) -> ComposeResult:
        """Lay out the lines and the grid."""
        yield StatusLine(self._store_title, self._endpoint_url).data_bind(
            MainScreen.world, MainScreen.problem, MainScreen.now, MainScreen.is_resting, MainScreen.is_frozen
        )
        yield TabLine()
        yield Words(id="headline")
        yield Grid()
        yield Words(id="instead")
        yield FilterBar()
        yield Notice().data_bind(MainScreen.now, MainScreen.activity)
        yield KeyLine()

    def on_mount(self) -> None:
        """Begin at the queues."""
        self._arrive()

    @property
    def place(self) -> Place:
        """Return where the person is."""
        return self._places[-1]

    @property
    def view(self) -> View:
        """Return the view that is shown."""
        return view_at(self.place, self.karin.views)

    @property
    def grid(self) -> Grid:
        """Return the rows' widget."""
        return self.query_one(Grid)

    def interest(self) -> Interest:
        """Return what is to be read for what is shown."""
        return Interest(self.place, self.view.needs)

    def subject(self) -> Subject:
        """Return what the row under the cursor is about."""
        row = self.grid.selected if self.is_mounted else None
        return row.subject if row else Subject(queue=self.place.queue)

    def exported(self) -> tuple[str, object]:
        """Return the view's facts."""
        return self.view.name, self.view.facts(self.world)

    def signs(self) -> tuple[Sign, ...]:
        """Return the view's signs."""
        return self.view.signs

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open something where there is something, and to filter while no filter is typed."""
        if action == "open":
            return self.is_mounted and self.grid.selected is not None
        if action == "filter":
            return not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def watch_world(self) -> None:
        """Show new data."""
        self._show()

    def watch_now(self) -> None:
        """Show how time has passed."""
        self._show()

    def action_view(self, name: str) -> None:
        """Go to a view."""
        self._go([Place(name)])

    def action_next_view(self, step: int) -> None:
        """Go to the view beside this one."""
        place = VIEW_NAMES.index(self._places[0].view)
        self.action_view(VIEW_NAMES[(place + step) % len(VIEW_NAMES)])

    def action_open(self) -> None:
        """Go where the row leads, or show all about it."""
        row = self.grid.selected
        if row is None:
            return
        if row.opens:
            self._go([*self._places, row.opens])
        elif self.view.detail(self.world, row.key, self.now):
            self.app.push_screen(DetailScreen(self.place, self.view, row.key))

    def action_back(self) -> None:
        """Clear the filter; without one, go back."""
        if self._filters.get(self.place):
            self.query_one(FilterBar).action_clear()
        elif len(self._places) > 1:
            self._go(self._places[:-1])

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterBar).open(self._filters.get(self.place, ""))

    def action_sort(self, step: int) -> None:
        """Sort by the next column, after the last one not at all."""
        shown = [None, *self.grid.places]
        sorting = self._sorting.get(self.view.name)
        now = shown.index(sorting[0]) if sorting and sorting[0] in shown else 0
        column = shown[(now + step) % len(shown)]
        if column is None:
            self._sorting.pop(self.view.name, None)
        else:
            self._sorting[self.view.name] = (column, False)
        self._arrive()

    def action_reverse(self) -> None:
        """Sort the other way round."""
        if sorting := self._sorting.get(self.view.name):
            self._sorting[self.view.name] = (sorting[0], not sorting[1])
            self._arrive()

    def action_freeze(self) -> None:
        """Let it stand still, or move again."""
        self.karin.is_frozen = not self.karin.is_frozen

    def commands(self) -> Iterator[Command]:
        """Return what the palette offers: the queues by name as well."""
        yield from super().commands()
        for state in self.world.status.queues if self.world.status else ():
            places = [self._places[0], Place("messages", state.queue)]
            yield Command(f"Queue {state.queue.name}", "show its messages", partial(self._go, places))

    def on_filter_changed(self, event: FilterChanged) -> None:
        """Filter the rows."""
        self._filters[self.place] = event.text
        self._show()

    def on_filter_closed(self) -> None:
        """Go back to the rows."""
        self.grid.focus()

    def on_descendant_focus(self) -> None:
        """Offer the keys of what has the focus now."""
        self._offer()

    def on_grid_chosen(self) -> None:
        """Open the row that was clicked."""
        self.action_open()

    def on_grid_title_clicked(self, event: Grid.TitleClicked) -> None:
        """Sort by a column; the other way round when it was that one already, and then not at all."""
        match self._sorting.get(self.view.name):
            case (event.place, False):
                self._sorting[self.view.name] = (event.place, True)
            case (event.place, True):
                del self._sorting[self.view.name]
            case _:
                self._sorting[self.view.name] = (event.place, False)
        self._arrive()

    def on_tab_line_chosen(self, event: TabLine.Chosen) -> None:
        """Go to the view whose name was clicked."""
        self.action_view(event.view)

    def on_grid_moved(self) -> None:
        """Offer what can be done to the row under the cursor."""
        if row := self.grid.selected:
            self._cursors[self.place] = row.key
        self._offer()

    def _go(self, places: list[Place]) -> None:
        self._places = places
        self._arrive()

    def _arrive(self) -> None:
        """Show another place, or the same one in another order."""
        self.karin.look_at(self.interest())
        sorting = self._sorting.get(self.view.name)
        self.grid.shape(self.view.columns, (sorting[0], "▼" if sorting[1] else "▲") if sorting else None)
        self._show(self._cursors.get(self.place))
        self.grid.focus()
        self._offer()

    def _show(self, key: str | None = None) -> None:
        if not self.is_mounted:
            return
        rows = self.view.rows(self.world, self.now)
        filter_text = self._filters.get(self.place, "")
        shown = [row for row in rows or () if matches(row, filter_text)]
        column, is_descending = self._sorting.get(self.view.name, (None, False))
        shown = sort_rows(shown, column, descending=is_descending)
        self._show_headline()
        instead = self.query_one("#instead", Words)
        if not shown:
            instead.write(self._instead(rows, filter_text))
        # Of the two alone: a class of the whole screen would have the style of everything on it worked out anew.
        instead.set_class(not shown, "-shown")
        self.grid.set_class(not shown, "-hidden")
        before, was_at_end = len(self.grid.rows), self.grid.is_at_end
        self.grid.show(shown, key)
        if self.view.follows_end and was_at_end and key is None and column is None:
            self.grid.action_move_to_end(True)
        if before != len(shown):
            self._offer()
        tabs = self.query_one(TabLine)
        tabs.show(self._places, self.world, filter_text, len(shown), len(rows or ()))

    def _show_headline(self) -> None:
        text = self.view.headline(self.world, self.now)
        headline = self.query_one("#headline", Words)
        headline.write(text)
        headline.set_class(bool(text), "-shown")

    def _instead(self, rows: object, filter_text: str) -> str:
        if rows is None:
            return "reading…"
        return f"nothing matches {filter_text!r}: esc clears the filter" if rows else self.view.empty(self.world)

    def _offer(self) -> None:
        self.refresh_bindings()
        self.query_one(KeyLine).offer()
