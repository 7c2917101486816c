"""The actions: what a person can have done, for the full screen and for plain lines alike."""

from karin.tui.actions.action import Action
from karin.tui.actions.pausing import PauseOrResume
from karin.tui.actions.purging import Purge
from karin.tui.actions.redriving import Redrive
from karin.tui.actions.replaying import Replay
from karin.tui.actions.rescheduling import DeleteMessage, Reschedule, RunNow
from karin.tui.actions.sending import Send
from karin.tui.actions.syncing import Sync

ACTIONS: tuple[Action, ...] = (
    RunNow(),
    Reschedule(),
    DeleteMessage(),
    Replay(),
    PauseOrResume(),
    Send(),
    Purge(),
    Redrive(),
    Sync(),
)
"""All of them in the order of the footer: what only the thing under the cursor has comes first."""
