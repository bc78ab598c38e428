"""How deep JSON may nest: what is kept of it is walked by recursion."""

from collections.abc import Iterable
from typing import Any

__all__ = ["DEEPEST", "is_deep"]

#: Levels beyond which an answer is refused.
DEEPEST = 200


def is_deep(value: Any) -> bool:
    """Whether *value*, decoded JSON, nests deeper than 200 levels."""
    level = _containers([value])
    for _ in range(DEEPEST):
        level = [child for node in level for child in _containers(node.values() if isinstance(node, dict) else node)]
        if not level:
            return False
    return True


def _containers(values: Iterable[Any]) -> list[dict[str, Any] | list[Any]]:
    return [value for value in values if isinstance(value, (dict, list))]
