"""Which sibling a path belongs to, and who may call it."""

from __future__ import annotations

from contextlib import nullcontext

from skipup_async.emulator.call import Answer, RefusedError
from skipup_async.emulator.clock import Clock
from skipup_async.emulator.faults import Fault
from skipup_async.emulator.keys import Keys
from skipup_async.emulator.received import Received
from skipup_async.emulator.siblings.asked import Asked, Sibling, body_of
from skipup_async.emulator.siblings.hiringcenter import HiringCenter
from skipup_async.emulator.siblings.thareja import Thareja
from skipup_async.emulator.windows import RateLimit

#: The paths below which the siblings are, as their clients take them into the base URL.
HIRINGCENTER, THAREJA = "/hiringcenter/v2", "/thareja/api/v3"


class Siblings:
    """The services beside SkipUp. They let in whom SkipUp lets in, and limit if SkipUp does, by their own numbers."""

    def __init__(self, keys: Keys, clock: Clock, limit: RateLimit | None) -> None:
        self._keys = keys
        self._clock = clock
        self._services: dict[str, Sibling] = {
            HIRINGCENTER: HiringCenter(None if limit is None else limit.window),
            THAREJA: Thareja(),
        }

    def serve(self, path: str) -> bool:
        """Whether *path* is a sibling's."""
        return any(path.startswith(f"{base}/") for base in self._services)

    async def answer(self, received: Received, fault: Fault | None) -> Answer:
        """A sibling's answer to a call that is its own, or *fault* in its place."""
        base = next(base for base in self._services if received.path.startswith(f"{base}/"))
        sibling = self._services[base]
        try:
            return await self._admit(received, fault, base)
        except RefusedError as refusal:
            return Answer(refusal.status, sibling.refusal(refusal), refusal.headers)

    async def _admit(self, received: Received, fault: Fault | None, base: str) -> Answer:
        caller = self._keys.authenticate(received.headers.all("Authorization"), self._clock.now())
        if fault is not None and fault.answer is not None and not fault.after_commit:
            await fault.wait()
            return fault.answer
        asked = Asked(
            method=received.method,
            path=tuple(received.path.removeprefix(f"{base}/").split("/")),
            query=received.query,
            headers=received.headers,
            body=body_of(received),
            caller=caller.key_id,
            now=self._clock.now(),
            steady=self._clock.steady(),
            around=nullcontext if fault is None else fault.around,
        )
        return await self._services[base].answer(asked)
