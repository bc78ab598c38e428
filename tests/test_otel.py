"""OpenTelemetry: the spans and figures of calls, as the SDK's exporters in memory see them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import attrs
import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from skipup_async import AsyncSkipUp, SkipUp, SkipUpError, Unlimited
from skipup_async.emulator import Emulator
from skipup_async.otel import OpenTelemetry
from tests.conftest import MakeDriver, Sleeper
from tests.observed import BACKOFF, NETWORK, QUEUE, SERVER, slow_call

KEY = "sk_test_" + "Find0Me1Nowhere2" * 2


@attrs.frozen
class Telemetry:
    """Hooks whose spans and figures stay in memory."""

    hooks: OpenTelemetry
    tracer: Tracer
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def spans(self) -> list[ReadableSpan]:
        """Those that have ended."""
        return list(self.exporter.get_finished_spans())

    @property
    def span(self) -> ReadableSpan:
        """The only one."""
        [span] = self.spans
        return span

    def points(self, name: str) -> list[Any]:
        """The data points of that metric."""
        data: Any = self.reader.get_metrics_data()
        metrics = [
            metric for resource in data.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics
        ]
        return [point for metric in metrics if metric.name == name for point in metric.data.data_points]


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """Telemetry in memory."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    hooks = OpenTelemetry(tracer_provider=tracers, meter_provider=meters)
    yield Telemetry(hooks, tracers.get_tracer("test"), exporter, reader)
    tracers.shutdown()
    meters.shutdown()


def facts(span: ReadableSpan) -> dict[str, Any]:
    """Its attributes."""
    return dict(span.attributes or {})


def events(span: ReadableSpan, name: str) -> list[dict[str, Any]]:
    """The attributes of its events of that name."""
    return [dict(event.attributes or {}) for event in span.events if event.name == name]


def team(client: Any) -> Any:
    """The slow call."""
    return client.teams.get("tm_secret1")


class TestASlowCall:
    """A full limit, a 503, a 429, and a slow answer."""

    @pytest.fixture(autouse=True)
    def _call(self, make_driver: MakeDriver, sleeper: Sleeper, telemetry: Telemetry) -> None:
        with slow_call(sleeper) as slow:
            make_driver(KEY, timing=sleeper.timing, hooks=telemetry.hooks, **slow.options).call(team)
            self.port = int(slow.server.url.split(":")[2].split("/")[0])

    def test_is_one_span_that_tells_its_times_apart(self, telemetry: Telemetry) -> None:
        """Limiter, network, service and backoff, in seconds."""
        found = facts(telemetry.span)
        names = ("skipup.queue", "skipup.network", "skipup.server", "skipup.backoff")
        assert [found[name] for name in names] == pytest.approx([QUEUE, NETWORK, SERVER, BACKOFF])

    def test_is_named_by_its_route(self, telemetry: Telemetry) -> None:
        """And described as OpenTelemetry describes a request of a client."""
        span = telemetry.span
        assert (span.name, span.kind, span.status.status_code) == ("GET /teams/:id", SpanKind.CLIENT, StatusCode.UNSET)
        described = {name: value for name, value in facts(span).items() if not name.startswith("skipup.")}
        assert described == {
            "http.request.method": "GET",
            "url.template": "/teams/:id",
            "server.address": "127.0.0.1",
            "server.port": self.port,
            "http.response.status_code": 200,
            "http.request.resend_count": 2,
        }

    def test_has_an_event_for_each_attempt(self, telemetry: Telemetry) -> None:
        """With its status, its seconds, those of the service, and its name."""
        names = ("skipup.attempt", "http.response.status_code", "skipup.seconds", "skipup.server", "skipup.request_id")
        assert [tuple(event[name] for name in names) for event in events(telemetry.span, "attempt")] == [
            (1, 503, pytest.approx(0.75), pytest.approx(0.75), "req_1"),
            (2, 429, pytest.approx(0.125), pytest.approx(0.125), "req_2"),
            (3, 200, pytest.approx(1.5), pytest.approx(1.5), "req_3"),
        ]

    def test_has_an_event_for_each_wait_and_each_retry(self, telemetry: Telemetry) -> None:
        """With the seconds, and what went wrong."""
        assert events(telemetry.span, "limit_wait") == [
            {"skipup.attempt": 1, "skipup.seconds": pytest.approx(5.0)},
            {"skipup.attempt": 3, "skipup.seconds": pytest.approx(3.15)},
        ]
        assert events(telemetry.span, "retry") == [
            {"skipup.attempt": 1, "skipup.delay": pytest.approx(BACKOFF), "error.type": "503"},
            {"skipup.attempt": 2, "skipup.delay": pytest.approx(3.15), "error.type": "429"},
        ]

    def test_counts_each_attempt_and_each_retry(self, telemetry: Telemetry) -> None:
        """In the duration of requests the limit has no part."""
        durations = telemetry.points("http.client.request.duration")
        by_status = {point.attributes["http.response.status_code"]: point for point in durations}
        assert {status: point.sum for status, point in by_status.items()} == {
            503: pytest.approx(0.75),
            429: pytest.approx(0.125),
            200: pytest.approx(1.5),
        }
        assert "error.type" not in by_status[200].attributes
        assert by_status[503].attributes["error.type"] == "503"
        [waits] = telemetry.points("skipup.limit.wait")
        assert (waits.count, waits.sum) == (2, pytest.approx(QUEUE))
        retries = telemetry.points("skipup.retries")
        assert {point.attributes["error.type"]: point.value for point in retries} == {"503": 1, "429": 1}


def test_the_span_of_a_blocking_call_is_below_the_one_around_it(emulator: Emulator, telemetry: Telemetry) -> None:
    """It crosses into the client's thread, and nothing of it stays there."""
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited(), hooks=telemetry.hooks) as client:
        with telemetry.tracer.start_as_current_span("around") as around:
            client.teams.list().collect()
            assert trace.get_current_span() is around
        client.teams.list().collect()
    within, _, without = telemetry.spans
    assert within.parent is not None
    assert within.parent.span_id == around.get_span_context().span_id
    assert without.parent is None


@pytest.mark.anyio
async def test_no_call_is_below_another(emulator: Emulator, telemetry: Telemetry) -> None:
    """All those of a fan-out have the parent that was current, the next call has none, and none is current itself."""
    ids = [emulator.add_meeting_request() for _ in range(10)]
    async with AsyncSkipUp(
        emulator.api_key, base_url=emulator.url, limiter=Unlimited(), hooks=telemetry.hooks
    ) as client:
        with telemetry.tracer.start_as_current_span("around") as around:
            await client.fan_out(client.meeting_requests.get, ids, max_concurrency=5)
            assert trace.get_current_span() is around
        await client.teams.list().collect()
    *spans, _, last = telemetry.spans
    assert len(spans) == 10
    assert {span.parent and span.parent.span_id for span in spans} == {around.get_span_context().span_id}
    assert last.parent is None


def test_every_call_of_a_wait_is_a_span(make_driver: MakeDriver, emulator: Emulator, telemetry: Telemetry) -> None:
    """A method made of several calls is several spans, and each page of a list is one."""
    id = emulator.add_meeting_request()
    emulator.book(id)
    driver = make_driver(emulator.api_key, base_url=emulator.url, hooks=telemetry.hooks)
    driver.call(lambda client: client.meeting_requests.wait_until_booked(id, timeout=5.0))
    assert {span.name for span in telemetry.spans} == {"GET /meeting_requests/:id"}


def test_a_call_that_fails_is_a_span_that_failed(
    make_driver: MakeDriver, emulator: Emulator, telemetry: Telemetry
) -> None:
    """With what went wrong as one word, and none of the service's, which may name people."""
    emulator.fail(status=422, message="carol.private@example.com is unknown")
    driver = make_driver(emulator.api_key, base_url=emulator.url, hooks=telemetry.hooks)
    with pytest.raises(SkipUpError):
        driver.call(team)
    span = telemetry.span
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert (facts(span)["error.type"], facts(span)["http.response.status_code"]) == ("422", 422)


def test_a_call_without_an_answer_names_its_error(
    make_driver: MakeDriver, sleeper: Sleeper, telemetry: Telemetry
) -> None:
    """By its class; there is no status to tell."""
    driver = make_driver(KEY, base_url="http://127.0.0.1:1/api/v1", timing=sleeper.timing, hooks=telemetry.hooks)
    with pytest.raises(SkipUpError):
        driver.call(team)
    found = facts(telemetry.span)
    assert (found["error.type"], found.get("http.response.status_code")) == ("APIConnectionError", None)
    assert found["http.request.resend_count"] == 3
    [point] = telemetry.points("http.client.request.duration")
    assert (point.count, point.attributes["error.type"]) == (4, "APIConnectionError")


def test_a_call_that_was_read_back_as_done_is_no_error(
    make_driver: MakeDriver, emulator: Emulator, sleeper: Sleeper, telemetry: Telemetry
) -> None:
    """Its attempt failed, and says so."""
    id = emulator.add_meeting_request()
    emulator.fail(on="POST *", status=503, after_commit=True)
    driver = make_driver(emulator.api_key, base_url=emulator.url, timing=sleeper.timing, hooks=telemetry.hooks)
    driver.call(lambda client: client.meeting_requests.pause(id))
    assert "error.type" not in facts(telemetry.span)
    assert events(telemetry.span, "attempt")[0]["error.type"] == "503"


def test_a_read_back_is_an_event_of_its_calls_span(
    make_driver: MakeDriver, emulator: Emulator, sleeper: Sleeper, telemetry: Telemetry
) -> None:
    """One call is one span; its duration is counted under the route that was sent."""
    id = emulator.add_meeting_request()
    emulator.fail(on="POST *", connection="reset", after_commit=True)
    driver = make_driver(emulator.api_key, base_url=emulator.url, timing=sleeper.timing, hooks=telemetry.hooks)
    driver.call(lambda client: client.meeting_requests.pause(id))
    routes = [event["skipup.route"] for event in events(telemetry.span, "attempt")]
    assert routes == ["POST /meeting_requests/:id/pause", "GET /meeting_requests/:id"]
    points = telemetry.points("http.client.request.duration")
    assert {point.attributes["url.template"] for point in points} == {
        "/meeting_requests/:id/pause",
        "/meeting_requests/:id",
    }


def test_no_span_and_no_figure_shows_the_key_an_id_or_an_address(make_driver: MakeDriver, telemetry: Telemetry) -> None:
    """Of calls that succeed, and of calls that fail."""
    with Emulator(key=KEY) as emulator:
        driver = make_driver(KEY, base_url=emulator.url, hooks=telemetry.hooks)
        made = driver.call(
            lambda client: client.meeting_requests.create(
                organizer_email="alice@example.com", participants=["carol.private@example.com"], title="Secret plans"
            )
        )
        for _ in range(2):
            with suppress(SkipUpError):
                driver.call(lambda client: client.meeting_requests.pause(made.id))
        with suppress(SkipUpError):
            driver.call(lambda client: client.request("GET", f"/meeting_requests/{made.id}/nothing"))
    data = telemetry.reader.get_metrics_data()
    shown = "".join(span.to_json() for span in telemetry.spans) + ("" if data is None else data.to_json())
    assert "/meeting_requests/:id/pause" in shown
    for private in (KEY, made.id, "carol.private", "alice@", "Secret plans"):
        assert private not in shown


def test_one_object_serves_several_clients(emulator: Emulator, telemetry: Telemetry) -> None:
    """Beside other hooks, and in several threads."""
    for _ in range(2):
        with SkipUp(emulator.api_key, base_url=emulator.url, hooks=[telemetry.hooks]) as client:
            client.teams.list().collect()
    assert len(telemetry.spans) == 2


def test_without_providers_the_global_ones_are_used(emulator: Emulator) -> None:
    """Which do nothing, until the application sets others."""
    with SkipUp(emulator.api_key, base_url=emulator.url, hooks=OpenTelemetry()) as client:
        assert list(client.teams.list().collect())


def test_without_opentelemetry_it_says_what_to_install() -> None:
    """When it is made, and not when it is imported."""
    program = """
import sys
sys.modules["opentelemetry"] = None
from skipup_async.otel import OpenTelemetry
OpenTelemetry()
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.stderr.splitlines()[-1] == (
        'skipup_async.errors.ConfigurationError: OpenTelemetry is not installed: pip install "skipup_async[otel]"'
    )
