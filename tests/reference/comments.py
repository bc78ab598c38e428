"""What `#:` comments say of attributes, read from the source: `help()` and pdoc see docstrings alone."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import takewhile
from types import ModuleType

__all__ = ["comments"]

_MARK = "#:"


@cache
def comments(owner: type | ModuleType) -> dict[str, str]:
    """The comment above each attribute that *owner* itself assigns, by the attribute's name, where there is one."""
    try:
        source = textwrap.dedent(inspect.getsource(owner))
    except (OSError, TypeError):
        return {}
    tree = ast.parse(source)
    [definition] = tree.body if isinstance(owner, type) else [tree]
    lines = source.splitlines()
    found = {name.removeprefix("self."): _above(lines, line) for name, line in _assigned(definition)}
    return {name: text for name, text in found.items() if text}


def _assigned(definition: ast.AST) -> Iterator[tuple[str, int]]:
    """Each name assigned in *definition*, and each attribute of `self` in its `__init__`, with its line."""
    for statement in ast.iter_child_nodes(definition):
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            yield from ((name, line) for name, line in _targets(statement.body) if name.startswith("self."))
    yield from _targets(ast.iter_child_nodes(definition))


def _targets(statements: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """What is assigned to, as written, with its line."""
    for statement in statements:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                yield from ((name.strip(" ()"), statement.lineno) for name in ast.unparse(target).split(","))


def _above(lines: list[str], line: int) -> str:
    before = map(str.strip, reversed(lines[: line - 1]))
    marked = list(takewhile(lambda text: text.startswith(_MARK), before))
    return " ".join(text.removeprefix(_MARK).strip() for text in reversed(marked))
