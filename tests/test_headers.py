"""What the headers of an answer say, and what they do not: Retry-After, Date, what is left of a limit, a name."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from skipup_async.core.headers import exhausted_for, request_id, retry_after, server_time

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def headers(*lines: tuple[str, str]) -> CIMultiDict[str]:
    """Headers as they come off the wire."""
    return CIMultiDict(lines)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1", 1.0),
        ("120", 120.0),
        ("007", 7.0),
        ("999999999", 999_999_999.0),
        ("0.5", 0.5),
        ("1.25", 1.25),
        (" 5 ", 5.0),
        ("\t5", 5.0),
        # the three forms of RFC 9110
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sunday, 01-Mar-26 12:01:00 GMT", 60.0),
        ("Sun Mar  1 12:00:05 2026", 5.0),
        ("Sun Mar 01 12:00:05 2026", 5.0),
        # nothing to wait for
        ("0", None),
        ("0.0", None),
        ("-1", None),
        ("Sun, 01 Mar 2026 12:00:00 GMT", None),
        ("Sun, 01 Mar 2026 11:59:59 GMT", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        # what float() would read
        ("1_0", None),
        ("٣", None),
        ("１２", None),
        ("+5", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("Infinity", None),
        ("0x10", None),
        ("1000000000", None),
        ("9" * 400, None),
        (".5", None),
        ("5.", None),
        ("1.2.3", None),
        ("5\n", None),
        ("5,", None),
        ("5, 6", None),
        ("5 s", None),
        ("", None),
        ("soon", None),
        # what email.utils would read
        ("Zun, 01 Mar 2026 12:00:30 GMT", None),
        ("Sun, 01 Mar 2026 12:00:30 +0200", None),
        ("Sun, 01 Mar 2026 12:00:30 PST", None),
        ("Sun, 01 Mar 2026 12:00:30 UTC", None),
        ("Sun, 01 Mar 2026 12:00:30", None),
        ("Sun, 01 Mar 0000 12:00:30 GMT", None),
        ("Tue, 31 Feb 2026 12:00:30 GMT", None),
        ("Sun, 01 Mar 2026 25:61:61 GMT", None),
        ("Sun, 01 Mar 2026 12:00:60 GMT", None),
        ("Sun, 1 Mar 2026 12:00:30 GMT", None),
        ("Sun, 01 mar 2026 12:00:30 GMT", None),
        ("sun, 01 Mar 2026 12:00:30 gmt", None),
        ("Sun, 01 Mar 2026 12:00:30 GMT x", None),
        ("Sun, 01 Mar 26 12:00:30 GMT", None),
        ("Sun Mar 1 12:00:05 2026", None),
        ("2026-03-01T12:00:30Z", None),
        ("1772366430", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_strictly(value: str, seconds: float | None) -> None:
    """Only the forms of the standard count; zero, the past and everything else are as if absent."""
    assert retry_after(headers(("Retry-After", value)), NOW) == seconds


def test_no_retry_after_says_nothing() -> None:
    """An answer without the header asks for nothing."""
    assert retry_after(headers(("Content-Type", "text/plain")), NOW) is None


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (("1", "30", "2"), 30.0),
        (("soon", "4"), 4.0),
        (("0", "-1", ""), None),
        (("3", "Sun, 01 Mar 2026 12:00:09 GMT"), 9.0),
    ],
)
def test_of_several_waits_the_longest_counts(values: tuple[str, ...], seconds: float | None) -> None:
    """What cannot be read among several lines says nothing."""
    assert retry_after(headers(*[("retry-after", value) for value in values]), NOW) == seconds


def test_a_date_is_measured_by_the_servers_own_clock() -> None:
    """A client an hour fast, or slow, waits just as long."""
    told = headers(("Date", "Sun, 01 Mar 2026 12:00:00 GMT"), ("Retry-After", "Sun, 01 Mar 2026 12:00:07 GMT"))
    for skew in (-3600, 0, 3600):
        assert retry_after(told, NOW + timedelta(seconds=skew)) == 7.0


def test_a_date_without_a_readable_date_header_is_measured_by_the_local_clock() -> None:
    """A Date that cannot be read is none."""
    told = headers(("Date", "today"), ("Retry-After", "Sun, 01 Mar 2026 12:00:07 GMT"))
    assert retry_after(told, NOW + timedelta(seconds=2)) == 5.0


@given(st.text(max_size=60))
def test_no_retry_after_can_do_harm(value: str) -> None:
    """Whatever stands there, it is no wait or one of finite seconds above zero."""
    seconds = retry_after(headers(("Retry-After", value)), NOW)
    assert seconds is None or 0 < seconds < 10**12


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2069, 12, 31)))  # noqa: DTZ001 - made aware below
def test_every_date_is_read_in_all_three_forms(moment: datetime) -> None:
    """All three forms of one moment give that moment."""
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    day, month, clock = days[moment.weekday()], months[moment.month - 1], moment.strftime("%H:%M:%S")
    for text in (
        f"{day[:3]}, {moment.day:02} {month} {moment.year} {clock} GMT",
        f"{day}, {moment.day:02}-{month}-{moment.year % 100:02} {clock} GMT",
        f"{day[:3]} {month} {moment.day:2} {clock} {moment.year}",
    ):
        assert server_time(headers(("Date", text))) == moment


@pytest.mark.parametrize("value", [None, "", "now", "Sun, 01 Mar 2026 12:00:00 CET", "Sun, 01 Mar 2026 24:00:00 GMT"])
def test_a_date_that_cannot_be_read_is_none(value: str | None) -> None:
    """The server's time is unknown then."""
    assert server_time(headers() if value is None else headers(("Date", value))) is None


DATE = ("Date", "Sun, 01 Mar 2026 12:00:00 GMT")
UNIX = int(NOW.timestamp())


@pytest.mark.parametrize("prefix", ["RateLimit", "X-RateLimit", "x-ratelimit"])
@pytest.mark.parametrize(
    ("remaining", "reset", "seconds"),
    [
        ("0", "30", 30.0),
        (" 0 ", " 30 ", 30.0),
        ("0", "0.5", 0.5),
        ("0", "0", None),
        ("0", str(UNIX + 12), 12.0),
        ("0", str(UNIX), None),
        ("0", str(UNIX - 5), None),
        ("1", "30", None),
        ("00", "30", None),
        ("-1", "30", None),
        ("", "30", None),
        ("zero", "30", None),
        ("0", "-1", None),
        ("0", "soon", None),
        ("0", "nan", None),
        ("0", "1e9", None),
        ("0", "", None),
        (None, "30", None),
        ("0", None, None),
    ],
)
def test_a_spent_limit_says_when_it_is_whole_again(
    prefix: str, remaining: str | None, reset: str | None, seconds: float | None
) -> None:
    """Where nothing remains, the reset counts: in seconds, or as a Unix time against the server's clock."""
    lines: list[tuple[str, str]] = [DATE]
    if remaining is not None:
        lines.append((f"{prefix}-Remaining", remaining))
    if reset is not None:
        lines.append((f"{prefix}-Reset", reset))
    assert exhausted_for(headers(*lines)) == seconds


def test_a_unix_time_without_a_date_is_measured_by_the_local_clock() -> None:
    """A server without Date is taken at its word."""
    ahead = int(datetime.now(UTC).timestamp()) + 3600
    seconds = exhausted_for(headers(("RateLimit-Remaining", "0"), ("RateLimit-Reset", str(ahead))))
    assert seconds is not None
    assert 3590 < seconds <= 3600


def test_the_second_form_counts_where_the_first_says_nothing() -> None:
    """`X-` headers are read although others stand beside them that are not spent."""
    lines = (("RateLimit-Remaining", "5"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "9"))
    assert exhausted_for(headers(*lines)) == 9.0


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), None),
        ((("X-Request-Id", "req_1"),), "req_1"),
        ((("Request-Id", "req_2"),), "req_2"),
        ((("Request-Id", "req_2"), ("X-Request-Id", "req_1")), "req_1"),
        ((("X-Request-Id", ""), ("Request-Id", "req_2")), "req_2"),
        ((("X-Request-Id", "a\x1b[31mb"),), "a\\x1b[31mb"),
        ((("X-Request-Id", "x" * 5000),), "x" * 200),
    ],
)
def test_the_servers_name_for_an_exchange_is_fit_to_print(
    lines: tuple[tuple[str, str], ...], expected: str | None
) -> None:
    """Control characters are escaped and length is cut."""
    assert request_id(headers(*lines)) == expected
