"""The public names: sorted, complete, there to be imported, and explained."""

import importlib.metadata
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import skipup_async
from skipup_async import errors

PUBLIC = [name for name in skipup_async.__all__ if not name.startswith("_")]
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def _explained(name: str, value: object) -> bool:
    """Whether *value* says itself what it is, without help from a parent class, or the README names it."""
    own = value.__doc__ if inspect.isroutine(value) else vars(value).get("__doc__") if inspect.isclass(value) else None
    return bool(own) or re.search(rf"\b{re.escape(name)}\b", README) is not None


def test_all_is_sorted_and_holds_no_name_twice() -> None:
    """`__all__` is in plain order."""
    assert skipup_async.__all__ == sorted(set(skipup_async.__all__))


@pytest.mark.parametrize("name", skipup_async.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    """Whatever `__all__` promises is there."""
    assert hasattr(skipup_async, name)


def test_every_name_of_the_package_is_in_all() -> None:
    """What a user can reach without an underscore is what `__all__` names; submodules aside."""
    reached = {name for name in dir(skipup_async) if not isinstance(getattr(skipup_async, name), ModuleType)}
    assert {name for name in reached if not name.startswith("_")} == set(PUBLIC)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """A misspelt name is told as Python tells it, and so is a module that nobody imported."""
    for name in ("SkipUpp", "skipupp", "_SkipUp", "__path_to_nowhere__"):
        with pytest.raises(AttributeError, match=name):
            getattr(skipup_async, name)


def test_the_package_alone_imports_no_client() -> None:
    """`import skipup_async` imports nothing that takes time; the first public name does."""
    program = "import skipup_async, sys; print('aiohttp' in sys.modules, skipup_async.SkipUp, 'aiohttp' in sys.modules)"
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split()[::3] == ["False", "True"]


def test_every_error_is_public() -> None:
    """Each class of the error tree can be caught by a name imported from the package."""
    raised = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.SkipUpError) and value.__module__ == errors.__name__
    }
    assert raised <= set(skipup_async.__all__)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_explained(name: str) -> None:
    """Every public name has a docstring of its own or stands in the README."""
    assert _explained(name, getattr(skipup_async, name))


def test_the_version_is_that_of_the_installed_package() -> None:
    """`__version__` and the metadata agree."""
    assert skipup_async.__version__ == importlib.metadata.version("skipup_async")
