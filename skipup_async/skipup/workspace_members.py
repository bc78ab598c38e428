"""Workspace members: who may organize meetings.

Fields and filters as support.skipup.ai/api/workspace-members documents them.
"""

from datetime import datetime

import attrs

from skipup_async.core import arguments
from skipup_async.core.record import Record
from skipup_async.core.request import Id, Page, Request
from skipup_async.core.resource import Resource, S_co, endpoint, paged
from skipup_async.core.unset import UNSET, Unset, given

__all__ = ["WorkspaceMember", "WorkspaceMembers"]

_MEMBERS = ("workspace_members",)


def _action(id: str, action: str) -> tuple[str, ...]:
    return (*_MEMBERS, Id(id), action)


@attrs.frozen(repr=False, slots=False)
class WorkspaceMember(Record):
    """A member of the workspace the API key belongs to."""

    #: The id that the other calls take.
    id: str
    #: The address, as `organizer_email` takes it.
    email: str | None = None
    #: What people call the member.
    name: str | None = None
    #: Such as ``member`` or ``admin``; a value added later passes through.
    role: str | None = None
    #: When the member was deactivated; None for an active one.
    deactivated_at: datetime | None = None
    #: When the member was added.
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
        prefetch: int = 0,
    ) -> Request[Page[WorkspaceMember]]:
        """The active members, the one added last first; *email* must match exactly."""
        return Request(
            "GET",
            _MEMBERS,
            Page[WorkspaceMember],
            query=arguments.query(
                email=arguments.optional(arguments.email, "email", email),
                role=arguments.optional(arguments.text, "role", role),
                limit=arguments.optional(arguments.page_limit, "limit", limit),
                cursor=arguments.optional(arguments.text, "cursor", cursor),
            ),
        )

    @endpoint
    def add(
        self,
        email: str,
        *,
        name: str | Unset | None = UNSET,
        role: str | Unset = UNSET,
    ) -> Request[WorkspaceMember]:
        """Add a member, who can organize meetings from then on.

        An answer that is lost is an AmbiguousOutcomeError, and the call is
        never repeated by itself: `list(email=...)` tells whether it was done.

        Provisional: *name*, *role* and the answer are inferred.
        """
        body = {
            "email": arguments.email("email", email),
            "name": arguments.optional(arguments.text, "name", name),
            "role": arguments.optional(arguments.text, "role", role),
        }
        return Request("POST", _MEMBERS, WorkspaceMember, body=given(body), provisional=True)

    @endpoint
    def deactivate(self, id: str) -> Request[WorkspaceMember]:
        """Take a member out of the list; nobody who is not in it can organize a meeting.

        An answer that is lost is an AmbiguousOutcomeError, and the call is
        never repeated by itself: `list()` tells who is in now, not by whose call.

        Provisional: the answer is inferred.
        """
        return _switch(id, "deactivate")

    @endpoint
    def reactivate(self, id: str) -> Request[WorkspaceMember]:
        """Put a member back into the list.

        An answer that is lost is an AmbiguousOutcomeError, and the call is
        never repeated by itself: `list()` tells who is in now, not by whose call.

        Provisional: the answer is inferred.
        """
        return _switch(id, "reactivate")


def _switch(id: str, action: str) -> Request[WorkspaceMember]:
    # Without a Proof: one member cannot be read, the list shows the active ones alone, and it dates no change. A
    # member who is missing there may have been taken out by anybody, so reading it would prove nothing of this call.
    return Request("POST", _action(id, action), WorkspaceMember, provisional=True)
