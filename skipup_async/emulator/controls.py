"""What a test does to a running emulator beside calling it: move its clock, play the participants, order faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from skipup_async.emulator import lifecycle
from skipup_async.emulator.call import Json, RefusedError
from skipup_async.emulator.clock import to_seconds
from skipup_async.emulator.deliveries import announce
from skipup_async.emulator.faults import Break, Fault, Gate, failure
from skipup_async.emulator.keys import new_key
from skipup_async.emulator.seed import HANDLE, Seeds
from skipup_async.emulator.shapes import meeting_request as shape
from skipup_async.emulator.store import meeting_requests as requests


@attrs.frozen
class Effect:
    """Something that happened to *subject_id*, one each time it did: what side effects are counted by."""

    #: What happened, such as an e-mail.
    type: str
    #: To which object.
    subject_id: str
    #: When, by the emulator's clock.
    at: datetime


class Controls(Seeds):
    """Plain methods, safe to call from any thread while the emulator runs."""

    def now(self) -> datetime:
        """The emulator's time: real time plus what `advance` added."""
        return datetime.fromtimestamp(self._service.clock.now(), UTC)

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move forward; webhooks due by then are posted. Raise `ValueError` for a step back or beyond the last year."""
        service = self._service
        try:
            step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except OverflowError:
            raise ValueError("the clock only goes forward by a finite time, and ends with the year 9999") from None
        with service.store.transaction():
            service.clock.advance(step.total_seconds())
            service.store.run("INSERT OR REPLACE INTO settings VALUES ('ahead', :ahead)", ahead=service.clock.ahead)
        self._service.courier.wake()

    def settle(self, *, timeout: float = 30.0) -> None:
        """Wait until every webhook that is due was tried; what failed and is due later is not waited for.

        Raise `TimeoutError` after *timeout* seconds, `RuntimeError` where the emulator stops before, and in its own
        loop: await `settled` there.
        """
        self._service.courier.settle(timeout)

    async def settled(self) -> None:
        """Wait as `settle` does, in any loop."""
        await self._service.courier.settled()

    def book(self, id: str) -> Json:
        """Find a time: an active request is booked. Give it as the API shows it in full.

        Raise `LookupError` for an unknown id, `ValueError` for a request that is not active.
        """
        return self._move(id, lifecycle.book)

    def reply(self, id: str) -> Json:
        """A participant answers with a time in mind: a paused request resumes by itself."""
        return self._move(id, lifecycle.resume)

    def effects(self, subject_id: str | None = None) -> tuple[Effect, ...]:
        """All that has happened, or all that has happened to one thing, in order: each change of state once."""
        rows = self._service.store.all(
            "SELECT type, subject_id, at FROM effects WHERE :id IS NULL OR subject_id = :id ORDER BY sequence",
            id=subject_id,
        )
        return tuple(Effect(row["type"], row["subject_id"], datetime.fromtimestamp(row["at"], UTC)) for row in rows)

    def meeting_requests(self) -> list[Json]:
        """Every meeting request as the API shows it in full, in the order of creation."""
        return [shape(row) for row in self._service.store.all(requests.SELECT + "ORDER BY item.id")]

    def people(self) -> list[Json]:
        """What was told of participants and organizers: e-mail, name and time zone, which no answer gives back."""
        return [dict(row) for row in self._service.store.all("SELECT email, name, timezone FROM people ORDER BY email")]

    def add_key(
        self,
        *,
        scopes: Iterable[str] | None = None,
        workspace: str = HANDLE,
        expires_at: datetime | None = None,
    ) -> str:
        """Another API key, with all scopes unless told, in a workspace that is made if there is none of that name."""
        key = new_key()
        self._let_in(key, workspace, scopes, expires_at)
        return key

    def revoke_key(self, key: str) -> None:
        """Answer 401 to *key* from now on. Raise `LookupError` if it is unknown."""
        if not self._service.keys.revoke(key, self._service.clock.now()):
            raise LookupError("no such API key")

    def fail(
        self,
        *,
        next: int | None = 1,
        on: str = "*",
        status: int | None = None,
        connection: Break | None = None,
        after_commit: bool = False,
        type: str | None = None,
        message: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        delay: float = 0.0,
        hold: bool = False,
    ) -> Fault:
        """Order a fault for the *next* so many calls that *on* names, `None` for all until it is cancelled.

        *on* is a method and a path below `/api/v1`, as `"POST /meeting_requests/:id/cancel"` or `"GET *"`.
        The fault is a *status* (503 if nothing is named) with *body* or the documented envelope around *type* and
        *message*, or a *connection* that ends by `"reset"`, by `"close"`, in the middle of the answer (`"truncate"`)
        or stays `"silent"`. It comes before the call has had its effect, or *after_commit*, when the effect is there
        and the answer is lost; an answer is cut after the commit unless a *status* is given. With *delay* seconds or
        *hold*, until `Fault.release`, the call is slow, before its effect or *after_commit*; with nothing else it is
        answered as usual afterwards. Raise `ValueError` for an order that no call could meet.
        """
        slow = bool(delay) or hold
        if status is None and (body is not None or (connection is None and not slow)):
            status = 503
        fault = Fault(
            on=on,
            left=next,
            answer=None if status is None else failure(status, type, message, body, headers or {}),
            connection=connection,
            after_commit=after_commit or (connection == "truncate" and status is None),
            delay=delay,
            gate=Gate() if hold else None,
        )
        return self._service.faults.add(fault)

    def clear_faults(self) -> None:
        """Withdraw every order, and let go what is held."""
        self._service.faults.clear()

    def _let_in(
        self, key: str, workspace: str, scopes: Iterable[str] | None, expires_at: datetime | None = None
    ) -> None:
        service = self._service
        service.keys.add(
            key,
            workspace=self._workspace(workspace),
            scopes=scopes,
            now=service.clock.now(),
            expires=None if expires_at is None else int(to_seconds(expires_at)),
        )

    def _move(self, id: str, step: Callable[[str, int], lifecycle.Change]) -> Json:
        service = self._service
        with service.store.transaction():
            row = service.store.one(requests.SELECT + "WHERE item.id = :id", id=id)
            if row is None:
                raise LookupError(f"no meeting request has the id {id!r}")
            try:
                change = step(row["status"], int(service.clock.now()))
            except RefusedError as refusal:
                raise ValueError(refusal.message) from None
            changed = requests.change(service.store, row, change)
            announce(service.store, service.ids, changed, change.effect, service.clock.now())
            service.courier.wake()
            return shape(changed)
