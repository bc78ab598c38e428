"""The two ways of a request through aiohttp: below its session, and through it where somebody listens there."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from skipup_async import Unlimited
from tests.conftest import Driver, MakeDriver
from tests.recorder import Recorder

KEY = "sk_test_s3cret-0123456789"
#: Method and body: a read, a change with a body, two without.
REQUESTS: list[tuple[str, Any]] = [("GET", None), ("POST", {"name": "Zoë"}), ("POST", None), ("DELETE", None)]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server that answers everything with an empty object."""
    with Recorder() as running:
        running.answer({})
        yield running


def recording(monkeypatch: pytest.MonkeyPatch, name: str = "_request") -> list[str]:
    """The methods of the requests that sessions send from now on, noted as recorders of HTTP note them."""
    noted: list[str] = []
    sending: Any = vars(aiohttp.ClientSession)[name]

    def noting(session: aiohttp.ClientSession, method: str, *rest: Any, **named: Any) -> Any:
        noted.append(method)
        return sending(session, method, *rest, **named)

    monkeypatch.setattr(aiohttp.ClientSession, name, noting)
    return noted


def _call(method: str, body: Any) -> Callable[[Any], Any]:
    return lambda client: client.request(method, "/things", body=body)


def _all(driver: Driver) -> None:
    for method, body in REQUESTS:
        driver.call(_call(method, body))


def _driver(make_driver: MakeDriver, recorder: Recorder) -> Driver:
    return make_driver(KEY, base_url=recorder.url, limiter=Unlimited())


def test_a_session_nobody_listens_to_is_passed_by(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the versions of aiohttp that this was tried with; what a session does beside costs a third of a call."""
    prepared: list[Any] = []
    preparing: Any = vars(aiohttp.ClientSession)["_prepare_headers"]

    def noting(session: aiohttp.ClientSession, headers: Any) -> Any:
        prepared.append(headers)
        return preparing(session, headers)

    monkeypatch.setattr(aiohttp.ClientSession, "_prepare_headers", noting)
    _all(_driver(make_driver, recorder))
    assert len(recorder.seen) == len(REQUESTS)
    assert (not prepared) == aiohttp.__version__.startswith("3.14.")


@pytest.mark.parametrize("name", ["request", "_request"])
def test_a_recorder_in_aiohttps_place_sees_every_request(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Tests that play HTTP back put themselves where a session sends: there is no way past them."""
    noted = recording(monkeypatch, name)
    _all(_driver(make_driver, recorder))
    assert noted == [method for method, _ in REQUESTS]


def test_a_recorder_that_comes_later_sees_what_is_sent_from_then_on(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client may be older than the test that records it."""
    driver = _driver(make_driver, recorder)
    _all(driver)
    noted = recording(monkeypatch)
    _all(driver)
    assert noted == [method for method, _ in REQUESTS]


#: Monitoring wraps aiohttp before anybody else is imported, in an object that passes for the function it wraps.
WRAPPED_FIRST = """
import sys, types, aiohttp

class Wrapper:
    def __init__(self, wrapped):
        self.wrapped = wrapped
    __class__ = property(lambda self: types.FunctionType)
    def __getattr__(self, name):
        return getattr(self.wrapped, name)
    def __get__(self, session, owner):
        return lambda *rest, **named: noted.append(rest[0]) or self.wrapped(session, *rest, **named)

noted = []
aiohttp.ClientSession._request = Wrapper(aiohttp.ClientSession._request)

from skipup_async import SkipUp
with SkipUp("sk_test_1", base_url=sys.argv[1]) as client:
    client.request("GET", "/things")
print(noted)
"""


def test_a_wrapper_that_was_there_first_sees_every_request(recorder: Recorder) -> None:
    """Even one that says of itself that it is the function it wraps."""
    done = subprocess.run(
        [sys.executable, "-c", WRAPPED_FIRST, recorder.url], check=False, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("['GET']\n", "")


def test_whoever_traces_all_sessions_hears_of_every_request(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monitoring adds its tracing to each new session, ours among them."""
    heard: list[str] = []

    async def begun(_session: Any, _context: Any, told: aiohttp.TraceRequestStartParams) -> None:
        heard.append(told.method)

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(begun)
    opening: Any = aiohttp.ClientSession.__init__

    def opened(session: aiohttp.ClientSession, *rest: Any, **named: Any) -> None:
        opening(session, *rest, trace_configs=[tracing], **named)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", opened)
    _all(_driver(make_driver, recorder))
    assert heard == [method for method, _ in REQUESTS]


def test_the_same_goes_out_either_way(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Method, path, headers and body."""

    def sent() -> list[Any]:
        recorder.seen.clear()
        _all(_driver(make_driver, recorder))
        return [(seen.method, seen.path, sorted(seen.headers.items()), seen.body) for seen in recorder.seen]

    below = sent()
    recording(monkeypatch)
    assert sent() == below
    assert len(below) == len(REQUESTS)
