"""No message but the signed one is ever accepted: every bit flipped, and a hundred thousand mutants."""

import json
import random
from collections.abc import Callable, Iterator

from skipup_async import WebhookVerificationError
from skipup_async.webhooks import Webhook
from tests.webhooks.messages import HEADER, NOW, envelope, headers, webhook

MESSAGES = 200
MUTANTS = 100_000

#: A header's value and a body, in bytes.
Message = tuple[bytes, bytes]


def _messages(chance: random.Random) -> list[Message]:
    """Genuine messages of the last five minutes, none like another."""
    return [_signed(json.dumps(_words(chance)).encode(), NOW - chance.randrange(300)) for _ in range(MESSAGES)]


def _words(chance: random.Random) -> dict[str, object]:
    return {"id": f"evt_{chance.getrandbits(40):x}", "data": {"id": f"mr_{chance.getrandbits(40):x}"}}


def _signed(body: bytes, at: int) -> Message:
    return headers(body, at)[HEADER].encode(), body


def _accepted(by: Webhook, message: Message) -> bool:
    value, body = message
    try:
        by.verify(body, {HEADER: value})
    except WebhookVerificationError:
        return False
    return True


def _flipped(text: bytes) -> Iterator[bytes]:
    """*text* with each of its bits flipped in turn."""
    for place in range(len(text)):
        for bit in range(8):
            yield text[:place] + bytes([text[place] ^ 1 << bit]) + text[place + 1 :]


def test_every_message_is_accepted_as_it_is() -> None:
    """The messages that are changed below are good ones."""
    mine = webhook()
    assert all(_accepted(mine, message) for message in _messages(random.Random(5)))


def test_no_flipped_bit_is_accepted() -> None:
    """Every single bit of time, signatures and body counts, in 200 messages."""
    mine, tried, accepted = webhook(), 0, list[Message]()
    for value, body in _messages(random.Random(5)):
        mutants = [(flipped, body) for flipped in _flipped(value)] + [(value, flipped) for flipped in _flipped(body)]
        tried += len(mutants)
        accepted += [mutant for mutant in mutants if _accepted(mine, mutant)]
    assert accepted == []
    assert tried > MESSAGES * 8 * 120


def _replace(text: bytes, _: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(text))
    return text[:place] + bytes([chance.randrange(256)]) + text[place + 1 :]


def _insert(text: bytes, _: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice([b",", b"=", b" ", b"0", b"\x00", b"\n", b",v1=", b",t=", b"a"]) + text[place:]


def _delete(text: bytes, _: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(text))
    return text[:place] + text[place + chance.randint(1, 8) :]


def _repeat(text: bytes, _: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
    return text[:end] + text[start:]


def _swap(text: bytes, _: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(text) - 1)
    return text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :]


def _splice(text: bytes, other: bytes, chance: random.Random) -> bytes:
    return text[: chance.randrange(len(text))] + other[chance.randrange(len(other)) :]


def _exchange(_text: bytes, other: bytes, _: random.Random) -> bytes:
    return other


def _noise(text: bytes, _: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(len(text))


Mutation = Callable[[bytes, bytes, random.Random], bytes]
MUTATIONS: list[Mutation] = [_replace, _insert, _delete, _repeat, _swap, _splice, _exchange, _noise]


def _fields(message: Message) -> set[bytes]:
    return set(message[0].split(b","))


def _mutant(message: Message, other: Message, chance: random.Random) -> Message:
    """*message* with up to three changes in header, body or both, some of them taken from *other*."""
    parts = list(message)
    for _ in range(chance.randint(1, 3)):
        part = chance.randrange(2)
        if len(parts[part]) > 1:
            parts[part] = chance.choice(MUTATIONS)(parts[part], other[part], chance)
    return parts[0], parts[1]


def test_no_mutant_is_accepted() -> None:
    """Of 100,000 random changes, alone and together, none makes a message of its own that passes."""
    chance, mine = random.Random(7), webhook()
    messages = _messages(chance)
    genuine = {message[1]: _fields(message) for message in messages}
    tried, accepted = 0, list[Message]()
    while tried < MUTANTS:
        message, other = chance.sample(messages, 2)
        mutant = _mutant(message, other, chance)
        if _fields(mutant) >= genuine.get(mutant[1], {b""}):
            continue  # nothing forged: the body under its own time and signature, with another signature beside it
        tried += 1
        if _accepted(mine, mutant):
            accepted.append(mutant)
    assert accepted == []


def test_a_forged_envelope_is_refused() -> None:
    """The body of one genuine message under the header of another is refused."""
    first, second = (
        _signed(json.dumps(envelope()).encode(), NOW),
        _signed(json.dumps(envelope(id="evt_2")).encode(), NOW),
    )
    assert not _accepted(webhook(), (first[0], second[1]))
