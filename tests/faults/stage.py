"""The stage of a fault: an emulator, the fault server before it, a clock that leaps, a limiter that counts."""

import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import attrs
from anyio.from_thread import BlockingPortal, start_blocking_portal

from skipup_async import RetryPolicy, SkipUp, Unlimited
from skipup_async.core.session import Timing
from skipup_async.emulator import Emulator
from tests.faults.server import FaultServer, Seen

__all__ = ["KEY", "OPERATIONS", "LeapingClock", "Ledger", "Operation", "Stage", "stage"]

#: Looked for in all that an error, a log or a traceback shows.
KEY = "sk_test_" + "Find0Me1Nowhere2" * 2


class LeapingClock:
    """Real time, but a sleep is over at once: this clock and the emulator's leap over it together."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._ahead = 0.0
        self.slept: list[float] = []
        #: Called once, in the next sleep.
        self.on_sleep: Callable[[], object] | None = None

    def clock(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic() + self._ahead

    def leap(self, seconds: float) -> None:
        """Pass *seconds* at once."""
        self._ahead += seconds
        self._emulator.advance(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Pass *seconds* at once, and write them down."""
        self.slept.append(seconds)
        self.leap(seconds)
        wake, self.on_sleep = self.on_sleep, None
        if wake is not None:
            wake()

    @property
    def timing(self) -> Timing:
        """What a session takes its time and chance from."""
        return Timing(self.clock, self.sleep, lambda: 0.5)


class Ledger:
    """A limiter that limits nothing: it counts the sends it let out, and keeps a pause by leaping over it."""

    def __init__(self, clock: LeapingClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._opens_at = 0.0
        self.taken = 0
        self.inside = 0
        self.pauses: list[float] = []
        self.waited = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """Let one request out, once the pause is over."""
        with self._lock:
            wait = max(0.0, self._opens_at - self._clock.clock())
            self._clock.leap(wait)
            self.waited += wait
            self.taken += 1
            self.inside += 1
        try:
            yield
        finally:
            with self._lock:
                self.inside -= 1

    def pause(self, seconds: float) -> None:
        """Let nothing out for *seconds*."""
        self.pauses.append(seconds)
        self._opens_at = self._clock.clock() + seconds


@attrs.frozen
class Operation:
    """One call of the client, and how to tell what became of it."""

    name: str
    #: The class that decides about its retries: S, K, D, G or A.
    kind: str
    method: str
    #: Makes what the call is about; gives its id.
    prepare: Callable[["Stage"], str]
    #: The call, about that id, marked with a text of its own.
    call: Callable[[Any, str, str], Any]
    #: Whether that is the right answer.
    right: Callable[[Any, str, str], bool]
    #: The effect the emulator records of it; None where it records none.
    effect: str | None = None

    def about(self, id: str, mark: str) -> Callable[[Any], Any]:
        """The call as a function of the client."""
        return lambda client: self.call(client, id, mark)

    def effects(self, emulator: Emulator, id: str, mark: str) -> int:
        """How often it has taken effect, by the emulator's own record."""
        if self.effect == "created":
            return sum(request["title"] == mark for request in emulator.meeting_requests())
        return sum(effect.type == f"meeting_request.{self.effect}" for effect in emulator.effects(id))


def _request(stage: "Stage") -> str:
    return stage.emulator.add_meeting_request()


def _paused(stage: "Stage") -> str:
    id = stage.emulator.add_meeting_request()
    stage.colleague.meeting_requests.pause(id)
    return id


def _is(status: str) -> Callable[[Any, str, str], bool]:
    return lambda found, id, _mark: found.id == id and found.status == status


OPERATIONS = (
    Operation("get", "S", "GET", _request, lambda client, id, _: client.meeting_requests.get(id), _is("active")),
    Operation(
        "create",
        "K",
        "POST",
        lambda _: "",
        lambda client, id, mark: client.meeting_requests.create(
            organizer_email="alice@example.com", participants=["bob@example.com"], title=mark
        ),
        lambda found, _id, mark: found.title == mark,
        "created",
    ),
    Operation(
        "campaigns.update",
        "D",
        "PATCH",
        lambda stage: stage.emulator.add_campaign("Spring"),
        lambda client, id, mark: client.campaigns.update(id, description=mark),
        lambda found, id, mark: found.id == id and found.description == mark,
    ),
    Operation(
        "cancel",
        "G",
        "POST",
        _request,
        lambda client, id, mark: client.meeting_requests.cancel(id),
        _is("cancelled"),
        "cancelled",
    ),
    Operation(
        "pause",
        "G",
        "POST",
        _request,
        lambda client, id, mark: client.meeting_requests.pause(id),
        _is("paused"),
        "paused",
    ),
    Operation(
        "resume",
        "G",
        "POST",
        _paused,
        lambda client, id, mark: client.meeting_requests.resume(id),
        _is("active"),
        "resumed",
    ),
    Operation(
        "change_organizer",
        "G",
        "POST",
        _request,
        lambda client, id, mark: client.meeting_requests.change_organizer(id, "bob@Example.com"),
        lambda found, id, _: found.id == id and found.organizer_email == "bob@example.com",
        "organizer_changed",
    ),
    Operation(
        "update_context",
        "A",
        "POST",
        _request,
        lambda client, id, mark: client.meeting_requests.update_context(id, title=mark),
        lambda found, id, mark: found.id == id and found.title == mark,
        "context_updated",
    ),
    Operation(
        "campaigns.create",
        "A",
        "POST",
        lambda stage: stage.emulator.team_id(),
        lambda client, id, mark: client.campaigns.create(name=mark, team_id=id),
        lambda found, _id, mark: found.name == mark,
    ),
)


@attrs.define(eq=False)
class Stage:
    """What a fault is played on."""

    emulator: Emulator
    portal: BlockingPortal
    server: FaultServer
    #: Somebody else of the same workspace, on a line without faults.
    colleague: SkipUp
    clock: LeapingClock = attrs.field(init=False)
    ledger: Ledger = attrs.field(init=False)
    #: What the client is made with.
    options: dict[str, Any] = attrs.field(init=False)
    #: What is to be undone before the next call.
    undo: list[Callable[[], object]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """A new clock, a new ledger, and nothing wrong."""
        self.clock = LeapingClock(self.emulator)
        self.ledger = Ledger(self.clock)
        self.options = {
            "base_url": f"http://127.0.0.1:{self.server.port}/api/v1",
            "limiter": self.ledger,
            "retry": RetryPolicy(quota=None),
            "timing": self.clock.timing,
        }
        self.undo = []
        self.run(self.server.up)
        self.run(self.server.hang_up)
        self.server.calm()

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run *function* in the loop of the fault server."""
        return self.portal.call(function, *arguments)

    def calm(self) -> None:
        """Nothing is wrong any more."""
        self.server.calm()
        while self.undo:
            self.undo.pop()()
        self.run(self.server.up)

    def means(self, operation: Operation) -> None:
        """Let faults meet the requests of *operation* only, and not those that read back."""

        def meant(seen: Seen) -> bool:
            return seen.method == operation.method

        self.server.meant = meant

    def connections(self) -> int:
        """How many connections the client holds open."""
        return self.server.open


@contextmanager
def stage() -> Generator[Stage, None, None]:
    """A stage with an emulator and a fault server in threads of their own."""
    with (
        Emulator(key=KEY) as emulator,
        start_blocking_portal() as portal,
        SkipUp(KEY, base_url=emulator.url, limiter=Unlimited()) as colleague,
    ):
        host, _, port = emulator.url.removeprefix("http://").partition("/")[0].partition(":")
        server = FaultServer((host, int(port)))
        portal.call(server.up)
        try:
            yield Stage(emulator, portal, server, colleague)
        finally:
            portal.call(server.down)
