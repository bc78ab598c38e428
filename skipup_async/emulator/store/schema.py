"""The tables. Times are seconds since 1970; `*_folded` columns are what e-mail addresses are compared by."""

from __future__ import annotations

#: Written into the file, so that another program's database is not taken for ours ("SkUp").
APPLICATION_ID = 0x536B5570
#: Goes up with every change below; a file of another version is refused.
VERSION = 4

TABLES = """
CREATE TABLE settings (
    name TEXT PRIMARY KEY, value NOT NULL
) WITHOUT ROWID;

CREATE TABLE workspaces (
    id TEXT PRIMARY KEY, handle TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, beginning TEXT NOT NULL, ending TEXT NOT NULL, scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL, last_used_at INTEGER, expires_at INTEGER, revoked_at INTEGER
) WITHOUT ROWID;

CREATE TABLE members (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    email TEXT NOT NULL, email_folded TEXT NOT NULL, name TEXT, role TEXT NOT NULL,
    created_at INTEGER NOT NULL, deactivated_at INTEGER,
    UNIQUE (workspace_id, email_folded)
) WITHOUT ROWID;

CREATE TABLE teams (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL, slug TEXT NOT NULL, description TEXT,
    mode TEXT NOT NULL CHECK (mode IN ('pool', 'stack', 'manual')),
    stack_always_apply INTEGER NOT NULL DEFAULT 0, include_all_members INTEGER NOT NULL DEFAULT 0,
    introduce_member INTEGER NOT NULL DEFAULT 0, introduction_guidance TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deactivated_at INTEGER,
    UNIQUE (workspace_id, slug)
) WITHOUT ROWID;

CREATE TABLE team_members (
    team_id TEXT NOT NULL REFERENCES teams (id), member_id TEXT NOT NULL REFERENCES members (id),
    role TEXT NOT NULL, available INTEGER NOT NULL DEFAULT 1, last_assigned_at INTEGER,
    PRIMARY KEY (team_id, member_id)
) WITHOUT ROWID;

CREATE TABLE campaigns (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    team_id TEXT NOT NULL REFERENCES teams (id),
    name TEXT NOT NULL, slug TEXT NOT NULL, description TEXT, starts_at INTEGER, ends_at INTEGER,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deactivated_at INTEGER,
    UNIQUE (workspace_id, slug)
) WITHOUT ROWID;

CREATE TABLE people (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id), email_folded TEXT NOT NULL,
    email TEXT NOT NULL, name TEXT, timezone TEXT,
    PRIMARY KEY (workspace_id, email_folded)
) WITHOUT ROWID;

CREATE TABLE meeting_requests (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    organizer_email TEXT NOT NULL, organizer_folded TEXT NOT NULL,
    participant_emails TEXT NOT NULL, -- in the order given, with a space between them
    status TEXT NOT NULL CHECK (status IN ('active', 'paused', 'booked', 'cancelled')),
    title TEXT, purpose TEXT, description TEXT, include_introduction INTEGER NOT NULL, duration_minutes INTEGER,
    timeframe_start INTEGER, timeframe_end INTEGER,
    campaign_id TEXT REFERENCES campaigns (id), campaign_source TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    booked_at INTEGER, cancelled_at INTEGER, paused_at INTEGER
) WITHOUT ROWID;
CREATE INDEX meeting_requests_of_workspace ON meeting_requests (workspace_id, id);
CREATE INDEX meeting_requests_of_campaign ON meeting_requests (campaign_id, status) WHERE campaign_id IS NOT NULL;

-- What requests are found by.
CREATE TABLE participants (
    email_folded TEXT NOT NULL, meeting_request_id TEXT NOT NULL REFERENCES meeting_requests (id),
    PRIMARY KEY (email_folded, meeting_request_id)
) WITHOUT ROWID;

CREATE TABLE webhook_endpoints (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    url TEXT NOT NULL, description TEXT, events TEXT NOT NULL, secret TEXT NOT NULL,
    enabled INTEGER NOT NULL, disabled_at INTEGER, disabled_reason TEXT, failures INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY, webhook_endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    effect INTEGER NOT NULL REFERENCES effects (sequence), event_type TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'success', 'failed')), payload TEXT NOT NULL,
    response_code INTEGER, attempts INTEGER NOT NULL DEFAULT 0,
    delivered_at INTEGER, last_attempted_at INTEGER, next_attempt_at INTEGER, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX deliveries_of_endpoint ON deliveries (webhook_endpoint_id, id);
CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status = 'pending';
CREATE INDEX deliveries_retried ON deliveries (webhook_endpoint_id) WHERE status = 'pending' AND attempts > 0;

-- What has happened, written in the transaction that made it happen: counted by tests, delivered to webhooks.
CREATE TABLE effects (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    subject_id TEXT NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE INDEX effects_of_subject ON effects (subject_id);

CREATE TABLE idempotency (
    owner TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL,
    request TEXT NOT NULL, status INTEGER NOT NULL, answer BLOB NOT NULL, headers TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (owner, route, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (created_at);
"""
