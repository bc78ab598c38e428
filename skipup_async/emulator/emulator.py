"""The emulator as a user holds it: started in a loop or in a thread, and stopped."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from skipup_async.emulator import page
from skipup_async.emulator.clock import Clock
from skipup_async.emulator.controls import Controls
from skipup_async.emulator.hosts import is_loopback
from skipup_async.emulator.keys import check_key, new_key
from skipup_async.emulator.profile import Profile
from skipup_async.emulator.received import Log, Received
from skipup_async.emulator.router import API
from skipup_async.emulator.seed import HANDLE
from skipup_async.emulator.seeding import Seed
from skipup_async.emulator.server import Server
from skipup_async.emulator.service import Service
from skipup_async.emulator.siblings import HIRINGCENTER, THAREJA
from skipup_async.emulator.store import MEMORY, Store
from skipup_async.emulator.thread import LoopThread
from skipup_async.emulator.windows import RateLimit


class Emulator(Controls):
    """A SkipUp of your own on this machine, for tests and for trying things out.

        async with Emulator() as emulator:      # in the running loop
            ...
        with Emulator() as emulator:            # in a thread of its own
            ...

    *key* is its API key, one of its own unless given, with *scopes* (all unless told). *port* 0 takes a free one.
    *db* is `":memory:"` or a file, whose state is there again next time. *profile* answers what the documents leave
    open, *rate_limit* (none unless given) how many calls a key has. The latest *keep_requests* are at hand in
    `requests`. *seed*, a JSON file or its decoded content, is what is there from the start; where *db* holds state
    already, that counts and the seed is only checked. It listens on loopback only, refuses live keys, and posts
    webhooks to loopback only, unless *allow_remote*, *allow_live_key* and *allow_remote_webhooks* say otherwise.
    """

    def __init__(
        self,
        *,
        key: str | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        db: str | os.PathLike[str] = MEMORY,
        profile: Profile | str = "default",
        rate_limit: RateLimit | None = None,
        scopes: Iterable[str] | None = None,
        seed: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        keep_requests: int = 10_000,
        allow_remote: bool = False,
        allow_live_key: bool = False,
        allow_remote_webhooks: bool = False,
    ) -> None:
        if not allow_remote and not is_loopback(host):
            raise ValueError(f"{host!r} can be reached from outside: pass allow_remote=True if that is meant")
        self._key = new_key() if key is None else check_key(key, allow_live=allow_live_key)
        self._scopes = None if scopes is None else frozenset(scopes)
        self._seed = None if seed is None else Seed(seed, allow_live_keys=allow_live_key)
        if self._has_seeded_key and scopes is not None:
            raise ValueError("the seed says what this API key may do: leave scopes out")
        self._host, self._port = host, port
        self._db = db
        self._profile = Profile.named(profile) if isinstance(profile, str) else profile
        self._rate_limit = rate_limit
        self._was_seeded = False
        self._check_host = not allow_remote
        self._allow_live_key = allow_live_key
        self._allow_remote_webhooks = allow_remote_webhooks
        self._log = Log(keep_requests)
        self._server: Server | None = None
        self._thread: LoopThread | None = None

    def __repr__(self) -> str:
        return f"<Emulator at {self.url}>" if self._server else "<Emulator, not running>"

    @property
    def api_key(self) -> str:
        """The key its clients use."""
        return self._key

    @property
    def url(self) -> str:
        """What clients take as their base URL, such as `http://127.0.0.1:8750/api/v1`."""
        return self._address + API

    @property
    def page_url(self) -> str:
        """Where a browser sees what is in it: a page that shows the state, every three seconds anew."""
        return self._address + page.PATH

    @property
    def hiringcenter_url(self) -> str:
        """What clients of HiringCenter take as their base URL. Its state is in memory, whatever *db* is."""
        return self._address + HIRINGCENTER

    @property
    def thareja_url(self) -> str:
        """What clients of Thareja take as their base URL. Its state is in memory, whatever *db* is."""
        return self._address + THAREJA

    @property
    def _address(self) -> str:
        if self._server is None:
            raise RuntimeError("the emulator is not running: use `with` or `async with`")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def requests(self) -> tuple[Received, ...]:
        """The latest requests received, in order; they stay after the end."""
        return tuple(self._log)

    @property
    def request_count(self) -> int:
        """How many requests were received."""
        return self._log.count

    @property
    def seeded(self) -> bool:
        """Whether the seed was put in at the latest start; it is not where *db* held state already."""
        return self._was_seeded

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    def __enter__(self) -> Self:
        thread = LoopThread("skipup-emulator")
        try:
            thread.run(self._start())
        except BaseException:
            thread.close()
            raise
        self._thread = thread
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is None:
            return
        try:
            self._thread.run(self._stop())
        finally:
            self._thread.close()
            self._thread = None

    async def _start(self) -> None:
        if self._running is not None:
            raise RuntimeError("the emulator is running already")
        store = Store(self._db)
        try:
            self._running = self._made(store)
            self._fill(self._running)
            server = Server(self._running, self._log, check_host=self._check_host, allow_live_key=self._allow_live_key)
            self._port = await server.start(self._host, self._port)
            await self._running.courier.start()
            self._server = server
        except BaseException:
            self._running = None
            store.close()
            raise

    @property
    def _has_seeded_key(self) -> bool:
        return self._seed is not None and self._key in self._seed.keys

    def _fill(self, service: Service) -> None:
        """Sow what is to be there from the start, once, and let the emulator's own key in."""
        with service.store.transaction():
            self._was_seeded = self._seed is not None and service.store.one("SELECT 1 FROM workspaces") is None
            if self._seed is not None and self._was_seeded:
                self._seed.sow(service)
            # A key of the seed keeps the workspace and the rights it was given there.
            if not (self._has_seeded_key and service.keys.find(self._key) is not None):
                self._let_in(self._key, HANDLE, self._scopes)

    async def _stop(self) -> None:
        server, self._server = self._server, None
        service, self._running = self._running, None
        try:
            if service is not None:
                await service.courier.stop()
            if server is not None:
                await server.stop()
        finally:
            if service is not None:
                service.store.close()

    def _made(self, store: Store) -> Service:
        row = store.one("SELECT value FROM settings WHERE name = 'ahead'")
        clock = Clock(ahead=row["value"] if row else 0.0)
        return Service(store, clock, self._profile, self._rate_limit, deliver_anywhere=self._allow_remote_webhooks)
