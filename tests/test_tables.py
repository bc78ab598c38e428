"""What people look at: tables in a notebook, short `repr`s, rows and data frames."""

import copy
import json
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from html.parser import HTMLParser
from typing import Any

import pytest

from skipup_async import (
    Campaign,
    ConfigurationError,
    MeetingRequest,
    Page,
    SkipUp,
    Team,
    Timeframe,
    WebhookDelivery,
    WebhookEndpoint,
    WorkspaceMember,
)
from skipup_async.core.collected import Collected
from skipup_async.core.convert import decode
from skipup_async.core.table import cell
from skipup_async.emulator import Emulator
from tests.conftest import Driver, MakeDriver

NOON = datetime(2027, 2, 1, 12, 0, tzinfo=UTC)
RECORDS = (
    MeetingRequest("mr_1", status="booked"),
    WorkspaceMember("mem_1", email="alice@example.com"),
    Campaign("camp_1", name="Spring"),
    Team("team_1", name="Sales"),
    WebhookEndpoint("we_1", url="https://example.com/hook"),
    WebhookDelivery("del_1", event_type="meeting_request.booked"),
)
COPIES: tuple[Callable[[Any], Any], ...] = (copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value)))
HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</td></table>", "&lt;b&gt;", "$x^2$")


class Table(HTMLParser):
    """A table as a browser reads it: its caption, its rows of text, and the elements it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.caption = ""
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self._in = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a row or a cell."""
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("td", "th", "caption"):
            self._in = tag

    def handle_data(self, data: str) -> None:
        """Keep what is read."""
        if self._in == "caption":
            self.caption += data
        else:
            self.rows[-1][-1] += data

    @property
    def fields(self) -> dict[str, str]:
        """What a table of one object says of each field."""
        return {name: value for name, value in self.rows}  # noqa: C416 - fails where a row has other than two cells


def html_of(value: Any) -> str:
    """What a notebook shows for *value*."""
    shown: str = value._repr_html_()
    return shown


def table_of(value: Any) -> Table:
    """The table that a notebook shows for *value*."""
    return Table(html_of(value))


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts the reader into a time zone."""

    def put(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield put
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_every_resource_is_a_table_in_a_notebook(record: Any) -> None:
    """A resource shows its fields, one in a row, under its class's name."""
    table = table_of(record)
    assert table.caption == type(record).__name__
    assert table.fields["id"] == record.id


def test_a_field_without_a_value_takes_no_row() -> None:
    """What is None is left out of a table."""
    assert list(table_of(MeetingRequest("mr_1", status="active")).fields) == ["id", "status"]


def test_the_status_stands_out() -> None:
    """The status is in bold."""
    assert "<strong>booked</strong>" in html_of(MeetingRequest("mr_1", status="booked"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("UTC", "2027-02-01 12:00:00 +00:00"),
        ("Europe/Paris", "2027-02-01 13:00:00 +01:00"),
        ("America/St_Johns", "2027-02-01 08:30:00 -03:30"),
    ],
)
def test_a_time_is_shown_on_the_readers_clock_with_its_offset(
    name: str, shown: str, zone: Callable[[str], None]
) -> None:
    """Whoever reads a table sees the time where he is, and which zone that is."""
    zone(name)
    assert table_of(MeetingRequest("mr_1", booked_at=NOON)).fields["booked_at"] == shown


def test_a_time_can_be_had_exactly_as_the_service_gave_it() -> None:
    """The `time` element holds the moment to the microsecond, whatever zone is shown."""
    moment = NOON.replace(microsecond=250)
    assert f'datetime="{moment.isoformat()}"' in html_of(MeetingRequest("mr_1", booked_at=moment))


def test_a_time_without_a_zone_stays_as_it_is(zone: Callable[[str], None]) -> None:
    """Wall time is nobody's in particular."""
    zone("Europe/Paris")
    assert ">2027-02-01 12:00:00<" in cell(NOON.replace(tzinfo=None))


@pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@pytest.mark.parametrize("name", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_first_and_the_last_day_are_shown(moment: datetime, name: str, zone: Callable[[str], None]) -> None:
    """A time that the reader's zone cannot name is shown in its own."""
    zone(name)
    assert str(moment.year) in cell(moment)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_shown_as_text(text: str) -> None:
    """Whatever a title holds, the page gets no element and no attribute from it."""
    table = table_of(MeetingRequest("mr_1", title=text, participant_emails=(text,), status=text))
    assert {table.fields[name] for name in ("title", "participant_emails", "status")} == {text}
    assert table.elements <= {"table", "caption", "tr", "th", "td", "strong", "time"}
    assert table.attributes <= {"class", "style", "datetime"}


def test_a_formula_is_not_set_as_one() -> None:
    """Both generations of MathJax are told to leave a table alone."""
    assert 'class="tex2jax_ignore mathjax_ignore"' in html_of(RECORDS[0])


def test_a_long_text_is_cut() -> None:
    """A description of 5,000 characters takes 80."""
    shown = table_of(MeetingRequest("mr_1", description="x" * 5000)).fields["description"]
    assert shown == "x" * 79 + "…"


def test_a_long_list_is_cut() -> None:
    """Of many participants five are shown, and how many more there are."""
    shown = table_of(MeetingRequest("mr_1", participant_emails=tuple("abcdefgh"))).fields["participant_emails"]
    assert shown == "a, b, c, d, e, … 3 more"


def test_a_deep_value_ends_somewhere() -> None:
    """A payload as deep as JSON allows is shown to a depth that a person reads."""
    payload = json.loads('{"a":' * 200 + "1" + "}" * 200)
    shown = table_of(decode(WebhookDelivery, {"id": "del_1", "payload": payload})).fields["payload"]
    assert shown == "a: a: a: …"


def test_a_nested_object_has_a_row_for_each_of_its_fields() -> None:
    """A time frame is shown by its ends."""
    fields = table_of(MeetingRequest("mr_1", timeframe=Timeframe(end=NOON))).fields
    assert "timeframe.end" in fields
    assert "timeframe.start" not in fields


@pytest.mark.parametrize("show", [repr, html_of], ids=["repr", "table"])
@pytest.mark.parametrize("field", ["secret", "signing_secret"])
def test_a_webhook_secret_is_never_shown(field: str, show: Callable[[Any], str]) -> None:
    """Neither a secret nor a field nobody announced, which may hold one, is shown."""
    endpoint = decode(WebhookEndpoint, {"id": "we_1", field: "whsec_hidden"})
    assert "whsec_hidden" not in show(endpoint)
    assert "whsec_hidden" not in show(Page((endpoint,)))
    assert "whsec_hidden" not in show(Collected([endpoint]))
    assert "whsec_hidden" not in Collected([endpoint]).to_pandas().to_string()


def test_a_page_is_a_table_with_a_row_for_each_object() -> None:
    """The page of a list shows its objects below the names of their fields, and whether more follow."""
    table = table_of(Page((MeetingRequest("mr_1", status="active"), MeetingRequest("mr_2")), has_more=True))
    assert table.rows == [["id", "status"], ["mr_1", "active"], ["mr_2", ""]]
    assert table.caption == "MeetingRequest: 2; more on the next page"


def test_the_last_page_promises_no_more() -> None:
    """Only a page that others follow says so."""
    assert table_of(Page((MeetingRequest("mr_1"),))).caption == "MeetingRequest: 1"


def test_nothing_is_shown_as_nothing() -> None:
    """An empty page and an empty list say so."""
    assert table_of(Page[Team](())).caption == table_of(Collected[Team]()).caption == "nothing"


def test_a_long_collection_shows_its_first_hundred() -> None:
    """A table of thousands would take the notebook's life: it has a hundred rows and says of how many."""
    table = table_of(Collected(MeetingRequest(f"mr_{number}") for number in range(2345)))
    assert len(table.rows) == 1 + 100
    assert table.caption == "MeetingRequest: the first 100 of 2,345"


def test_objects_of_several_kinds_share_a_table() -> None:
    """A list put together by hand has every column that any of its objects has."""
    table = table_of(Collected[Any]([Team("team_1", name="Sales"), WorkspaceMember("mem_1", email="a@example.com"), 5]))
    assert table.rows[0] == ["id", "name", "email", "value"]
    assert table.rows[1] == ["team_1", "Sales", "", "Team(id='team_1', name='Sales')"]


def test_a_repr_is_one_short_line() -> None:
    """However long a description and however many the people, an object's `repr` can be read."""
    people = tuple(f"person{number}@example.com" for number in range(50))
    request = MeetingRequest("mr_1", description="x\n" * 2500, participant_emails=people, created_at=NOON)
    shown = repr(request)
    assert len(shown) < 400
    assert "\n" not in shown
    assert "created_at=2027-02-01 12:00:00+00:00" in shown


def test_the_repr_of_a_list_shows_three_objects_and_counts_the_rest() -> None:
    """A list of thousands takes one line at the prompt."""
    assert repr(Collected(WorkspaceMember(f"mem_{number}") for number in range(1004))) == (
        "[WorkspaceMember(id='mem_0'), WorkspaceMember(id='mem_1'), WorkspaceMember(id='mem_2'), … 1,001 more]"
    )


def test_the_repr_of_a_page_tells_how_it_goes_on() -> None:
    """A page shows its first objects and the cursor to the next page."""
    page = Page((WorkspaceMember("mem_1"),), has_more=True, next_cursor="mem_1")
    assert repr(page) == "Page(items=(WorkspaceMember(id='mem_1')), has_more=True, next_cursor='mem_1')"


def test_a_pager_says_what_it_lists_and_fetches_nothing(make_driver: MakeDriver, emulator: Emulator) -> None:
    """The `repr` of a pager names its route; the people it filters by are not in it."""
    driver = make_driver(emulator.api_key, base_url="http://127.0.0.1:9")
    shown = repr(driver.client.meeting_requests.list(participant_email="carol@example.org"))
    assert shown in ("Pager(GET /meeting_requests)", "BlockingPager(GET /meeting_requests)")


def test_a_client_shows_no_key(emulator: Emulator) -> None:
    """Nothing of the API key is in the `repr` of a client or of a resource."""
    client = SkipUp(emulator.api_key, base_url=emulator.url)
    assert emulator.api_key not in f"{client!r} {client.meeting_requests!r} {client.sender!r}"


def _ten(driver: Driver) -> None:
    for number in range(10):
        people = [f"person{number}@example.com"]
        driver.call(partial(_create, participants=people))


def _create(client: Any, participants: list[str]) -> Any:
    return client.meeting_requests.create(organizer_email="alice@example.com", participants=participants)


def test_what_is_collected_is_a_list_and_a_table(driver: Driver) -> None:
    """`collect()` gives a list of the objects, equal to any other list, shown as a table."""
    _ten(driver)
    collected = driver.call(lambda c: c.meeting_requests.list(limit=4).collect())
    assert collected == driver.items(lambda c: c.meeting_requests.list())
    assert len(table_of(collected).rows) == 1 + 10


def test_a_slice_of_what_is_collected_is_shown_too() -> None:
    """The first five of a list are a table as well, and one of them is an object."""
    collected = Collected(Team(f"team_{number}") for number in range(9))
    assert len(table_of(collected[:5]).rows) == 1 + 5
    assert collected[-1] == Team("team_8")


@pytest.mark.parametrize("through", COPIES, ids=["copy", "deepcopy", "pickle"])
def test_what_is_collected_can_be_kept(through: Callable[[Any], Any]) -> None:
    """A copy is equal, and an empty one knows its columns still."""
    empty = through(Collected[Team]((), Team))
    assert list(empty.to_pandas().columns) == list(Collected[Team]((), Team).to_pandas().columns)
    assert through(Collected([Team("team_1")])) == [Team("team_1")]


def test_rows_are_what_to_dict_gives(driver: Driver) -> None:
    """`to_rows()` needs nothing but Python, and its rows are ready for JSON."""
    _ten(driver)
    rows = driver.call(lambda c: c.meeting_requests.list(limit=4).to_rows())
    assert rows == [request.to_dict() for request in driver.items(lambda c: c.meeting_requests.list())]
    assert json.loads(json.dumps(rows)) == rows


def test_rows_can_be_bounded(driver: Driver) -> None:
    """`max_items` bounds rows and frames as it bounds `collect()`."""
    _ten(driver)
    assert len(driver.call(lambda c: c.meeting_requests.list(limit=2).to_rows(max_items=3))) == 3
    assert len(driver.call(lambda c: c.meeting_requests.list(limit=2).to_pandas(max_items=3))) == 3


def test_a_frame_has_real_times(driver: Driver, emulator: Emulator) -> None:
    """Times are `datetime64` in UTC, also where there is none in the column."""
    _ten(driver)
    frame = driver.call(lambda c: c.meeting_requests.list().to_pandas())
    times = ["created_at", "updated_at", "booked_at", "timeframe.start"]
    assert {str(frame[name].dtype) for name in times} == {"datetime64[us, UTC]"}
    first = driver.items(lambda c: c.meeting_requests.list())[0]
    assert frame["created_at"][0].to_pydatetime() == first.created_at


def test_a_frame_turns_every_zone_into_utc() -> None:
    """Times given in several zones stand in one column, each the same moment as before."""
    there = timezone(timedelta(hours=-3, minutes=-30))
    requests = Collected(MeetingRequest("mr", booked_at=moment) for moment in (NOON, NOON.astimezone(there), None))
    column = requests.to_pandas()["booked_at"]
    assert list(column[:2]) == [NOON, NOON]
    assert column.isna().tolist() == [False, False, True]


def test_a_frame_of_nothing_has_its_columns(driver: Driver) -> None:
    """A list without an object gives a frame without a row, and its columns are there to work with."""
    frame = driver.call(lambda c: c.campaigns.list().to_pandas())
    assert len(frame) == 0
    assert str(frame["starts_at"].dtype) == "datetime64[us, UTC]"


@pytest.fixture
def no_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every `import pandas` fail."""
    monkeypatch.setitem(sys.modules, "pandas", None)


@pytest.mark.usefixtures("no_pandas")
def test_without_pandas_nothing_is_fetched(make_driver: MakeDriver, emulator: Emulator) -> None:
    """Where pandas is missing, the caller is told how to get it before the first request, which here would fail."""
    driver = make_driver(emulator.api_key, base_url="http://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match=r"skipup_async\[notebook\]"):
        driver.call(lambda c: c.meeting_requests.list().to_pandas())


@pytest.mark.usefixtures("no_pandas")
def test_tables_and_rows_need_no_pandas() -> None:
    """Everything but the data frame works where pandas cannot be imported."""
    collected = Collected([Team("team_1")])
    assert collected.to_rows()[0]["id"] == "team_1"
    assert len(table_of(collected).rows) == 2
