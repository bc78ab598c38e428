"""HTML that cannot be broken out of: every string is text, and escaped, unless it was made here."""

from __future__ import annotations

import re
from html import escape

from skipup_async.core.readable import readable
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.keys import ending

_LONGEST = 200  # characters of somebody's text: what is longer would be cut on the screen anyway
_KEY = re.compile(r"(?<![A-Za-z0-9])(?:sk|whsec)_[A-Za-z0-9_-]{8,}")
_VOID = frozenset({"link", "meta"})
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


class Html(str):
    """Markup, which is put into other markup as it is."""

    __slots__ = ()


def element(tag: str, /, *content: str | None, **attributes: str | float | None) -> Html:
    """One element. Strings in *content* and *attributes* are escaped; an attribute of `None` is left out.

    A trailing underscore is for names that Python keeps to itself: `class_`. Other ones are hyphens.
    """
    given = [
        f' {key.rstrip("_").replace("_", "-")}="{text(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    ]
    opening = f"<{tag}{''.join(given)}>"
    return Html(opening) if tag in _VOID else Html(f"{opening}{joined(*content)}</{tag}>")


def joined(*content: str | None) -> Html:
    """Several pieces in a row."""
    return Html("".join(text(piece) for piece in content if piece is not None))


def text(content: str) -> Html:
    """*content* as markup: shortened, nothing in it invisible, no key of anybody, and escaped."""
    if isinstance(content, Html):
        return content
    hidden = _KEY.sub(lambda key: f"…{ending(key[0])}", content)
    return Html(escape(readable(hidden[:_LONGEST] + "…" if len(hidden) > _LONGEST else hidden)))


def span(seconds: float) -> str:
    """How long *seconds* are, in the largest unit and the next one."""
    at = next((at for at, (size, _) in enumerate(_UNITS) if seconds >= size), len(_UNITS) - 1)
    left, parts = int(seconds), list[str]()
    for size, unit in _UNITS[at : at + 2]:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number:,} {unit}")
    return " ".join(parts) or "0 s"


def distance(seconds: float) -> str:
    """How far off something is that was *seconds* ago, or will be where they are negative; in one unit."""
    size, unit = next(((size, unit) for size, unit in _UNITS if abs(seconds) >= size), (1, "s"))
    number = int(abs(seconds) / size)
    if not number:
        return "just now"
    return f"{number:,} {unit} ago" if seconds > 0 else f"in {number:,} {unit}"


def moment(at: float | None, now: float) -> Html:
    """A time as its distance from *now*, in seconds since 1970; the time itself shows when it is pointed at."""
    if at is None:
        return element("span", "—", class_="none")
    exact = to_text(at)
    return element("time", distance(now - at), datetime=exact, title=exact)
