"""What a pager collects: a list that a notebook shows as a table, and that becomes rows and a data frame."""

import importlib.util
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar, overload

from skipup_async.core.brief import several
from skipup_async.core.record import thawed
from skipup_async.core.table import columns, html_of_many
from skipup_async.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Collected", "require_pandas"]

T = TypeVar("T")

_TIMES = "datetime64[us, UTC]"


class Collected(list[T]):
    """Objects of the service in a list: the same as any list, shown as a table in a notebook."""

    def __init__(self, items: Iterable[T] = (), kind: type[T] | None = None) -> None:
        super().__init__(items)
        # So that an empty list knows its columns.
        self._kind = kind

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> "Collected[T]": ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> "T | Collected[T]":
        if isinstance(index, slice):
            return Collected(super().__getitem__(index), self._kind)
        return super().__getitem__(index)

    def __repr__(self) -> str:
        return f"[{several(self)}]"

    def _repr_html_(self) -> str:
        return html_of_many(self)

    def to_rows(self) -> list[dict[str, Any]]:
        """Each object as JSON-ready values under the API's names, unannounced fields included."""
        return [thawed(item) for item in self]

    def to_pandas(self) -> "pd.DataFrame":
        """A `pandas.DataFrame`: a row for each object, a column for each attribute, times as times in UTC.

        A nested attribute has its path as its name, such as ``timeframe.start``.
        Needs pandas, which the extra ``notebook`` brings.
        """
        require_pandas()
        import pandas as pd

        kinds = list[type](dict.fromkeys(map(type, self))) or [kind for kind in (self._kind,) if kind is not None]
        series = {
            column.name: pd.Series([column.read(item) for item in self], dtype=_TIMES if column.is_time else None)
            for column in columns(kinds)
        }
        return pd.DataFrame(series)


def require_pandas() -> None:
    """Raise ConfigurationError where pandas is not installed."""
    if importlib.util.find_spec("pandas") is None:
        msg = 'to_pandas() needs pandas: pip install "skipup_async[notebook]"'
        raise ConfigurationError(msg)
