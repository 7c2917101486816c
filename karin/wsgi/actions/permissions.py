"""AddPermission and RemovePermission."""

from karin.operations import permissions
from karin.operations.context import Context
from karin.wsgi.actions.base import Action, queue_of
from karin.wsgi.caller import Caller
from karin.wsgi.shapes import permissions as shapes


def add_permission(context: Context, request: shapes.AddPermissionRequest, caller: Caller) -> None:
    """AddPermission."""
    queue = queue_of(context, request, caller)
    permissions.add_permission(context, queue, request.label, request.aws_account_ids or [], request.actions or [])


def remove_permission(context: Context, request: shapes.RemovePermissionRequest, caller: Caller) -> None:
    """RemovePermission."""
    permissions.remove_permission(context, queue_of(context, request, caller), request.label)


ACTIONS = {
    "AddPermission": Action(shapes.AddPermissionRequest, add_permission),
    "RemovePermission": Action(shapes.RemovePermissionRequest, remove_permission),
}
