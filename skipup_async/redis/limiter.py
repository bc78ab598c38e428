"""RedisTokenBucket: one limit for many processes and machines."""

import hashlib
import logging
import uuid
from collections.abc import Awaitable
from types import TracebackType
from typing import Literal, Self, cast

from skipup_async.core.bucket import TokenBucket, positive, whole
from skipup_async.core.limiter import QueueLimiter, RateLimit, Slot, never_sent
from skipup_async.core.line import Line
from skipup_async.errors import APIConnectionError, ConfigurationError
from skipup_async.redis.window import Permit, SharedWindow

__all__ = ["RedisTokenBucket"]

_log = logging.getLogger("skipup_async")


class RedisTokenBucket(QueueLimiter):
    """At most *rate* requests in any *per* seconds, of all processes that use the same server and API key.

    It promises what `TokenBucket` does, on any number of machines. *url* is
    what `redis.asyncio` takes. The limit is that of *api_key*, by default the
    key of the client that uses it; the server sees only a hash of it. What a
    killed process held comes back half a minute and a period later, and when
    the server lost its memory, nobody calls for one period. While the server
    is away calls wait for *patience* seconds, then fail with an
    `APIConnectionError`, nothing sent; with ``fallback="local"`` this process
    goes on alone with its *share* of the rate, such as 0.25.

    `async with` closes the connections, and so does `aclose`.
    """

    def __init__(
        self,
        url: str,
        rate: float = 120,
        per: float = 60.0,
        *,
        api_key: str | None = None,
        fallback: Literal["local"] | None = None,
        share: float | None = None,
        patience: float = 5.0,
        prefix: str = "skipup_async",
    ) -> None:
        super().__init__(positive("per", per))
        self.rate = whole("rate", rate)
        self._local = _local_share(self.rate, self.per, fallback, share)
        self._window = SharedWindow(url, prefix, self.rate, self.per, patience=positive("patience", patience))
        self._prefix = prefix
        self._key_hash = ""
        self._given_back = 0
        if api_key is not None:
            self.serve(hashlib.sha256(api_key.encode()).hexdigest())

    def __repr__(self) -> str:
        return f"RedisTokenBucket({str(self._window)!r}, {self.rate}, per={self.per})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections of this event loop; a later call opens them again."""
        await self._window.aclose()

    def serve(self, key_hash: str) -> None:
        """Limit the API key with this hash; a second key is refused, since each has a limit of its own."""
        if self._key_hash not in ("", key_hash):
            raise ConfigurationError("this RedisTokenBucket limits another API key: make one for each key")
        self._key_hash = key_hash
        self._window.key = f"{self._prefix}:{key_hash[:16]}"

    def pause(self, seconds: float) -> None:
        """Let no request of any process leave for *seconds*, then one, and the rest once it is answered."""
        self._window.shut(seconds, refused=True)
        if self._local is not None:
            self._local.pause(seconds)
        self.wake()  # whoever leads tells the server

    def hold(self, seconds: float) -> None:
        """Let no request of any process leave for *seconds*."""
        self._window.shut(seconds, refused=False)
        self.wake()

    def enter_at_once(self, slot: Slot) -> bool:
        """Let nobody in without asking the server."""
        return False

    async def enter(self, slot: Slot) -> None:
        """Wait until *slot* may go."""
        try:
            await super().enter(slot)
        except BaseException:
            line = self.line()
            if line.ticket is not None and not line.led:
                ticket, line.ticket = line.ticket, None
                await self._settle(Permit(ticket), sent=False)
            raise

    async def take(self, line: Line, slot: Slot) -> float:
        """Let *slot*, which leads *line*, in and return 0.0, or return the seconds after which to ask again."""
        if line.ticket is None:
            line.ticket = uuid.uuid4().hex
        try:
            delay, permit = await self._ask(line.ticket)
        except APIConnectionError:
            if self._local is None:
                raise
            return await self._take_locally(self._local, line, slot)
        if not delay:
            slot.permit, line.ticket = permit, None
        return delay

    def leave(self, slot: Slot, error: BaseException | None) -> Awaitable[None] | None:
        """Give the permit of *slot* back: at once if it was never sent, else a period from now."""
        if isinstance(slot.permit, TokenBucket):
            self._window.shut(self.per, refused=False)
            slot.permit.leave(slot, error)
            self.wake()
            return None
        return self._settle(cast("Permit", slot.permit), sent=not never_sent(error), passed=error is None)

    def snapshot(self) -> RateLimit:
        """Return how the limit stood when the server last told; other processes may have changed it since."""
        return RateLimit(
            limit=self.rate,
            per=self.per,
            available=self._window.available,
            waiting=self.waiting,
            next_slot=self._window.next_in,
            paused_for=self._window.paused_for,
        )

    def estimate(self, calls: int) -> float:
        """Return the seconds until *calls* more calls are answered, if no other process makes any."""
        behind = max(0, self.waiting + calls - self._window.available)
        return self._window.next_in + behind * self.per / self.rate

    async def _ask(self, ticket: str) -> tuple[float, Permit]:
        # Again, if one was given back meanwhile: whoever asks does not sleep yet, so that `wake` does not reach it.
        while True:
            given_back = self._given_back
            delay, permit = await self._window.take(ticket)
            if not delay or given_back == self._given_back:
                return delay, permit

    async def _settle(self, permit: Permit, *, sent: bool, passed: bool = False) -> None:
        await self._window.settle(permit, sent=sent, passed=passed)
        if not sent:
            self._given_back += 1
        if permit.probe or not sent:
            self.wake()

    async def _take_locally(self, local: TokenBucket, line: Line, slot: Slot) -> float:
        delay = await local.take(line, slot)
        if not delay:
            slot.permit = local
            # What the share spends is unknown to the server, which is told on its return to wait until it is over.
            self._window.shut(self.per, refused=False)
        return delay


def _local_share(rate: int, per: float, fallback: str | None, share: float | None) -> TokenBucket | None:
    if fallback is None and share is None:
        return None
    if fallback != "local" or share is None or not 0 < share <= 1:
        raise ConfigurationError('fallback="local" needs a share of the rate, above 0 and at most 1; no other is known')
    return TokenBucket(max(1, int(rate * share)), per)
