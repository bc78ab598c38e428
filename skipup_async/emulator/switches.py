"""The single switches of a profile as the command line has them: `NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

import attrs

from skipup_async.emulator.profile import Profile

_ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "answers": "every field, or those of the examples",
        "unauthorized": "the body of a 401",
        "forbidden": "whether a 403 names the scope",
        "limit_out_of_range": "a limit outside 1-100",
        "idempotency_scope": "whose an Idempotency-Key is",
        "idempotency_routes": "which calls look at the key",
        "idempotency_other_body": "the same key with another body",
        "idempotency_in_flight": "the same key while the first call runs",
        "idempotency_keeps": "which answers are kept",
        "retry_after": "whether a 429 has Retry-After",
        "limit_headers": "other headers of the limit",
        "repeated": "a second deactivate or reactivate",
        "unknown_reference": "a team or campaign that is not there",
        "timeframe_update": "a timeframe of which one end is sent",
    }
)
_WORDS = MappingProxyType({"true": True, "false": False})


def switched(profile: Profile, switches: Iterable[str]) -> Profile:
    """*profile* with each of *switches*, the last of a name. Raise `ValueError` for one that is none."""
    return attrs.evolve(profile, **dict(map(_read, switches)))


def described() -> str:
    """Every switch on a line of its own: its values, the default first, and what it decides."""
    return "\n".join(f"  {name}={'|'.join(_values(name))}: {about}" for name, about in _ABOUT.items())


def _read(switch: str) -> tuple[str, Any]:
    name, sign, text = switch.partition("=")
    if not sign:
        raise ValueError(f"--switch takes NAME=VALUE, not {switch!r}")
    if name not in _ABOUT:
        raise ValueError(f"no switch is named {name!r}; there are {', '.join(_ABOUT)}")
    values = _values(name)
    if text not in values:
        raise ValueError(f"{name} is one of {', '.join(values)}, not {text!r}")
    return name, values[text]


def _values(name: str) -> Mapping[str, Any]:
    """What a switch can be set to, by how it is written."""
    values = get_args(get_type_hints(Profile)[name])
    return {str(value): value for value in values} or _WORDS
