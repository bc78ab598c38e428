"""The API key, held so that it shows nowhere but on the wire."""

import hashlib
from typing import NoReturn

from skipup_async.errors import ConfigurationError

__all__ = ["ApiKey"]

_LONGEST_KEY = 4096


class ApiKey:
    """An API key that neither prints nor pickles.

    Raises ConfigurationError, which names *source* and not the value, for a key
    that cannot be one: not text, empty, blanks in it or around it, or anything
    but visible ASCII (a trailing newline would become a second header).
    """

    __slots__ = ("_value",)

    def __init__(self, value: object, source: str = "api_key") -> None:
        if not isinstance(value, str):
            msg = f"{source} must be a str, not {type(value).__name__}"
            raise ConfigurationError(msg)
        if not value or len(value) > _LONGEST_KEY or not all("!" <= c <= "~" for c in value):
            msg = f"{source} must be visible ASCII without blanks; look for a stray space, quote or newline"
            raise ConfigurationError(msg)
        self._value = value

    def __repr__(self) -> str:
        return "ApiKey(…)"

    def __reduce__(self) -> NoReturn:
        msg = "an API key is not pickled: make a client in each process instead"
        raise TypeError(msg)

    @property
    def authorization(self) -> str:
        """The value of the Authorization header."""
        return f"Bearer {self._value}"

    @property
    def digest(self) -> str:
        """A hash that tells keys apart and reveals none."""
        return hashlib.sha256(self._value.encode()).hexdigest()

    def startswith(self, prefix: str) -> bool:
        """Whether the key begins with *prefix*, as live keys do."""
        return self._value.startswith(prefix)
