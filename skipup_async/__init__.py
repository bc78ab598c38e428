"""SkipUp schedules meetings by e-mail; this is its API, awaited (`AsyncSkipUp`) and blocking (`SkipUp`)."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skipup_async.public import *  # noqa: F403
    from skipup_async.public import __all__ as __all__
    from skipup_async.public import __version__ as __version__


def __getattr__(name: str) -> Any:
    """A public name, at its first use.

    aiohttp takes a quarter of a second to import, and who verifies a webhook,
    or has this package's pytest plugin installed, need not wait for it.
    """
    # What begins small is a module, perhaps, which the import system finds by itself.
    if not name[0].isupper() and name not in ("__all__", "__version__"):
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module("skipup_async.public"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    public: list[str] = __getattr__("__all__")
    return public
