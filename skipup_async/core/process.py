"""Which process this is: Python tells of every fork, and the system need not be asked at every call."""

import os

__all__ = ["process"]


class _Process:
    """The process that runs this."""

    def __init__(self) -> None:
        #: Its number.
        self.number = os.getpid()
        if hasattr(os, "register_at_fork"):  # where processes fork at all
            os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        self.number = os.getpid()


process = _Process()
