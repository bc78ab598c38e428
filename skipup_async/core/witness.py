"""A witness sees the calls made on behalf of one piece of work, wherever in its code they are made."""

from contextvars import ContextVar
from typing import Protocol

from skipup_async.core.call import Call

__all__ = ["Witness", "witness"]


class Witness(Protocol):
    """Sees each call before its first send, and after its end."""

    async def before(self, call: Call) -> None:
        """*call* is about to go out; what is raised here ends it unsent."""
        ...

    def after(self, call: Call) -> None:
        """*call* has ended, one way or the other."""
        ...


#: The witness of the work at hand. It follows the work into tasks and threads, as context does.
witness: ContextVar[Witness | None] = ContextVar("witness", default=None)
