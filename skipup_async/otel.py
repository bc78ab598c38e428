"""Spans and metrics for OpenTelemetry; needs the extra `otel`."""

from typing import TYPE_CHECKING

from skipup_async.core.observation import AttemptEnd, CallEnd, CallStart, Hooks, LimitWait, Retry
from skipup_async.errors import ConfigurationError
from skipup_async.version import __version__

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter, MeterProvider
    from opentelemetry.trace import Span, Tracer, TracerProvider

__all__ = ["OpenTelemetry"]

_SCOPE = "skipup_async"
#: Those that OpenTelemetry recommends for the duration of a request, in seconds; a call may wait longer for the limit.
_BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_LONG_BOUNDARIES = (*_BOUNDARIES, 30.0, 60.0, 120.0, 300.0)

_Attributes = dict[str, str | int | float]


class OpenTelemetry(Hooks):
    """Hooks that make spans and metrics: pass a client `hooks=OpenTelemetry()`; one object may serve several clients.

    Each call is one span of kind CLIENT, below the span that is current where
    the call is made, named by its route; it begins before the wait for the
    limit, and its attributes `skipup.queue`, `.network`, `.server` and
    `.backoff` say in seconds where the time went. In it `attempt`, `limit_wait`
    and `retry` are events. It is never made the current span itself.

    The metrics are `http.client.request.duration`, of each attempt, and
    `skipup.limit.wait`, both in seconds, and the counter `skipup.retries`. No
    ids, bodies or words of the service are in any of it.

    Without *tracer_provider* and *meter_provider* the global ones are used.
    Raises ConfigurationError where OpenTelemetry is not installed.
    """

    def __init__(
        self, *, tracer_provider: "TracerProvider | None" = None, meter_provider: "MeterProvider | None" = None
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            msg = 'OpenTelemetry is not installed: pip install "skipup_async[otel]"'
            raise ConfigurationError(msg) from None
        spans = _Spans(trace.get_tracer(_SCOPE, __version__, tracer_provider))
        figures = _Metrics(metrics.get_meter(_SCOPE, __version__, meter_provider))

        def on_limit_wait(wait: LimitWait) -> None:
            spans.waited(wait)
            figures.waited(wait)

        def on_response(end: AttemptEnd) -> None:
            spans.attempted(end)
            figures.attempted(end)

        def on_retry(retry: Retry) -> None:
            spans.retried(retry)
            figures.retried(retry)

        super().__init__(
            on_call_start=spans.begin,
            on_limit_wait=on_limit_wait,
            on_response=on_response,
            on_retry=on_retry,
            on_call_end=spans.end,
        )


class _Spans:
    """The spans of the calls under way."""

    def __init__(self, tracer: "Tracer") -> None:
        from opentelemetry.trace import SpanKind, StatusCode

        self._tracer = tracer
        self._client, self._failed = SpanKind.CLIENT, StatusCode.ERROR
        self._open: dict[CallStart, Span] = {}

    def begin(self, call: CallStart) -> None:
        self._open[call] = self._tracer.start_span(call.route, kind=self._client, attributes=_place(call, call.route))

    def waited(self, wait: LimitWait) -> None:
        self._add("limit_wait", wait.call, {"skipup.attempt": wait.attempt, "skipup.seconds": wait.seconds})

    def attempted(self, end: AttemptEnd) -> None:
        times = {"skipup.attempt": end.attempt, "skipup.seconds": end.seconds, "skipup.server": end.server}
        self._add("attempt", end.call, {"skipup.route": end.route, **times, **_outcome(end)})

    def retried(self, retry: Retry) -> None:
        facts: _Attributes = {"skipup.attempt": retry.attempt, "skipup.delay": retry.delay}
        self._add("retry", retry.call, {**facts, "error.type": _kind(retry.error)})

    def end(self, end: CallEnd) -> None:
        span, timing = self._open.pop(end.call), end.timing
        if end.attempt > 1:
            span.set_attribute("http.request.resend_count", end.attempt - 1)
        for name in ("queue", "network", "server", "backoff"):
            span.set_attribute(f"skipup.{name}", getattr(timing, name))
        span.set_attributes(_outcome(end))
        if end.error is not None:
            span.set_status(self._failed)
        span.end()

    def _add(self, name: str, call: CallStart, attributes: _Attributes) -> None:
        self._open[call].add_event(name, attributes)


class _Metrics:
    """What is counted."""

    def __init__(self, meter: "Meter") -> None:
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests, each attempt by itself.",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )
        self._waits = meter.create_histogram(
            "skipup.limit.wait",
            unit="s",
            description="How long attempts waited for the limit, where they did.",
            explicit_bucket_boundaries_advisory=_LONG_BOUNDARIES,
        )
        self._retries = meter.create_counter(
            "skipup.retries", unit="{retry}", description="Attempts that another one followed, by what went wrong."
        )

    def attempted(self, end: AttemptEnd) -> None:
        outcome = _outcome(end)
        outcome.pop("skipup.request_id", None)
        self._duration.record(end.seconds, {**_place(end.call, end.route), **outcome})

    def waited(self, wait: LimitWait) -> None:
        self._waits.record(wait.seconds, _place(wait.call, wait.route))

    def retried(self, retry: Retry) -> None:
        self._retries.add(1, {**_place(retry.call, retry.route), "error.type": _kind(retry.error)})


def _place(call: CallStart, route: str) -> _Attributes:
    method, _, template = route.partition(" ")
    return {
        "http.request.method": method,
        "url.template": template,
        "server.address": call.host,
        "server.port": call.port,
        "skipup.service": call.service,
    }


def _outcome(end: AttemptEnd | CallEnd) -> _Attributes:
    outcome: _Attributes = {}
    if end.status is not None:
        outcome["http.response.status_code"] = end.status
    if end.error is not None:
        outcome["error.type"] = _kind(end.error)
    elif isinstance(end, AttemptEnd) and end.status is not None and end.status >= 400:
        # Of an attempt alone: the call may have succeeded all the same, by what was read back.
        outcome["error.type"] = str(end.status)
    if end.request_id is not None:
        outcome["skipup.request_id"] = end.request_id
    return outcome


def _kind(error: BaseException) -> str:
    """What went wrong, in few words of a fixed choice: an HTTP status, or the class of the error."""
    status = getattr(error, "status_code", None)
    return str(status) if isinstance(status, int) and status >= 400 else type(error).__name__
