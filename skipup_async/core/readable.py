"""Text from a server, made fit to be read."""

__all__ = ["readable"]

_LONGEST_TEXT = 500


def readable(text: str) -> str:
    """*text* from a server, fit for one line of a log: control characters escaped, cut at 500 characters."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:_LONGEST_TEXT])
    return line if len(line) <= _LONGEST_TEXT and len(text) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"
