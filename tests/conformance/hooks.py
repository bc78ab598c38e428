# pyright: reportUnknownMemberType=false
# The hook decorator has no type of its own.
"""What schemathesis is taught of SkipUp: what its formats are, who is there, and two facts it cannot know by itself.

Loaded by schemathesis in its own process; `__main__` says where the emulator's database is.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable
from typing import Any, ClassVar, cast
from zoneinfo import available_timezones

import schemathesis
from hypothesis import strategies as st

from skipup_async.emulator.fields import is_email
from tests.conformance.watch import VARIABLE, Watch

#: Why the emulator may refuse what fits the document: what was asked for does not fit what there is. A schema cannot
#: say any of this. Every other 422 to valid data is a fault of the document or of the emulator.
_REFUSALS = re.compile(
    r"Cannot [a-z ]+ a request that is .+"
    r"|This (member|campaign|team) is already (active|deactivated)"
    r"|(new_)?organizer_email must be an active workspace member"
    r"|(team|campaign)_id is not one of this workspace"
    r"|email has already been taken"
    r"|timeframe\.start must not be after timeframe\.end"
    r"|ends_at must not be before starts_at"
    r"|expires_at must be in the future"
    r"|limit must be between 1 and 100"
)

_path = os.environ[VARIABLE]
_watch = Watch(_path)


def _column(sql: str) -> list[str]:
    connection = sqlite3.connect(f"file:{_path}?mode=ro", uri=True)
    try:
        return sorted(row[0] for row in connection.execute(sql))
    finally:
        connection.close()


schemathesis.openapi.format("iana-time-zone", st.sampled_from(sorted(available_timezones())))

_KEYS = frozenset(_column("SELECT id FROM api_keys"))  # those that schemathesis itself calls with
_MEMBERS = _column("SELECT email FROM members")
#: Fields that name what is there: those names, and whether a value has the form of one.
_KNOWN: tuple[tuple[str, list[str], Callable[[str], bool]], ...] = (
    ("organizer_email", _MEMBERS, is_email),
    ("new_organizer_email", _MEMBERS, is_email),
    ("team_id", _column("SELECT id FROM teams"), lambda text: bool(text.strip()) and "\0" not in text),
)


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    """Name people and teams that are there in the place of those that are made up; leave what is no name alone."""
    if not isinstance(body, dict):
        return body
    known = cast(dict[str, Any], body)
    for name, names, fits in _KNOWN:
        made_up = known.get(name)
        if isinstance(made_up, str) and fits(made_up):
            known = {**known, name: names[len(made_up) % len(names)]}
    return known


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Any, kwargs: dict[str, Any]) -> None:
    """Hold what is there before the call; give each body an Idempotency-Key of its own; delete no key that is in use.

    A key that is known answers a wrong body with what a right one got, as documented: that is no fault.
    """
    key = case.headers and case.headers.get("Idempotency-Key")
    if isinstance(key, str) and 1 <= len(key) <= 255 and key.isprintable():
        case.headers["Idempotency-Key"] = hashlib.sha256(repr((key, case.body)).encode("utf-8", "replace")).hexdigest()
    if case.path == "/api_keys/{id}" and case.path_parameters.get("id") in _KEYS:
        case.path_parameters["id"] = "key_" + "0" * 26
    _watch.hold()


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: Any, response: schemathesis.Response) -> None:
    """See whether a call that was refused has changed anything."""
    changed = _watch.let_go()
    if changed and 400 <= response.status_code < 500:
        NothingChangesOnRefusal.found[case.id] = f"{case.method} {case.formatted_path}: {response.status_code}"


@schemathesis.check
class NothingChangesOnRefusal:
    """No 4xx changes the state."""

    found: ClassVar[dict[str, str]] = {}

    def after_response(self, ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Any) -> None:
        """Fail the case that was refused and has changed something."""
        changed = self.found.pop(case.id, None)
        assert changed is None, f"A refused call changed the state: {changed}"

    def after_run(self, ctx: schemathesis.CheckContext) -> None:
        """Fail for the calls that belong to no case, such as those of other checks."""
        assert not self.found, f"Refused calls changed the state: {self.found}"


@schemathesis.check
def valid_data_is_refused_for_its_meaning_alone(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Any
) -> None:
    """A 422 to data that fits the document tells of what there is, never of the data's form."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    message = response.json()["error"]["message"]
    assert _REFUSALS.fullmatch(message), f"Refused, though it fits the document: {message}"
