"""The endpoints, one file a resource, and the table of them all."""

from __future__ import annotations

from skipup_async.emulator.routes import (
    api_keys,
    campaigns,
    meeting_requests,
    teams,
    webhook_endpoints,
    workspace_members,
)

ROUTES = (
    *meeting_requests.ROUTES,
    *workspace_members.ROUTES,
    *campaigns.ROUTES,
    *teams.ROUTES,
    *webhook_endpoints.ROUTES,
    *api_keys.ROUTES,
)
