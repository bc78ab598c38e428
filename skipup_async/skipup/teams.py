"""Teams: the members a campaign's meetings are shared among.

Fields as support.skipup.ai/api/teams documents them. That page names the
endpoints without their paths, so these follow the API's other resources.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from skipup_async.core import arguments
from skipup_async.core.record import Record
from skipup_async.core.request import Id, Page, Request
from skipup_async.core.resource import Resource, S_co, endpoint, paged
from skipup_async.core.unset import UNSET, Unset

__all__ = ["Team", "Teams"]

_TEAMS = ("teams",)


def _team(id: str) -> tuple[str, ...]:
    return (*_TEAMS, Id(id))


@attrs.frozen(repr=False, slots=False)
class Team(Record):
    """A team and how it shares out its meetings."""

    #: The id, which begins with ``tm_``.
    id: str
    #: What people call it.
    name: str | None = None
    #: Made from the name; unique in the workspace.
    slug: str | None = None
    #: What it is for.
    description: str | None = None
    #: ``pool`` (members take turns), ``stack`` (all of them attend) or ``manual``; a value added later passes through.
    mode: str | None = None
    #: Where people write to reach the team; None for a manual one, or in a workspace without a handle.
    email_address: str | None = None
    #: How many belong to it.
    member_count: int | None = None
    #: For a stack only.
    stack_always_apply: bool | None = None
    #: For a stack only.
    include_all_members: bool | None = None
    #: For a pool only.
    introduce_member: bool | None = None
    #: For a pool only.
    introduction_guidance: str | None = None
    #: False after deactivation.
    active: bool | None = None
    #: When it was deactivated; None where it was not.
    deactivated_at: datetime | None = None
    #: When it was created.
    created_at: datetime | None = None
    #: When it last changed.
    updated_at: datetime | None = None
    #: The memberships, as they came: what one holds is not documented. None in a list of teams.
    members: tuple[Mapping[str, Any], ...] | None = attrs.field(default=None, hash=False)
    #: The membership that is next in turn, as it came; of a single pool only.
    next_assignee: Mapping[str, Any] | None = attrs.field(default=None, hash=False)


class Teams(Resource[S_co]):
    """The members a campaign's meetings are shared among."""

    @paged
    def list(
        self,
        *,
        limit: int | Unset | None = UNSET,
        cursor: str | Unset | None = UNSET,
        prefetch: int = 0,
    ) -> Request[Page[Team]]:
        """The workspace's teams, without their members.

        Provisional: the path is inferred.
        """
        query = arguments.query(
            limit=arguments.optional(arguments.page_limit, "limit", limit),
            cursor=arguments.optional(arguments.text, "cursor", cursor),
        )
        return Request("GET", _TEAMS, Page[Team], query=query, provisional=True)

    @endpoint
    def get(self, id: str) -> Request[Team]:
        """One team with its members, and in a pool with the one who is next in turn.

        Provisional: the path is inferred.
        """
        return Request("GET", _team(id), Team, provisional=True)
