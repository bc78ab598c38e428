"""Values in one short line, for `repr`: long ones are cut, times are as people write them."""

import reprlib
from collections.abc import Sequence
from datetime import datetime

__all__ = ["brief", "several"]

_MOST = 3


class _Brief(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = 100
        self.maxtuple = self.maxlist = self.maxdict = _MOST
        self.maxother = 160

    def repr_datetime(self, moment: datetime, _level: int) -> str:
        return moment.isoformat(" ")


#: The `repr` of a value, or as much of it as fits.
brief = _Brief().repr


def several(items: Sequence[object]) -> str:
    """The first three of *items*, and how many more there are."""
    more = [f"… {len(items) - _MOST:,} more"] if len(items) > _MOST else []
    return ", ".join([*map(brief, items[:_MOST]), *more])
