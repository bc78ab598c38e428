"""Bad input is refused before anything is sent, by an error that names it; odd input arrives as it is."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from zoneinfo import available_timezones

import attrs
import pytest

from skipup_async import (
    AsyncSkipUp,
    ConfigurationError,
    InvalidArgumentError,
    Participant,
    RetryPolicy,
    SkipUp,
    Timeframe,
    Unlimited,
)
from skipup_async.core.session import Timing
from skipup_async.emulator import Emulator
from skipup_async.skipup.meeting_requests import MeetingRequests
from tests import corpora
from tests.conftest import Driver, MakeDriver
from tests.recorder import Recorder, Seen

ALICE, BOB = "alice@example.com", "bob@example.com"


@attrs.frozen(eq=False)
class Argument:
    """One argument of one call: the name an error gives it, the call with a value for it, and where that goes."""

    name: str
    call: Callable[[Any, Any], Any]
    sent: Callable[[Seen], Any]
    #: What the service answers to that call.
    answer: Any


def _listed(resource: str, name: str) -> Argument:
    """A filter of a list."""
    return Argument(
        name,
        lambda c, value: getattr(c, resource).list(**{name: value}).first_page(),
        lambda seen: seen.query[name],
        {"data": []},
    )


def _created(name: str, fields: Callable[[Any], dict[str, Any]], sent: Callable[[Any], Any]) -> Argument:
    """An argument of `meeting_requests.create`."""
    return Argument(
        name,
        lambda c, value: c.meeting_requests.create(
            **{"organizer_email": ALICE, "participants": [BOB], **fields(value)}
        ),
        lambda seen: sent(seen.json),
        {"data": {"id": "x_1"}},
    )


def _field(resource: str, method: str, name: str, /, **rest: Any) -> Argument:
    """An argument that is a field of the body under its own name."""
    return Argument(
        name,
        lambda c, value: getattr(getattr(c, resource), method)(**{**rest, name: value}),
        lambda seen: seen.json[name],
        {"data": {"id": "x_1"}},
    )


def _id(resource: str, method: str, /, **rest: Any) -> Argument:
    """The id of the object a call is about."""
    return Argument(
        "id",
        lambda c, value: getattr(getattr(c, resource), method)(value, **rest),
        lambda seen: seen.path.split("/")[4],
        {"data": {"id": "x_1"}},
    )


IDS = {
    "meeting_requests.get": _id("meeting_requests", "get"),
    "meeting_requests.cancel": _id("meeting_requests", "cancel"),
    "meeting_requests.pause": _id("meeting_requests", "pause"),
    "meeting_requests.resume": _id("meeting_requests", "resume"),
    "meeting_requests.change_organizer": _id("meeting_requests", "change_organizer", new_organizer_email=BOB),
    "meeting_requests.update_context": _id("meeting_requests", "update_context", title="x"),
    "campaigns.get": _id("campaigns", "get"),
    "campaigns.update": _id("campaigns", "update", name="x"),
    "campaigns.deactivate": _id("campaigns", "deactivate"),
}
#: Ids in a body, where None is `null` and no id that is missing.
REFERENCES = {
    "meeting_requests.create(campaign_id)": _created(
        "campaign_id", lambda value: {"campaign_id": value}, lambda body: body["campaign_id"]
    ),
    "campaigns.create(team_id)": _field("campaigns", "create", "team_id", name="x"),
    "campaigns.update(team_id)": _field("campaigns", "update", "team_id", id="x_1"),
}
ADDRESSES = {
    "create(organizer_email)": _created(
        "organizer_email", lambda value: {"organizer_email": value}, lambda body: body["organizer_email"]
    ),
    "create(participants)": _created(
        "participants[1]", lambda value: {"participants": [BOB, value]}, lambda body: body["participant_emails"][1]
    ),
    "create(Participant)": _created(
        "participants[1].email",
        lambda value: {"participants": [BOB, Participant(value)]},
        lambda body: body["participants"][1]["email"],
    ),
    "change_organizer": _field("meeting_requests", "change_organizer", "new_organizer_email", id="x_1"),
    "meeting_requests.list(participant_email)": _listed("meeting_requests", "participant_email"),
    "meeting_requests.list(organizer_email)": _listed("meeting_requests", "organizer_email"),
    "workspace_members.list(email)": _listed("workspace_members", "email"),
}
TEXTS = {
    "create(title)": _created("title", lambda value: {"title": value}, lambda body: body["context"]["title"]),
    "create(purpose)": _created("purpose", lambda value: {"purpose": value}, lambda body: body["context"]["purpose"]),
    "create(description)": _created(
        "description", lambda value: {"description": value}, lambda body: body["context"]["description"]
    ),
    "create(organizer_name)": _created(
        "organizer_name", lambda value: {"organizer_name": value}, lambda body: body["organizer_name"]
    ),
    "create(Participant.name)": _created(
        "participants[0].name",
        lambda value: {"participants": [Participant(BOB, name=value)]},
        lambda body: body["participants"][0]["name"],
    ),
    "update_context(title)": _field("meeting_requests", "update_context", "title", id="x_1"),
    "update_context(purpose)": _field("meeting_requests", "update_context", "purpose", id="x_1"),
    "update_context(description)": _field("meeting_requests", "update_context", "description", id="x_1"),
    "campaigns.create(name)": _field("campaigns", "create", "name", team_id="tm_1"),
    "campaigns.create(description)": _field("campaigns", "create", "description", name="x", team_id="tm_1"),
    "campaigns.update(name)": _field("campaigns", "update", "name", id="x_1"),
    "campaigns.update(description)": _field("campaigns", "update", "description", id="x_1"),
    "meeting_requests.list(status)": _listed("meeting_requests", "status"),
    "meeting_requests.list(cursor)": _listed("meeting_requests", "cursor"),
    "workspace_members.list(role)": _listed("workspace_members", "role"),
    "workspace_members.list(cursor)": _listed("workspace_members", "cursor"),
    "campaigns.list(cursor)": _listed("campaigns", "cursor"),
}
MOMENTS = {
    "meeting_requests.list(created_after)": _listed("meeting_requests", "created_after"),
    "meeting_requests.list(created_before)": _listed("meeting_requests", "created_before"),
    "campaigns.create(starts_at)": _field("campaigns", "create", "starts_at", name="x", team_id="tm_1"),
    "campaigns.update(ends_at)": _field("campaigns", "update", "ends_at", id="x_1"),
}
#: The ends of a timeframe are datetimes before they are sent, so a string need not arrive letter by letter.
ENDS = {
    "create(timeframe.start)": _created(
        "timeframe.start", lambda value: {"timeframe": Timeframe(start=value)}, lambda body: body["context"]
    ),
    "create(timeframe.end)": _created(
        "timeframe.end", lambda value: {"timeframe": Timeframe(end=value)}, lambda body: body["context"]
    ),
}
ZONES = {
    "create(organizer_timezone)": _created(
        "organizer_timezone", lambda value: {"organizer_timezone": value}, lambda body: body["organizer_timezone"]
    ),
    "create(Participant.timezone)": _created(
        "participants[0].timezone",
        lambda value: {"participants": [Participant(BOB, timezone=value)]},
        lambda body: body["participants"][0]["timezone"],
    ),
}
LIMITS = {
    "meeting_requests.list": _listed("meeting_requests", "limit"),
    "workspace_members.list": _listed("workspace_members", "limit"),
    "campaigns.list": _listed("campaigns", "limit"),
}
DURATIONS = {
    "create": _created(
        "duration_minutes", lambda value: {"duration_minutes": value}, lambda body: body["context"]["duration_minutes"]
    ),
    "update_context": _field("meeting_requests", "update_context", "duration_minutes", id="x_1"),
}
FLAGS = {
    "create(include_introduction)": _created(
        "include_introduction", lambda value: {"include_introduction": value}, lambda body: body["include_introduction"]
    ),
    "cancel(notify)": _field("meeting_requests", "cancel", "notify", id="x_1"),
    "campaigns.list(active)": _listed("campaigns", "active"),
}
TIMEFRAMES = {
    "create": _created("timeframe", lambda value: {"timeframe": value}, lambda body: body["context"]["timeframe"]),
    "update_context": _field("meeting_requests", "update_context", "timeframe", id="x_1"),
}
PEOPLE = _created("participants", lambda value: {"participants": value}, lambda body: body)
KEY = Argument(
    "idempotency_key",
    lambda c, value: c.meeting_requests.create(organizer_email=ALICE, participants=[BOB], idempotency_key=value),
    lambda seen: seen.headers["Idempotency-Key"],
    {"data": {"id": "x_1"}},
)


def each_of(*tables: dict[str, Argument]) -> pytest.MarkDecorator:
    """Run a test for each argument of *tables*."""
    arguments = {title: argument for table in tables for title, argument in table.items()}
    return pytest.mark.parametrize("argument", arguments.values(), ids=arguments)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One emulator for all refusals, which never reach it."""
    with Emulator() as running:
        yield running


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    """A server that takes what an emulator would refuse, such as a title with a NUL."""
    with Recorder() as running:
        yield running


def _outcome(driver: Driver, argument: Argument, value: Any) -> object:
    """What the call gives or raises."""
    try:
        return driver.call(lambda c: argument.call(c, value))
    except Exception as error:  # noqa: BLE001 - whichever comes is looked at
        return error


def _is_refusal(outcome: object, name: str) -> bool:
    """Whether *outcome* is an error that names the argument at its head, on one line."""
    text = str(outcome)
    named = re.match(rf"{re.escape(name)}\b.* must ", text) or text.startswith(f"{name} must ")
    return isinstance(outcome, InvalidArgumentError) and bool(named) and len(text) < 200 and text.isprintable()


class Refusals:
    """Finds the values that a call does not refuse as it should."""

    def __init__(self, driver: Driver, emulator: Emulator) -> None:
        self._driver = driver
        self._emulator = emulator

    def missing(self, argument: Argument, values: Iterable[Any]) -> list[Any]:
        """Each of *values* that is not refused by its name, with what came of it; and what was sent, if anything."""
        before = self._emulator.request_count
        outcomes = [(value, _outcome(self._driver, argument, value)) for value in values]
        sent = self._emulator.request_count - before
        return [each for each in outcomes if not _is_refusal(each[1], argument.name)] + (
            [f"{sent} sent"] if sent else []
        )


class Arrivals:
    """Finds the values that do not arrive as they were given."""

    def __init__(self, driver: Driver, recorder: Recorder) -> None:
        self._driver = driver
        self._recorder = recorder

    def of(self, argument: Argument, value: Any) -> Any:
        """What arrives of *value*; the error, where the call fails."""
        self._recorder.clear()
        self._recorder.answer(argument.answer)
        outcome = _outcome(self._driver, argument, value)
        return outcome if isinstance(outcome, Exception) else argument.sent(self._recorder.last)

    def changed(self, argument: Argument, values: Iterable[Any]) -> list[Any]:
        """Each of *values* that does not arrive as it is, with what does."""
        arrived = [(value, self.of(argument, value)) for value in values]
        return [each for each in arrived if each[0] != each[1]]


@pytest.fixture
def refusals(driver: Driver, emulator: Emulator) -> Refusals:
    """For a client of the emulator."""
    return Refusals(driver, emulator)


@pytest.fixture
def arrivals(make_driver: MakeDriver, recorder: Recorder) -> Arrivals:
    """For a client of the recorder."""
    return Arrivals(make_driver("sk_test_arguments", base_url=recorder.url), recorder)


@each_of(IDS)
def test_a_bad_id_is_refused(refusals: Refusals, argument: Argument) -> None:
    """Whatever is not 1 to 128 of the characters A-Z a-z 0-9 _ - is no id: no URL is made of it."""
    assert refusals.missing(argument, corpora.BAD_IDS) == []


@each_of(REFERENCES)
def test_a_bad_id_in_a_body_is_refused(refusals: Refusals, argument: Argument) -> None:
    """The same holds for the ids of other objects; None is `null` there."""
    assert refusals.missing(argument, [value for value in corpora.BAD_IDS if value is not None]) == []


@pytest.mark.parametrize("id", corpora.IDS)
@each_of(IDS)
def test_an_odd_id_arrives(arrivals: Arrivals, argument: Argument, id: str) -> None:
    """An id without a known prefix, or of 1 or 128 characters, stands in the path as it is."""
    about_it = attrs.evolve(argument, answer={"data": {"id": id}})
    assert arrivals.of(about_it, id) == id


@each_of(REFERENCES)
def test_an_odd_id_in_a_body_arrives(arrivals: Arrivals, argument: Argument) -> None:
    """The same holds for the ids of other objects."""
    assert arrivals.changed(argument, corpora.IDS) == []


@each_of(ADDRESSES)
def test_a_bad_address_is_refused(refusals: Refusals, argument: Argument) -> None:
    """No `@` or two, a blank, a control character, more than 254 characters, or no text: no e-mail address."""
    left_out = [None] if argument.answer == {"data": []} else []
    table = [value for value in corpora.BAD_ADDRESSES if value not in left_out]
    assert refusals.missing(argument, table) == []


@each_of(ADDRESSES)
def test_an_odd_address_arrives(arrivals: Arrivals, argument: Argument) -> None:
    """The client is not cleverer than the service: whatever has one `@` and no blank is sent as it is."""
    assert arrivals.changed(argument, corpora.ADDRESSES) == []


@each_of(TEXTS)
def test_what_is_no_text_is_refused(refusals: Refusals, argument: Argument) -> None:
    """Bytes, numbers and lists are not turned into text, and half of a surrogate pair cannot be sent."""
    assert refusals.missing(argument, corpora.BAD_TEXTS) == []


@each_of({title: TEXTS[title] for title in ("create(title)", "meeting_requests.list(cursor)")})
def test_every_odd_text_arrives(arrivals: Arrivals, argument: Argument) -> None:
    """Control characters, scripts, markup, SQL, paths, percent signs: a body and a query carry them unchanged."""
    assert arrivals.changed(argument, corpora.TEXTS) == []


@each_of(TEXTS)
def test_an_odd_text_arrives_everywhere(arrivals: Arrivals, argument: Argument) -> None:
    """Each place for a text carries some of them, the empty one and the longest among them."""
    assert arrivals.changed(argument, ["", *corpora.TEXTS[5::15]]) == []


@pytest.mark.parametrize("description", ["x" * 5001, "\U0001f600" * 5001])
@each_of({title: argument for title, argument in TEXTS.items() if "description" in title and "campaigns" not in title})
def test_a_description_has_at_most_5000_characters(refusals: Refusals, argument: Argument, description: str) -> None:
    """SkipUp documents that limit for a meeting request; characters count, not bytes."""
    assert refusals.missing(argument, [description]) == []


@each_of(MOMENTS, ENDS)
def test_a_bad_time_is_refused(refusals: Refusals, argument: Argument) -> None:
    """Naive times, dates, numbers, and whatever is not ISO 8601 with an offset, or does not exist."""
    assert refusals.missing(argument, corpora.BAD_MOMENTS) == []


@each_of(MOMENTS)
def test_a_time_arrives(arrivals: Arrivals, argument: Argument) -> None:
    """A string as it is; a datetime in ISO 8601, in UTC where its offset has seconds."""
    arrived = [(arrivals.of(argument, value), sent) for value, sent in corpora.MOMENTS]
    assert [each for each in arrived if each[0] != each[1]] == []


@each_of(ENDS)
def test_an_end_of_a_timeframe_arrives(arrivals: Arrivals, argument: Argument) -> None:
    """A datetime in ISO 8601, as anywhere."""
    end = argument.name.rpartition(".")[2]
    datetimes = [(value, sent) for value, sent in corpora.MOMENTS if not isinstance(value, str)]
    arrived = [(arrivals.of(argument, value), {"timeframe": {end: sent}}) for value, sent in datetimes]
    assert [each for each in arrived if each[0] != each[1]] == []


@each_of(ZONES)
def test_a_bad_time_zone_is_refused(refusals: Refusals, argument: Argument) -> None:
    """What has not the form of an IANA name is none."""
    assert refusals.missing(argument, corpora.BAD_ZONES) == []


@each_of(ZONES)
def test_a_time_zone_arrives(arrivals: Arrivals, argument: Argument) -> None:
    """Names of the IANA form, existing or not, for the service's list may be newer."""
    assert arrivals.changed(argument, corpora.ZONES) == []


def test_every_time_zone_of_this_machine_is_taken() -> None:
    """No name that exists is refused."""
    zones = sorted(available_timezones())
    requests = [
        MeetingRequests.create.build(organizer_email=ALICE, participants=[BOB], organizer_timezone=zone)
        for zone in zones
    ]
    assert [request.body and request.body["organizer_timezone"] for request in requests] == zones


@each_of(LIMITS)
def test_a_bad_limit_is_refused(refusals: Refusals, argument: Argument) -> None:
    """A page holds 1 to 100 objects, and a whole number of them."""
    assert refusals.missing(argument, [*corpora.BAD_NUMBERS, 101, 1000]) == []


@each_of(DURATIONS)
def test_a_bad_duration_is_refused(refusals: Refusals, argument: Argument) -> None:
    """A meeting takes a whole number of minutes, and at least one."""
    assert refusals.missing(argument, corpora.BAD_NUMBERS) == []


@pytest.mark.parametrize("number", [1, 99, 100, corpora.Index(7)])
@each_of(LIMITS, DURATIONS)
def test_a_whole_number_of_any_kind_arrives(arrivals: Arrivals, argument: Argument, number: Any) -> None:
    """A number that says it is whole, as those of numeric libraries do, is sent as a number."""
    assert int(arrivals.of(argument, number)) == number.__index__()


@each_of(FLAGS)
def test_what_is_not_true_or_false_is_refused(refusals: Refusals, argument: Argument) -> None:
    """Truthiness is not enough: `"false"` would count as true."""
    assert refusals.missing(argument, corpora.BAD_FLAGS) == []


@each_of(TIMEFRAMES)
def test_what_is_no_timeframe_is_refused(refusals: Refusals, argument: Argument) -> None:
    """A pair or a dict is not guessed at."""
    assert refusals.missing(argument, corpora.BAD_TIMEFRAMES) == []


def test_what_is_no_list_of_people_is_refused(refusals: Refusals) -> None:
    """Nobody, a string in place of a list, a mapping, or somebody who is neither an address nor a `Participant`."""
    assert refusals.missing(PEOPLE, corpora.BAD_PEOPLE) == []


@pytest.mark.parametrize("hold", [tuple, list, set, frozenset, iter, reversed])
def test_people_arrive_in_whatever_holds_them(arrivals: Arrivals, hold: Callable[[list[str]], Any]) -> None:
    """Any iterable will do, and one that can be read only once too."""
    assert arrivals.of(PEOPLE, hold([BOB]))["participant_emails"] == [BOB]


@pytest.mark.parametrize(
    "participants",
    [
        [BOB, BOB, BOB.upper()],
        [f"p{number}@example.com" for number in range(51)],
        [f"p{number}@example.com" for number in range(10_000)],
    ],
    ids=["twice", "51", "10000"],
)
def test_people_arrive_in_order_and_number(arrivals: Arrivals, participants: list[str]) -> None:
    """Whether somebody is named twice, or too many are, is for the service to say."""
    assert arrivals.of(PEOPLE, participants)["participant_emails"] == participants


def test_a_list_of_people_that_changes_while_the_call_is_repeated_changes_nothing(
    make_driver: MakeDriver, recorder: Recorder
) -> None:
    """The list is read once; every attempt sends the same bytes."""
    people = [BOB]

    async def sleep(_seconds: float) -> None:
        people.append("carol@example.com")

    driver = make_driver("sk_test_arguments", base_url=recorder.url, timing=Timing(sleep=sleep))
    recorder.clear()
    recorder.answer(status=503)
    recorder.answer(PEOPLE.answer)
    driver.call(lambda c: PEOPLE.call(c, people))
    first, second = recorder.seen
    assert (first.body, len(people)) == (second.body, 2)


def test_a_bad_idempotency_key_is_refused(refusals: Refusals) -> None:
    """Only 1 to 255 visible ASCII characters arrive as they are: anything else would be trimmed into another key."""
    assert refusals.missing(KEY, corpora.BAD_IDEMPOTENCY_KEYS) == []


def test_an_odd_idempotency_key_arrives(arrivals: Arrivals) -> None:
    """Every visible ASCII character does."""
    assert arrivals.changed(KEY, corpora.IDEMPOTENCY_KEYS) == []


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("method", corpora.BAD_METHODS),
        ("path", corpora.BAD_PATHS),
        ("query", corpora.BAD_QUERIES),
        ("body", corpora.BAD_BODIES),
    ],
)
def test_a_bad_request_of_ones_own_is_refused(refusals: Refusals, name: str, values: list[Any]) -> None:
    """`client.request` sends no other method, climbs no path, and carries only what JSON and a query can."""
    call = Argument(name, lambda c, value: c.request(**{"method": "POST", "path": "/teams", name: value}), id, None)
    assert refusals.missing(call, values) == []


both_clients = pytest.mark.parametrize("kind", [AsyncSkipUp, SkipUp])


def _complaint(kind: type[AsyncSkipUp] | type[SkipUp], **options: Any) -> str | None:
    """What the constructor says against *options*; None where it takes them."""
    try:
        kind(**dict[str, Any](api_key="sk_test_arguments", limiter=Unlimited()) | options)
    except ConfigurationError as error:
        return str(error)
    return None


def _unnamed(kind: type[AsyncSkipUp] | type[SkipUp], name: str, values: Iterable[Any]) -> list[Any]:
    """The *values* for the option *name* that are taken, or refused by words that name it not or echo a secret."""
    complaints = [(value, _complaint(kind, **{name: value}) or "") for value in values]
    return [each for each in complaints if not re.match(rf"{name}\b", each[1]) or "s3cret" in each[1]]


@both_clients
def test_a_bad_api_key_is_refused_and_not_shown(kind: type[AsyncSkipUp] | type[SkipUp]) -> None:
    """A key with a blank, a line end or `Bearer` in it could only fail later; the error does not repeat it."""
    assert _unnamed(kind, "api_key", corpora.BAD_API_KEYS) == []


@both_clients
def test_a_bad_base_url_is_refused_and_not_shown(kind: type[AsyncSkipUp] | type[SkipUp]) -> None:
    """Only https with a host, or http on this machine; no user, query or fragment, which may hold a secret."""
    assert _unnamed(kind, "base_url", corpora.BAD_BASE_URLS) == []


@both_clients
def test_an_odd_base_url_is_taken(kind: type[AsyncSkipUp] | type[SkipUp]) -> None:
    """Ports, paths, IPv6, other scripts, and http on loopback."""
    assert [url for url in corpora.BASE_URLS if _complaint(kind, base_url=url) is not None] == []


@pytest.mark.parametrize("option", ["timeout", "deadline"])
@both_clients
def test_a_bad_number_of_seconds_is_refused(kind: type[AsyncSkipUp] | type[SkipUp], option: str) -> None:
    """No time at all, and what is no number, is no bound."""
    assert _unnamed(kind, option, corpora.BAD_SECONDS) == []


@pytest.mark.parametrize("seconds", [None, 1, 0.001, 10**9])
@pytest.mark.parametrize("option", ["timeout", "deadline"])
@both_clients
def test_a_number_of_seconds_is_taken(kind: type[AsyncSkipUp] | type[SkipUp], option: str, seconds: Any) -> None:
    """Any above zero, or None for no bound."""
    assert _complaint(kind, **{option: seconds}) is None


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("retry", list[Any]([None, 3, True, {"max_attempts": 3}, RetryPolicy, "never", object()])),
        ("limiter", list[Any]([120, "120/min", 120.0, object(), True, Unlimited])),
        ("session", list[Any]([1, "session", object(), True])),
    ],
)
@both_clients
def test_an_option_of_another_kind_is_refused(
    kind: type[AsyncSkipUp] | type[SkipUp], option: str, values: list[Any]
) -> None:
    """Policies, limiters and sessions are not made from something else by guessing."""
    assert _unnamed(kind, option, values) == []


@pytest.mark.parametrize("field", ["max_attempts", "max_throttle_waits", "quota"])
@pytest.mark.parametrize("value", [-1, 1.5, True, "3", float("nan"), float("inf"), 10**9, [3]])
def test_a_retry_policy_counts_in_whole_numbers(field: str, value: Any) -> None:
    """A count that is negative, no integer, or beyond all reason is refused by its name."""
    with pytest.raises(ConfigurationError, match=f"RetryPolicy: {field} must be"):
        RetryPolicy(**{field: value})


@pytest.mark.parametrize("field", ["backoff", "max_backoff", "max_retry_after"])
@pytest.mark.parametrize("value", [-1, -0.001, True, "3", float("nan"), float("inf"), None, [3]])
def test_a_retry_policy_waits_a_finite_time(field: str, value: Any) -> None:
    """A wait that is negative, endless or no number is refused by its name."""
    with pytest.raises(ConfigurationError, match=f"RetryPolicy: {field} must be"):
        RetryPolicy(**{field: value})


def test_a_retry_policy_tries_once_at_least() -> None:
    """No attempt at all is no call."""
    with pytest.raises(ConfigurationError, match="max_attempts must be"):
        RetryPolicy(max_attempts=0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("timeout", {"timeout": 0}),
        ("deadline", {"deadline": -1}),
        ("retry", {"retry": None}),
        ("priority", {"priority": "urgent"}),
        ("priority", {"priority": None}),
        ("priority", {"priority": ["bulk"]}),
    ],
)
def test_other_options_are_checked_like_the_first(driver: Driver, name: str, options: dict[str, Any]) -> None:
    """`with_options` takes no more than the constructor does."""
    with pytest.raises((ConfigurationError, InvalidArgumentError), match=f"^{name} must be"):
        driver.client.with_options(**options)
