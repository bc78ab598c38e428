"""What `help()` tells of a method that is declared once and made for two colours."""

import inspect
import re
from collections.abc import Callable
from typing import Any

__all__ = ["OfInstances", "Shown", "described", "shown"]

_WIDEST = 88
_MODULES = re.compile(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])")
_COMMA = re.compile(r", (?=\*|\w+: )")


class Shown(inspect.Signature):
    """A signature to be read: names without their modules, and a line for each argument where it is long."""

    __slots__ = ()

    def __str__(self) -> str:
        plain = inspect.Signature([*self.parameters.values()], return_annotation=self.return_annotation)
        text = _MODULES.sub("", str(plain))
        if len(text) <= _WIDEST:
            return text
        arguments, end, returns = text[1:].rpartition(") -> ")
        lines = _COMMA.sub(",\n    ", arguments)
        return f"(\n    {lines},\n{end}{returns}"

    def format(self, **_options: Any) -> str:
        """The same for Pythons that ask for a width."""
        return str(self)


def shown(function: Callable[..., Any], returns: Any) -> Shown:
    """The signature of *function*, which returns *returns*."""
    declared = inspect.signature(function, eval_str=True)
    return Shown([*declared.parameters.values()], return_annotation=returns)


def described(call: Any, declared: Callable[..., Any], returns: Any) -> Any:
    """*call* with the name, signature and docstring of what was *declared*, so that `help()` tells the truth."""
    call.__signature__ = shown(declared, returns)
    call.__doc__ = declared.__doc__
    call.__name__ = declared.__name__
    call.__qualname__ = declared.__qualname__
    call.__module__ = declared.__module__
    return call


class OfInstances(property):
    """A property that the class itself has not: there `inspect` looks for the signature of the class."""

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            raise AttributeError
        return super().__get__(obj, owner)
