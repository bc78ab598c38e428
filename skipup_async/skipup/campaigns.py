"""Campaigns: named buckets that group meeting requests for attribution and routing.

Fields and filters as support.skipup.ai/api/campaigns documents them.
"""

from datetime import datetime

import attrs

from skipup_async.core import arguments
from skipup_async.core.record import Record
from skipup_async.core.request import Id, Page, Proof, Request, identifier
from skipup_async.core.resource import Resource, S_co, endpoint, paged
from skipup_async.core.unset import UNSET, Unset, given

__all__ = ["Campaign", "Campaigns"]


@attrs.frozen(repr=False, slots=False)
class Campaign(Record):
    """A campaign, with its counts as of the answer."""

    #: The id, such as ``cmp_01HQ5RW9ME``.
    id: str
    #: What people call it.
    name: str | None = None
    #: Made from the name; unique in the workspace.
    slug: str | None = None
    #: Copied onto requests as their `campaign_source`.
    description: str | None = None
    #: Where people write to have a request attributed to the campaign.
    email_address: str | None = None
    #: The team its requests go to.
    team_id: str | None = None
    #: That team's name.
    team_name: str | None = None
    #: False after deactivation, or once the end date has passed.
    active: bool | None = None
    #: When it begins; None where it has no beginning.
    starts_at: datetime | None = None
    #: When it ends; None where it has no end.
    ends_at: datetime | None = None
    #: When it was deactivated; None where it was not.
    deactivated_at: datetime | None = None
    #: How many requests came through it.
    meeting_request_count: int | None = None
    #: How many of them were booked.
    meetings_booked_count: int | None = None
    #: Booked in percent of all, to one decimal; 0.0 where there are none.
    booking_rate: float | None = None
    #: When it was created.
    created_at: datetime | None = None
    #: When it last changed.
    updated_at: datetime | None = None


class Campaigns(Resource[S_co]):
    """Group meeting requests for attribution and routing."""

    @paged
    def list(
        self,
        *,
        active: bool | Unset | None = UNSET,
        limit: int | Unset | None = UNSET,
        cursor: str | Unset | None = UNSET,
        prefetch: int = 0,
    ) -> Request[Page[Campaign]]:
        """The workspace's campaigns, newest first; with *active* only those in use."""
        return Request(
            "GET",
            ("campaigns",),
            Page[Campaign],
            query=arguments.query(
                active=arguments.optional(arguments.flag, "active", active),
                limit=arguments.optional(arguments.page_limit, "limit", limit),
                cursor=arguments.optional(arguments.text, "cursor", cursor),
            ),
        )

    @endpoint
    def get(self, id: str) -> Request[Campaign]:
        """One campaign as it is now."""
        return _read(id)

    @endpoint
    def create(
        self,
        *,
        name: str,
        team_id: str,
        description: str | Unset | None = UNSET,
        starts_at: datetime | str | Unset | None = UNSET,
        ends_at: datetime | str | Unset | None = UNSET,
    ) -> Request[Campaign]:
        """Create a campaign whose requests go to the team *team_id*.

        SkipUp documents no idempotency key for this call, so an answer that is
        lost is an AmbiguousOutcomeError and the call is never repeated by itself.
        """
        body = _fields(name, team_id, description, starts_at, ends_at)
        return Request("POST", ("campaigns",), Campaign, body=body)

    @endpoint
    def update(
        self,
        id: str,
        *,
        name: str | Unset = UNSET,
        description: str | Unset | None = UNSET,
        team_id: str | Unset = UNSET,
        starts_at: datetime | str | Unset | None = UNSET,
        ends_at: datetime | str | Unset | None = UNSET,
    ) -> Request[Campaign]:
        """Change a campaign; what is left out stays."""
        body = _fields(name, team_id, description, starts_at, ends_at)
        return Request("PATCH", ("campaigns", Id(id)), Campaign, body=body)

    @endpoint
    def deactivate(self, id: str) -> Request[Campaign]:
        """Take a campaign out of use. SkipUp documents no way back."""
        proof = Proof(
            read=_read(id),
            reached=lambda campaign: campaign.active is False,
            source=lambda campaign: campaign.active is True,
            stamp=lambda campaign: campaign.deactivated_at,
            changed=lambda campaign: campaign.updated_at,
        )
        return Request("POST", ("campaigns", Id(id), "deactivate"), Campaign, proof=proof)


def _read(id: str) -> Request[Campaign]:
    return Request("GET", ("campaigns", Id(id)), Campaign)


def _fields(
    name: str | Unset,
    team_id: str | Unset,
    description: str | Unset | None,
    starts_at: datetime | str | Unset | None,
    ends_at: datetime | str | Unset | None,
) -> dict[str, object]:
    return given(
        {
            "name": arguments.needed(arguments.text, "name", name),
            "team_id": arguments.needed(identifier, "team_id", team_id),
            "description": arguments.optional(arguments.text, "description", description),
            "starts_at": arguments.optional(arguments.moment, "starts_at", starts_at),
            "ends_at": arguments.optional(arguments.moment, "ends_at", ends_at),
        }
    )
