"""What must hold after every call, whatever went wrong: the documented error, and nothing of the key."""

import copy
import pickle
import traceback

import skipup_async
from skipup_async import SkipUpError

__all__ = ["assert_documented", "assert_secret", "everything_shown"]


def assert_documented(error: BaseException) -> None:
    """The error is of a public class, short, and the same after a trip to another process."""
    assert type(error) is getattr(skipup_async, type(error).__name__, None), f"{type(error)} is not documented"
    assert isinstance(error, SkipUpError)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert len(repr(error)) <= 1024
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert (type(twin), str(twin), twin.args, vars(twin)) == (type(error), str(error), error.args, vars(error))


def everything_shown(error: BaseException) -> str:
    """All that a log, a debugger or a crash reporter can show of an error, local variables among it."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "\n".join(
        (str(error), repr(error), repr(error.args), repr(vars(error)), repr(pickle.dumps(error)), *shown.format())
    )


def assert_secret(key: str, error: BaseException) -> None:
    """The key shows nowhere, and no frame of the HTTP library is left that could show it."""
    text = everything_shown(error)
    assert key not in text
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    assert not [file for file in frames if "/aiohttp/" in file]
