"""Requests of AddPermission and RemovePermission; neither has a result."""

from typing import Annotated

import msgspec

from karin.wsgi.shapes.base import Flat, QueueScoped


class AddPermissionRequest(QueueScoped):
    """AddPermission."""

    label: str | None = None
    aws_account_ids: Annotated[list[str] | None, Flat("AWSAccountId")] = msgspec.field(
        name="AWSAccountIds", default=None
    )
    actions: Annotated[list[str] | None, Flat("ActionName")] = None


class RemovePermissionRequest(QueueScoped):
    """RemovePermission."""

    label: str | None = None
