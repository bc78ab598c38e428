"""One run of a fan-out: workers that each take an item, make its call and tell its outcome."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar, cast

from skipup_async.core.limits import Limiter, RankedLimiter
from skipup_async.core.witness import witness
from skipup_async.errors import CreateLimitError, JournalError, SkipUpError, WaitTimeoutError
from skipup_async.fanout.accounts import NOBODY, Accounts, Item
from skipup_async.fanout.outcome import Outcome, is_transient
from skipup_async.fanout.plan import Plan
from skipup_async.fanout.progress import Progress, progress_bar
from skipup_async.fanout.source import Source
from skipup_async.fanout.work import Built, Creates, Work

__all__ = ["Run"]

T = TypeVar("T")


class _RunOut(BaseException):
    """The deadline interrupted what a worker waited for."""


class Run:
    """One run over the items, from the first to the last, or to what stops it."""

    def __init__(self, call: Callable[..., Any], items: Any, plan: Plan, limiter: Limiter, *, blocking: bool) -> None:
        self._call = call
        self._plan = plan
        self._limiter = limiter
        self._threads = ThreadPoolExecutor(plan.max_concurrency + 1, "skipup_async-fan-out") if blocking else None
        self._source: Source[Any] = Source(items, self._threads)
        self._accounts = Accounts(plan)
        self._creates = Creates(plan.max_creates)
        self._results: asyncio.Queue[Outcome[Any, Any] | None] = asyncio.Queue(plan.max_concurrency)
        self._show = progress_bar() if plan.progress is True else plan.progress or None
        self._begun = time.monotonic()
        self._done = [0, 0]
        #: Workers that wait for an item or a call, and lose nothing when they are interrupted.
        self._interruptible: set[asyncio.Task[Any]] = set()
        self._run_out = self._closing = self._broken = False
        #: What ended the run before its last item.
        self.stopped: SkipUpError | None = None

    async def outcomes(self) -> AsyncGenerator[Outcome[Any, Any], None]:
        """Every outcome as it comes."""
        supervisor: asyncio.Task[None] | None = None
        try:
            await self._accounts.open()
            supervisor = asyncio.create_task(self._supervise())
            while (outcome := await self._results.get()) is not None:
                self._tell(outcome)
                yield outcome
            await supervisor
        finally:
            self._closing = True
            if supervisor is not None:
                supervisor.cancel()
                await asyncio.wait([supervisor])
            await self._accounts.close()
            if self._threads is not None:
                self._threads.shutdown(wait=False, cancel_futures=True)

    async def _supervise(self) -> None:
        """Run the workers to their end, or to the deadline, and say that no more outcomes follow."""
        workers = [asyncio.create_task(self._work()) for _ in range(self._plan.max_concurrency)]
        deadline = asyncio.get_running_loop().call_later(self._plan.deadline or 0.0, self._interrupt)
        if self._plan.deadline is None:
            deadline.cancel()
        try:
            ends = await asyncio.gather(*workers, return_exceptions=True)
        finally:
            deadline.cancel()
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)
        await self._results.put(None)
        for end in ends:
            if end is not None:
                raise end

    def _interrupt(self) -> None:
        self._run_out = True
        self.stopped = WaitTimeoutError(f"the fan-out reached its deadline of {self._plan.deadline:g} seconds")
        for worker in self._interruptible:
            worker.cancel()

    async def _until_deadline(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """What *function* gives. Raises _RunOut where the deadline comes first."""
        worker = asyncio.current_task()
        assert worker is not None  # noqa: S101 - a coroutine run by create_task
        if self._run_out:
            raise _RunOut
        self._interruptible.add(worker)
        try:
            return await function(*args)
        except asyncio.CancelledError:
            if self._closing or not self._run_out:
                raise
            raise _RunOut from None
        finally:
            self._interruptible.discard(worker)

    async def _work(self) -> None:
        while self.stopped is None and not self._broken:
            witness.set(None)  # the items may send requests of their own
            try:
                numbered = await self._until_deadline(self._source.next)
                if numbered is None or self.stopped is not None:
                    return
                outcome = await self._one(*numbered)
            except _RunOut:
                return
            except asyncio.CancelledError:
                raise
            except BaseException:
                self._broken = True  # the items, or the journal, cannot go on; the calls under way can
                raise
            if self._closing:
                return  # a call did not let itself be cancelled, and nobody takes its outcome
            if self._creates.refused and self.stopped is None:
                self.stopped = CreateLimitError(f"max_creates={self._plan.max_creates} reached")
            await self._results.put(outcome)
            # The answers that are in come first: requests that leave together are cheaper than one by one.
            await asyncio.sleep(0)

    async def _one(self, index: int, item: Any) -> Outcome[Any, Any]:
        """Make the call for one item, and account for it whatever happens."""
        begun = time.monotonic()
        value: Any = None
        error: Exception | None = None
        known = NOBODY
        work = Work(self._creates, dry_run=self._plan.dry_run, start=self._accounts.start)
        try:
            known = await self._accounts.begin(item) if self._accounts.kept else self._accounts.named(item)
            work.known(known)
            if known.settled is not None:
                value, error = known.settled
            else:
                value = await self._made(item, known, work)
        except Built as built:
            value = built.request
        except _RunOut:
            error = WaitTimeoutError(str(self.stopped))
        except Exception as failure:  # noqa: BLE001 - the first failure cancels nothing
            error = failure
        maybe_applied = error is not None and (work.maybe_applied or getattr(error, "maybe_applied", False))
        retryable = error is not None and _is_retryable(error, maybe_applied, known, work)
        maybe_applied = maybe_applied or (error is not None and known.in_doubt(error))
        if self._accounts.kept:
            await self._accounts.finish(known, value, error, maybe_applied=maybe_applied, repeatable=work.repeatable)
        elapsed, started = time.monotonic() - begun, begun - self._begun
        return Outcome(
            index, item, known.key, value, error, work.sends, elapsed, started, maybe_applied, retryable,
            from_journal=known.settled is not None,
        )  # fmt: skip

    async def _made(self, item: Any, known: Item, work: Work) -> Any:
        """What the call for *item* gives. One that fails, or is given up, sends nothing afterwards."""
        try:
            return await self._until_deadline(self._called, item, known, work)
        except BaseException:
            work.give_up()
            raise

    def _called(self, item: Any, known: Item, work: Work) -> Awaitable[Any]:
        """The call for *item*, seen by *work*: awaited, or in a thread."""
        options = {} if known.idempotency_key is None else {"idempotency_key": known.idempotency_key}
        witness.set(work)
        if self._threads is None:
            return cast("Awaitable[Any]", self._call(item, **options))
        run, context = asyncio.get_running_loop().run_in_executor, copy_context()
        return run(self._threads, lambda: context.run(self._call, item, **options))

    def _tell(self, outcome: Outcome[Any, Any]) -> None:
        self._done[0 if outcome.ok else 1] += 1
        if self._show is None:
            return
        limiter, total = self._limiter, self._source.total
        ranked = limiter if isinstance(limiter, RankedLimiter) else None
        eta = None if ranked is None or total is None else ranked.estimate(max(0, total - sum(self._done)))
        waiting = 0 if ranked is None else ranked.snapshot().waiting
        self._show(Progress(self._done[0], self._done[1], total, waiting, eta))


def _is_retryable(error: Exception, maybe_applied: bool, known: Item, work: Work) -> bool:
    """Whether another run of the item is right: the fault may pass, and the service would do it once."""
    if known.settled is not None or isinstance(error, JournalError):
        return False
    if maybe_applied:
        return known.journaled and work.repeatable
    return is_transient(error) or isinstance(error, (WaitTimeoutError, CreateLimitError))
