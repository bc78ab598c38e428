"""Ids shaped as SkipUp's: a prefix and 26 characters that sort by creation, as a ULID does."""

from __future__ import annotations

import secrets
import threading

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_RANDOM_BITS = 80
_LENGTH = 26


class Identifiers:
    """Makes ids. Two of the same millisecond in a row are one apart, so order and uniqueness hold there too."""

    def __init__(self) -> None:
        self._latest = 0
        self._last_made = 0
        self._lock = threading.Lock()

    def make(self, prefix: str, at: float) -> str:
        """A new id such as `mr_01HQ…` for something created at *at*, in seconds since 1970."""
        number = int(at * 1000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS - 1)
        with self._lock:
            # Something seeded into the past gets an id of the past and leaves the order of the present alone.
            for other in (self._last_made, self._latest):
                if other >> _RANDOM_BITS == number >> _RANDOM_BITS:
                    number = other + 1
                    break
            self._last_made, self._latest = number, max(self._latest, number)
        return f"{prefix}_{_encode(number)}"


def _encode(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
