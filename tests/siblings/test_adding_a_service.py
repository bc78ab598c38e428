"""The README's guide to adding a service is true: its program is a whole service, short, and works in both colours."""

import re
from pathlib import Path
from typing import Any

import pytest

from skipup_async import AsyncSkipUp, InvalidArgumentError
from skipup_async.core.dialect import Dialect
from tests.conftest import Driver
from tests.siblings.conftest import KEY, Colour, Service

README = Path(__file__).parents[2] / "README.md"
GUIDE = README.read_text(encoding="utf-8").partition("\n## Adding a service\n")[2].partition("\n## ")[0]
PROGRAM = "".join(re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
ROOM = {"id": "r_1", "name": "Aquarium", "hasScreen": True}


@pytest.fixture(scope="module")
def roomy() -> dict[str, Any]:
    """The names that the guide's program defines."""
    names: dict[str, Any] = {"__name__": "roomy"}
    exec(PROGRAM, names)
    return names


@pytest.fixture
def driver(roomy: dict[str, Any], colour: Colour, service: Service) -> Driver:
    """A client of the guide's service."""
    return colour.drive((roomy["AsyncRoomy"], roomy["Roomy"]), base_url=service.url)


def test_a_service_is_less_than_60_lines() -> None:
    """The guide has a program, and it is short."""
    assert 0 < len(PROGRAM.splitlines()) < 60


def test_the_guide_names_every_field_of_a_dialect() -> None:
    """Whatever a service can say of itself, the guide tells."""
    missing = [name for name in Dialect.__annotations__ if f"`{name}`" not in GUIDE]
    assert not missing


def test_an_object_is_decoded(roomy: dict[str, Any], driver: Driver, service: Service) -> None:
    """The object is found in the service's own envelope, under the service's own names."""
    service.answer({"room": ROOM})
    assert driver.call(lambda c: c.rooms.get("r_1")) == roomy["Room"]("r_1", "Aquarium", has_screen=True)
    assert service.last.headers["Authorization"] == f"Bearer {KEY}"


def test_a_list_goes_on_by_the_services_cursor(driver: Driver, service: Service) -> None:
    """The cursor is found where the dialect says, and sent back under its name there."""
    service.answer({"rooms": [ROOM], "next": "abc"})
    service.answer({"rooms": [ROOM]})
    assert [room.id for room in driver.items(lambda c: c.rooms.list(seats=8))] == ["r_1", "r_1"]
    assert [seen.query for seen in service.seen] == [{"seats": "8"}, {"seats": "8", "from": "abc"}]


def test_a_keyed_create_is_repeated_under_the_services_header(driver: Driver, service: Service) -> None:
    """A lost answer is asked for again with the same key."""
    service.lose()
    service.answer({"room": ROOM})
    assert driver.call(lambda c: c.rooms.create("Aquarium")).id == "r_1"
    assert len(service.seen) == 2
    assert len({seen.headers["X-Request-Key"] for seen in service.seen}) == 1


def test_both_limits_of_the_service_are_kept(roomy: dict[str, Any], colour: Colour) -> None:
    """Ten a second, and a thousand an hour."""
    client = colour.drive((roomy["AsyncRoomy"], roomy["Roomy"]), limiter=None).client
    assert (client.rate_limit.limit, client.rate_limit.per) == (10, 1.0)
    assert client.estimate(1001) >= 3600


def test_an_id_is_checked_before_anything_is_sent(roomy: dict[str, Any]) -> None:
    """What core knows of arguments, a new service knows."""
    with pytest.raises(InvalidArgumentError):
        roomy["Rooms"].get.build("../keys")


def test_the_new_service_stands_on_what_skipup_stands_on(roomy: dict[str, Any]) -> None:
    """Both share the client that no service owns."""
    shared = set(roomy["AsyncRoomy"].__mro__) & set(AsyncSkipUp.__mro__)
    assert {kind.__module__ for kind in shared} >= {"skipup_async.core.client", "skipup_async.core.resource"}
