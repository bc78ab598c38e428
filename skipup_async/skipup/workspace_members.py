"""Workspace members: who may organize meetings.

Fields and filters as SkipUp's public API reference documents them.
"""

from datetime import datetime

import attrs

from skipup_async.core import arguments
from skipup_async.core.record import Record
from skipup_async.core.request import Page, Request
from skipup_async.core.resource import Resource, S_co, paged
from skipup_async.core.unset import UNSET, Unset

__all__ = ["WorkspaceMember", "WorkspaceMembers"]


@attrs.frozen(repr=False)
class WorkspaceMember(Record):
    """A member of the workspace the API key belongs to."""

    id: str
    email: str | None = None
    name: str | None = None
    #: Such as ``member`` or ``admin``; a value added later passes through.
    role: str | None = None
    #: When the member was deactivated; None for an active one.
    deactivated_at: datetime | None = None
    created_at: datetime | None = None


class WorkspaceMembers(Resource[S_co]):
    """Who may organize meetings."""

    @paged
    def list(
        self,
        *,
        email: str | Unset | None = UNSET,
        role: str | Unset | None = UNSET,
        limit: int | Unset | None = UNSET,
        cursor: str | Unset | None = UNSET,
    ) -> Request[Page[WorkspaceMember]]:
        """The active members, the one added last first; *email* must match exactly."""
        return Request(
            "GET",
            ("workspace_members",),
            Page[WorkspaceMember],
            query=arguments.query(
                email=arguments.optional(arguments.email, "email", email),
                role=arguments.optional(arguments.text, "role", role),
                limit=arguments.optional(arguments.page_limit, "limit", limit),
                cursor=arguments.optional(arguments.text, "cursor", cursor),
            ),
        )
