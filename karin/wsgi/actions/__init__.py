"""The actions of the SQS API: each a request shape and the operation it calls. Adding one adds a pair to its family."""

from karin.wsgi.actions import queues, sending
from karin.wsgi.actions.base import Action

ACTIONS: dict[str, Action] = queues.ACTIONS | sending.ACTIONS
