"""The actions of the SQS API: each a request shape and the operation it calls. Adding one adds a pair to its family."""

from karin.wsgi.actions import moving, permissions, queues, receiving, sending, tagging
from karin.wsgi.actions.base import Action

ACTIONS: dict[str, Action] = (
    moving.ACTIONS | permissions.ACTIONS | queues.ACTIONS | receiving.ACTIONS | sending.ACTIONS | tagging.ACTIONS
)
