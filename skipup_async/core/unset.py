"""UNSET: an argument left out, where None would be sent as null."""

import enum
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["UNSET", "Unset", "given"]


class Unset(enum.Enum):
    """The type of `UNSET`; an enum with one member narrows under every type checker."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


#: An argument left out: nothing is sent for it. None is something else: it is sent as null.
UNSET: Final = Unset.UNSET


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """*values* without those left out."""
    return {name: value for name, value in values.items() if value is not UNSET}
