"""How many requests may leave: every limiter there is, several at once, and the one that all clients of a key share."""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType

from skipup_async.core.bucket import TokenBucket, Unlimited
from skipup_async.core.limiter import Limiter, RankedLimiter, RateLimit
from skipup_async.core.line import Rank
from skipup_async.core.window import Window
from skipup_async.errors import APIConnectionError, ConfigurationError

__all__ = ["AllOf", "Limiter", "Rank", "RankedLimiter", "RateLimit", "TokenBucket", "Unlimited", "shared_limiter"]


class AllOf(RankedLimiter):
    """Several limits at once: a request leaves when every one of *limiters* lets it."""

    def __init__(self, *limiters: Limiter) -> None:
        if not limiters:
            raise ConfigurationError("AllOf needs at least one limiter")
        # The longest period first: while a call holds its permit, the wait for those of a short period is short.
        self._limiters = sorted(limiters, key=_period, reverse=True)

    def __repr__(self) -> str:
        return f"AllOf({', '.join(map(repr, self._limiters))})"

    def slot(self, rank: Rank = Rank.BULK) -> "_Slots":
        """Return what is entered before a request is sent and left when its answer is in."""
        return _Slots(self._limiters, rank)

    def pause(self, seconds: float) -> None:
        """Let no request leave for *seconds*, then one, and the rest once it is answered: the service said 429."""
        for limiter in self._limiters:
            limiter.pause(seconds)

    def hold(self, seconds: float) -> None:
        """Let no request leave for *seconds*; limiters of your own that cannot hold are left alone."""
        for limiter in self._ranked():
            limiter.hold(seconds)

    def serve(self, key_hash: str) -> None:
        """Tell each limit whose it is: the hash of the API key of the client that uses it."""
        for limiter in self._ranked():
            limiter.serve(key_hash)

    async def aclose(self) -> None:
        """Close what the limits hold open in this event loop; a later call opens it again."""
        async with AsyncExitStack() as closing:
            for limiter in self._ranked():
                closing.push_async_callback(limiter.aclose)

    def snapshot(self) -> RateLimit:
        """Return how the limit stands that is reached next."""
        snapshots = [limiter.snapshot() for limiter in self._ranked()]
        return min(snapshots, key=lambda limit: (-limit.next_slot, limit.available), default=Unlimited().snapshot())

    def estimate(self, calls: int) -> float:
        """Return the seconds until *calls* more calls are answered, at the slowest of the limits."""
        return max((limiter.estimate(calls) for limiter in self._ranked()), default=0.0)

    def _ranked(self) -> list[RankedLimiter]:
        return [limiter for limiter in self._limiters if isinstance(limiter, RankedLimiter)]


class _Slots:
    """One request's way through several limiters."""

    __slots__ = ("_entered", "_limiters", "_rank")

    def __init__(self, limiters: Sequence[Limiter], rank: Rank) -> None:
        self._limiters = limiters
        self._rank = rank
        self._entered = AsyncExitStack()

    async def __aenter__(self) -> None:
        try:
            for limiter in self._limiters:
                slot = limiter.slot(self._rank) if isinstance(limiter, RankedLimiter) else limiter.slot()
                await self._entered.enter_async_context(slot)
        except BaseException:
            unsent = APIConnectionError("given up before it was sent")
            await self._entered.__aexit__(APIConnectionError, unsent, None)
            raise

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._entered.__aexit__(exc_type, exc, traceback)


def _period(limiter: Limiter) -> float:
    return limiter.snapshot().per if isinstance(limiter, RankedLimiter) else 0.0


_shared: OrderedDict[tuple[str, str, float, float], tuple[weakref.ref[TokenBucket], Window]] = OrderedDict()
_shared_lock = threading.Lock()


def shared_limiter(key_hash: str, base_url: str, limits: Sequence[tuple[float, float]]) -> RankedLimiter:
    """Return the limiter that all clients of one key and base URL in this process share.

    *limits* are pairs of a rate and a period in seconds; without any it is
    `Unlimited`. What a client has spent counts on after it is gone.
    """
    buckets = [_shared_bucket(key_hash, base_url, rate, per) for rate, per in limits]
    if not buckets:
        return Unlimited()
    return buckets[0] if len(buckets) == 1 else AllOf(*buckets)


def _shared_bucket(key_hash: str, base_url: str, rate: float, per: float) -> TokenBucket:
    name = (key_hash, base_url, rate, per)
    with _shared_lock:
        _forget_some()
        reference, window = _shared.get(name, (None, None))
        bucket = reference() if reference is not None else None
        if bucket is None:
            bucket = TokenBucket(rate, per, window=window)
            _shared[name] = weakref.ref(bucket), bucket.window
        return bucket


def _forget_some() -> None:
    # Each new client looks at two of the known ones, so that what nobody uses goes at a constant cost.
    for _ in range(min(2, len(_shared))):
        name, (bucket, window) = _shared.popitem(last=False)
        if bucket() is not None or not window.idle:
            _shared[name] = bucket, window
