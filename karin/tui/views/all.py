"""Every view there is, in the order of their keys."""

from collections.abc import Mapping

from karin.tui.views.doctor import DoctorView
from karin.tui.views.due import DueView
from karin.tui.views.functions import FunctionsView
from karin.tui.views.invocations import InvocationsView
from karin.tui.views.listing import Place, View
from karin.tui.views.logs import LogsView
from karin.tui.views.mappings import MappingsView
from karin.tui.views.messages import MessagesView
from karin.tui.views.queues import QueuesView
from karin.tui.views.status import StatusView

_KINDS: tuple[type[View], ...] = (
    QueuesView, MappingsView, FunctionsView, InvocationsView, DueView, LogsView, DoctorView,
)  # fmt: skip
VIEW_NAMES = (*(kind.name for kind in _KINDS), StatusView.name)
"""Of those that keys lead to, the first by ``1``."""


def all_views(*, store_title: str, endpoint_url: str, metrics_url: str | None = None) -> tuple[View, ...]:
    """Return the views that keys lead to, in the order of VIEW_NAMES."""
    status = StatusView(store_title=store_title, endpoint_url=endpoint_url, metrics_url=metrics_url)
    return (*(kind() for kind in _KINDS), status)


def view_at(place: Place, among: Mapping[str, View]) -> View:
    """Return the view at a place: one of those by name, or the messages of the place's queue."""
    if place.view == MessagesView.name and place.queue:
        return MessagesView(place.queue)
    return among[place.view]
