"""Every line of the fault matrix, for every operation of every class it names, in both colours."""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import attrs
import pytest

from skipup_async import RetryPolicy, SkipUpError
from tests.conftest import Driver
from tests.faults.invariants import assert_documented, assert_secret
from tests.faults.matrix import CLASSES, ELSEWHERE, MATRIX, Row
from tests.faults.server import Seen
from tests.faults.stage import KEY, OPERATIONS, Operation, Stage
from tests.faults.worlds import plain

# Longer than any answer that is to come, on a busy machine too.
_TIMEOUT = 0.4
_ATTEMPTS = 4
_DEADLINE = 120.0


def cells() -> Iterator[Any]:
    """Each row with each class it has a word for: all operations where an object is read back, else one in turn."""
    for number, row in enumerate(MATRIX):
        for kind in CLASSES:
            word = row.word(kind)
            operations = [each for each in OPERATIONS if each.kind == kind and applies(row, each)]
            if not word.startswith("rc") or row.slow:
                operations = operations[number % max(1, len(operations)) :][:1]
            for operation in operations:
                yield pytest.param(row, operation, id=f"{row.number} {row.fault}, {operation.name}")


def applies(row: Row, operation: Operation) -> bool:
    """A new campaign has no id to be asked for, and the emulator takes the same new organizer twice."""
    never = {("43*", "campaigns.create"), ("58*", "change_organizer")}
    return row.word(operation.kind) != "-" and (row.number, operation.name) not in never


@attrs.frozen
class Expected:
    """What a word of the table means."""

    error: str | None
    sends: int | None
    #: Whether an object is read back; None where the table leaves it open.
    reads: bool | None
    maybe: bool

    @classmethod
    def of(cls, row: Row, kind: str, attempts: int) -> "Expected":
        """What the word of that row for that class means."""
        word = row.word(kind)
        name, _, count = word.rstrip("?").partition("=")
        spent = {"line": "APIConnectionError", "time": "APITimeoutError", "5xx": "ServerError"}
        at_once = {
            "amb": "AmbiguousOutcomeError",
            "bad": "ResponseError",
            "trust": "TLSVerificationError",
            "no": row.error,
        }
        if name in ("ok", "rc"):
            return cls(None, int(count) if count else 1 if name == "rc" else None, reads=name == "rc", maybe=False)
        sends = attempts if name in spent else int(count or 1)
        return cls({**spent, **at_once}[name], sends, reads=None, maybe=word.endswith("?") or name == "amb")


@pytest.mark.parametrize(("row", "operation"), list(cells()))
def test_a_fault_ends_as_the_matrix_says(
    row: Row,
    operation: Operation,
    stage: Stage,
    colour: Callable[..., Driver],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In the right answer, or in the truth about what happened; and all that must always hold, holds."""
    caplog.set_level(logging.DEBUG)
    attempts = 2 if row.slow and (row.ever or row.act is None) else _ATTEMPTS
    arrange(row, operation, stage, attempts)
    id, mark = operation.prepare(stage), f"mark-{uuid.uuid4()}"
    with closing(colour(KEY, **stage.options)) as driver:
        run = play(driver, row, operation, stage, id, mark)
        check(run, Expected.of(row, operation.kind, attempts))
        assert sum(stage.ledger.pauses) >= row.waits, "a 429 is waited for, and never too short"
        assert sum(stage.clock.slept) < _DEADLINE
        stage.calm()
        other = stage.emulator.add_meeting_request()
        assert driver.call(lambda client: client.meeting_requests.get(other)).id == other, "I7: the next call works"
    stage.run(stage.server.left)
    assert stage.server.open == 0, "I4: no connection is left"
    assert stage.ledger.inside == 0, "I4: no slot is held"
    assert KEY not in caplog.text, "I5: the key is in no log"


@attrs.frozen
class Run:
    """What became of a call."""

    stage: Stage
    row: Row
    operation: Operation
    id: str
    mark: str
    answer: Any
    error: SkipUpError | None
    #: Seconds, without those in the limiter.
    took: float
    #: How often it has taken effect.
    effects: int
    sends: tuple[Seen, ...]
    reads: tuple[Seen, ...]


def play(driver: Driver, row: Row, operation: Operation, stage: Stage, id: str, mark: str) -> Run:
    """Make the call."""
    begun, answer, error = stage.clock.clock(), None, None
    try:
        answer = driver.call(operation.about(id, mark))
    except SkipUpError as raised:
        error = raised
    took = stage.clock.clock() - begun - stage.ledger.waited
    seen = tuple(stage.server.seen)
    sends = tuple(each for each in seen if each.method == operation.method)
    reads = tuple(each for each in seen if each.method != operation.method)
    effects = operation.effects(stage.emulator, id, mark)
    return Run(stage, row, operation, id, mark, answer, error, took, effects, sends, reads)


def check(run: Run, expected: Expected) -> None:
    """The outcome is the one of the table, and what must always hold holds."""
    assert run.took <= _DEADLINE + 0.25, "I1: it ends before its deadline"
    check_wire(run)
    if run.error is None:
        check_answer(run, expected)
    else:
        check_error(run, run.error, expected)
    if expected.sends is not None and run.operation.kind != "S":
        assert run.stage.ledger.taken - len(run.reads) == expected.sends, "I2: so many requests were let out"
    if expected.reads is not None:
        assert bool(run.reads) == expected.reads, "whether the object was read back"


def arrange(row: Row, operation: Operation, stage: Stage, attempts: int) -> None:
    """Order the fault."""
    stage.options["retry"] = RetryPolicy(max_attempts=attempts, quota=None)
    stage.options["timeout"] = _TIMEOUT if row.slow and "ok=1" not in row.words else 10.0
    stage.means(operation)
    if row.act is not None and row.ever:
        stage.server.always = row.act
    elif row.act is not None:
        stage.server.acts = [row.act] * row.times
    row.world(stage)


def check_answer(run: Run, expected: Expected) -> None:
    """The answer is the one that was asked for, and it happened once."""
    assert expected.error is None, f"it should have failed with {expected.error}"
    assert run.operation.right(run.answer, run.id, run.mark)
    if run.operation.effect is not None:
        assert run.effects == 1, "I3: a success has happened once"


def check_error(run: Run, error: SkipUpError, expected: Expected) -> None:
    """The error is the one the table names, and what it says is true."""
    assert type(error).__name__ == expected.error, repr(error)
    assert (error.attempts, error.maybe_applied) == (expected.sends, expected.maybe)
    assert run.effects <= (1 if error.maybe_applied else 0), "I3: what it says of the effect is true"
    assert len(run.sends) <= error.attempts
    assert_documented(error)
    assert_secret(KEY, error)


def check_wire(run: Run) -> None:
    """What went over the wire: each send counted, one key, the same bytes, and no shared connection for a change."""
    arrived = len(run.sends) + len(run.reads)
    assert arrived <= run.stage.ledger.taken, "I2: each send was let out by the limiter"
    if run.row.world is plain and run.operation.kind != "S":
        assert arrived == run.stage.ledger.taken, "I2: and nothing was let out that was not sent"
    assert len({seen.body for seen in run.sends}) <= 1, "every attempt sends the same bytes"
    keys = {seen.header("Idempotency-Key") for seen in run.sends}
    assert len(keys) <= 1, "every attempt has the same key"
    if run.sends:
        assert (run.operation.kind == "K") is (keys != {None}), "creates alone have one"
    if run.operation.kind != "S" and "session" not in run.stage.options:
        assert all(seen.turn == 1 for seen in run.sends), "a change has a connection to itself"


def test_every_fault_of_the_specification_is_played_or_accounted_for() -> None:
    """Seventy numbers, each in the table or in the list beside it."""
    numbers = {int(row.number.rstrip("*")) for row in MATRIX} | {int(number.rstrip("*")) for number in ELSEWHERE}
    assert numbers == set(range(1, 71))
