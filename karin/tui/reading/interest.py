"""What a person looks at now, and so what is worth reading."""

import msgspec

from karin.sqs.names import QueueId
from karin.tui.views.listing import Need, Place


class Interest(msgspec.Struct, frozen=True):
    """The place, what its view needs, and the one message whose detail is open, if any."""

    place: Place
    needs: frozenset[Need] = frozenset()
    message: tuple[QueueId, str] | None = None
