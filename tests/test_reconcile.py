"""What an object, read back after its answer was lost, is believed to say."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from skipup_async.core.reconcile import Belief, SentAt, belief
from skipup_async.core.request import Proof, Request

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@attrs.frozen
class Thing:
    """An object with a state and its two stamps, in seconds from noon."""

    state: str
    stamp: float | None = None
    changed: float | None = None


def after_noon(seconds: float | None) -> datetime | None:
    """That moment."""
    return None if seconds is None else NOON + timedelta(seconds=seconds)


def proof() -> Proof:
    """The proof of a change from `open` to `shut`."""
    return Proof(
        read=Request("GET", ("things",), object),
        reached=lambda thing: thing.state == "shut",
        source=lambda thing: thing.state == "open",
        stamp=lambda thing: after_noon(thing.stamp),
        changed=lambda thing: after_noon(thing.changed),
    )


# The request went out between noon and one second past noon, by the server's clock.
SENT = SentAt(NOON, NOON + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # in the state asked for: since when?
        (Thing("shut", stamp=0), Belief.OURS),
        (Thing("shut", stamp=30), Belief.OURS),
        (Thing("shut", stamp=-1), Belief.OURS),
        (Thing("shut", stamp=-2), Belief.OURS),
        (Thing("shut", stamp=-2.001), Belief.ANOTHERS),
        (Thing("shut", stamp=-3600), Belief.ANOTHERS),
        (Thing("shut", stamp=None), Belief.UNCLEAR),
        (Thing("shut", stamp=None, changed=5), Belief.UNCLEAR),
        # still where it can start from: has anything happened since?
        (Thing("open", changed=-3600), Belief.UNTOUCHED),
        (Thing("open", changed=0), Belief.UNTOUCHED),
        (Thing("open", changed=1), Belief.UNTOUCHED),
        (Thing("open", changed=1.001), Belief.UNCLEAR),
        (Thing("open", changed=2), Belief.UNCLEAR),
        (Thing("open", changed=None), Belief.UNCLEAR),
        (Thing("open", stamp=0, changed=None), Belief.UNCLEAR),
        # anywhere else
        (Thing("gone", stamp=0, changed=0), Belief.ELSEWHERE),
        (Thing("gone"), Belief.ELSEWHERE),
    ],
    ids=str,
)
def test_an_object_read_back_is_believed_by_its_state_and_its_stamps(found: Thing, expected: Belief) -> None:
    """A success counts from two seconds before the send on, another's change only after it."""
    assert belief(proof(), found, SENT) is expected


def test_a_date_header_leaves_a_second_open() -> None:
    """A server that says 12:00:10 means any moment up to 12:00:11, so a send 4.5 s ago has two bounds."""
    sent = SentAt.measured(NOON + timedelta(seconds=10), 4.5, whole_seconds=True)
    assert sent == SentAt(NOON + timedelta(seconds=5.5), NOON + timedelta(seconds=6.5))


def test_a_clock_leaves_nothing_open() -> None:
    """Without a Date header the local clock counts, to its last digit."""
    sent = SentAt.measured(NOON + timedelta(seconds=10), 4.5, whole_seconds=False)
    assert sent == SentAt(NOON + timedelta(seconds=5.5), NOON + timedelta(seconds=5.5))


@pytest.mark.parametrize("hundredth", range(0, 100, 7))
def test_whole_second_stamps_neither_hide_a_success_nor_invent_anothers_change(hundredth: int) -> None:
    """Wherever in its second the request went out, a stamp cut to the second is read rightly."""
    sent_at = NOON + timedelta(seconds=hundredth / 100)
    for took in (1.0, 1.37, 2.5, 9.99):
        date = (sent_at + timedelta(seconds=took)).replace(microsecond=0)
        sent = SentAt.measured(date, took, whole_seconds=True)
        assert sent.earliest <= sent_at <= sent.latest
        done = Thing("shut", stamp=0.0)
        before = Thing("open", changed=0.0)
        later = Thing("open", changed=2.0)
        assert [belief(proof(), thing, sent) for thing in (done, before, later)] == [
            Belief.OURS,
            Belief.UNTOUCHED,
            Belief.UNCLEAR,
        ]
