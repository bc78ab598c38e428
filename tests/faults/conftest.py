"""The stage, one for each worker: its emulator and its fault server are as good after a fault as before."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Awaited, Blocking, Driver
from tests.faults import stage as stages
from tests.faults.stage import Stage


@pytest.fixture(scope="session")
def whole_stage() -> Iterator[Stage]:
    """A stage for all tests."""
    with stages.stage() as made:
        yield made


@pytest.fixture
def stage(whole_stage: Stage) -> Stage:
    """The stage, with nothing wrong and nothing seen."""
    whole_stage.reset()
    return whole_stage


@pytest.fixture(params=[Awaited, Blocking], ids=["awaited", "blocking"])
def colour(request: pytest.FixtureRequest) -> Callable[..., Driver]:
    """Makes a client of one colour, then of the other; the test closes it."""
    made: Callable[..., Driver] = request.param
    return made
