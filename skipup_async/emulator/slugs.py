"""The URL-safe form of a name: `NAA 2026` becomes `naa-2026` (support.skipup.ai/api/campaigns)."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Set

_LONGEST = 60


def slug(name: str) -> str:
    """The slug of *name*; a name without a letter or digit of ASCII has the slug `unnamed`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-") or "unnamed"


def free_slug(name: str, taken: Set[str]) -> str:
    """The slug of *name*, numbered if it is *taken*."""
    wanted = slug(name)
    if wanted not in taken:
        return wanted
    numbered = (f"{wanted}-{number}" for number in itertools.count(2))
    return next(candidate for candidate in numbered if candidate not in taken)
