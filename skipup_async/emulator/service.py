"""How one call is answered, step by step. Knows no HTTP server: `Received` in, `Answer` out."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from typing import cast

from skipup_async.emulator.call import Answer, Call, Caller, Json, RefusedError, invalid_request
from skipup_async.emulator.clock import Clock
from skipup_async.emulator.courier import Courier
from skipup_async.emulator.faults import Fault, Faults
from skipup_async.emulator.idempotency import Answers, Claim, claim
from skipup_async.emulator.identifiers import Identifiers
from skipup_async.emulator.keys import Keys
from skipup_async.emulator.limiter import Limiter
from skipup_async.emulator.profile import Profile
from skipup_async.emulator.received import Received
from skipup_async.emulator.router import API, Handler, Match, Route, Router
from skipup_async.emulator.routes import ROUTES
from skipup_async.emulator.siblings import Siblings
from skipup_async.emulator.store import Store
from skipup_async.emulator.windows import RateLimit

_log = logging.getLogger(__name__)
_NOTHING = Answer(204)


class Service:
    """The emulated SkipUp: its state, its clock and its rules."""

    def __init__(
        self, store: Store, clock: Clock, profile: Profile, limit: RateLimit | None, *, deliver_anywhere: bool = False
    ) -> None:
        self.store = store
        self.clock = clock
        self.profile = profile
        self.ids = Identifiers()
        self.keys = Keys(store, self.ids, profile)
        self.faults = Faults()
        self.courier = Courier(store, clock, anywhere=deliver_anywhere)
        self.limiter = Limiter(limit, profile)
        self._answers = Answers(store, profile)
        self._router = Router(ROUTES)
        self._siblings = Siblings(self.keys, clock, limit)

    async def answer(self, received: Received) -> tuple[Answer, Fault | None]:
        """The answer to a call, and the fault it met."""
        fault = self.faults.take(received.method, received.path.removeprefix(API))
        if fault is None:
            return await self._guarded(received, None), None
        if not self._stands_in(fault) and fault.fails and not fault.after_commit:
            await fault.wait()
            return fault.answer or _NOTHING, fault
        answer = await self._guarded(received, fault)
        return fault.answer or answer, fault

    async def _guarded(self, received: Received, fault: Fault | None) -> Answer:
        try:
            return await self._admit(received, fault)
        except RefusedError as refusal:
            return refusal.answer()
        except Exception:  # noqa: BLE001 - a server answers whatever happens
            # Nothing of this reaches the caller: a traceback tells of the machine it comes from.
            _log.exception("%s %s failed", received.method, received.path)
            return Answer(500, {"error": {"type": "server_error", "message": "The emulator failed; see its log"}})

    async def _admit(self, received: Received, fault: Fault | None) -> Answer:
        if self._siblings.serve(received.path):
            return await self._siblings.answer(received, fault)
        match = self._router.find(received.method, received.path)
        caller = self.keys.authenticate(received.headers.all("Authorization"), self.clock.now())
        headers = self.limiter.admit(caller, self.clock.steady())
        try:
            self.keys.require(caller, match.route.scope)
            body = _json_object(received) if received.method != "GET" else {}
            answer = await self._perform(received, match, caller, body, fault)
        except RefusedError as refusal:
            answer = refusal.answer()
        return answer.with_headers(headers)

    async def _perform(
        self, received: Received, match: Match, caller: Caller, body: Json, fault: Fault | None
    ) -> Answer:
        claimed = self._claim(received, match.route, caller, body)
        # The clock is read after a wait before the effect: what is slow takes effect late.
        async with self._answers.running(claimed), nullcontext() if fault is None else fault.around():
            call = Call(
                caller=caller,
                path=match.path,
                query=received.query,
                body=body,
                now=self.clock.now(),
                store=self.store,
                ids=self.ids,
                profile=self.profile,
            )
            handler = fault.stand_in if fault is not None and self._stands_in(fault) else match.route.handler
            answer = self._commit(call, handler, claimed)
            if received.method != "GET":
                self.courier.wake()
        return answer

    def _commit(self, call: Call, handler: Handler, claimed: Claim | None) -> Answer:
        """Run the handler. Its effect and the kept answer are one transaction."""
        with self.store.transaction():
            if claimed is None:
                return handler(call)
            answer = self._answers.recall(claimed, call.now)
            if answer is None:
                answer = self._attempt(call, handler)
                self._answers.keep(claimed, answer, call.now)
            return answer

    def _attempt(self, call: Call, handler: Handler) -> Answer:
        """The handler's answer; a refusal undoes what it did, and is an answer too."""
        try:
            with self.store.transaction():
                return handler(call)
        except RefusedError as refusal:
            return refusal.answer()

    def _claim(self, received: Received, route: Route, caller: Caller, body: Json) -> Claim | None:
        key = received.headers.get("Idempotency-Key")
        keyed = route.keyed or (route.method == "POST" and self.profile.idempotency_routes == "every_post")
        if key is None or not keyed or route.secret:
            return None
        return claim(caller, f"{received.method} {received.path}", key, body, self.profile)

    def _stands_in(self, fault: Fault) -> bool:
        """Whether a failure takes the handler's place: where errors are kept under a key, it is kept as well."""
        return fault.answer is not None and not fault.after_commit and self.profile.idempotency_keeps == "all"


def _json_object(received: Received) -> Json:
    """The body of a call; none is an empty object. Raise 422 `invalid_request` for all that is not an object."""
    if not received.body:
        return {}
    content_type = received.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise invalid_request("The body must be sent as Content-Type: application/json")
    try:
        value = json.loads(received.body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise invalid_request("The body is not valid JSON") from None
    if not isinstance(value, dict):
        raise invalid_request("The body must be a JSON object")
    return cast(Json, value)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
