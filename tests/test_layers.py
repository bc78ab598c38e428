"""The layers of the package, read from its imports: who may import whom, and how long a piece of code may be."""

import ast
import graphlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

NAME = "skipup_async"
PACKAGE = Path(__file__).parents[1] / NAME

#: Low to high, a package standing for its modules. A module imports from lower lines and from its own package only.
LAYERS = (
    ("core.timing",),
    ("errors", "version"),
    (
        "core",
        "core.account",
        "core.bounds",
        "core.brief",
        "core.depth",
        "core.described",
        "core.lifetime",
        "core.readable",
        "core.statuses",
        "core.step",
        "core.table",
        "core.unset",
    ),
    ("core.body",),
    ("core.request", "core.address", "core.arguments", "core.headers", "core.record", "core.secret"),
    ("core.collected", "core.hook"),
    ("core.convert",),
    ("core.dialect", "core.retry", "core.reconcile"),
    ("core.gate", "core.line"),
    ("core.limiter", "core.window"),
    ("core.bucket",),
    ("core.limits",),
    ("core.answer", "core.configuration", "core.options", "core.reading"),
    ("core.observation",),
    ("core.call", "core.log"),
    ("core.watch",),
    ("core.connector",),
    ("core.transport",),
    ("core.observer", "core.read_back", "core.wire", "core.witness"),
    ("core.session",),
    ("core.blocking",),
    ("core.stepped", "core.trail"),
    ("core.pager",),
    ("core.resource",),
    ("core.streamed",),
    ("core.client",),
    ("otel", "redis", "signature"),
    ("skipup",),
    ("events",),
    ("webhooks",),
    ("fanout",),
    ("skipup.client", "thareja", "hiringcenter"),
    ("public",),
    ("emulator",),
    ("demo",),
    ("__main__", "pytest_plugin", "__init__"),
)
SERVICES = ("skipup", "thareja", "hiringcenter")

LONGEST_MODULE = 220
#: A sibling service stands in one file, models, endpoints and clients together.
LONGEST_SERVICE = 250
LONGEST_FUNCTION = 40


@attrs.frozen(repr=False)
class Module:
    """One file of the package: `core.session`, `core` for a package's own file, `__init__` for the top one."""

    name: str
    source: str
    #: The package it stands in, which relative imports start from.
    package: str = NAME

    def __repr__(self) -> str:
        return self.name

    @property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.source)

    @property
    def imports(self) -> set[str]:
        """The dotted names imported when this module runs, now or later; `a.b` for `from a import b`."""
        return set(_imported(self.tree, self.package))


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    match node:
        case ast.If(test=ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
            for unchecked in node.orelse:
                yield from _imported(unchecked, package)
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom():
            origin = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _imported(child, package)


def _read(path: Path) -> Module:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    return Module(name, path.read_text(encoding="utf-8"), ".".join((NAME, *parts[:-1])))


MODULES = {module.name: module for module in map(_read, sorted(PACKAGE.rglob("*.py")))}
every_module = pytest.mark.parametrize("module", MODULES.values(), ids=str)
every_core_module = pytest.mark.parametrize(
    "module", [MODULES[name] for name in MODULES if name.startswith("core")], ids=str
)


def _within(name: str, parent: str) -> bool:
    return f"{name}.".startswith(f"{parent}.")


def _ours(imports: set[str]) -> set[str]:
    """The modules of the package among *imports*, each by its own name."""
    found: set[str] = set()
    for dotted in imports:
        if _within(dotted, NAME):
            steps = dotted.split(".")[1:]
            paths = (".".join(steps[:length]) for length in range(len(steps), 0, -1))
            found.add(next((path for path in paths if path in MODULES), "__init__"))
    return found


def _place(name: str) -> tuple[int, str]:
    """The height of a module's layer, and the entry that puts it there; the most precise entry counts."""
    places = [(height, entry) for height, layer in enumerate(LAYERS) for entry in layer if _within(name, entry)]
    return max(places, key=lambda place: len(place[1]), default=(-1, ""))


def _height(node: ast.stmt | None) -> int:
    """How many lines *node* takes."""
    return 0 if node is None else (node.end_lineno or node.lineno) - node.lineno + 1


def _docstring(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt | None:
    return None if ast.get_docstring(node) is None else node.body[0]


def _importers(dotted: str) -> set[str]:
    return {module.name for module in MODULES.values() if any(_within(name, dotted) for name in module.imports)}


def _client_side(names: set[str]) -> set[str]:
    return {name for name in names if not _within(name, "emulator")}


def test_the_reader_sees_every_import_that_runs_and_none_that_does_not() -> None:
    """An import counts in a function, in a `try` and in its relative form, and not where only type checkers see it."""
    source = """
import one
from two import three
def later():
    from ..four.five import six
try:
    import seven.eight
except ImportError:
    pass
if TYPE_CHECKING:
    import nine
else:
    import ten
"""
    imports = Module("sample", source, package="zero.inner").imports
    assert imports == {"one", "two.three", "zero.four.five.six", "seven.eight", "ten"}


def test_an_import_is_known_by_its_module() -> None:
    """`from package.module import name` and `from package import module` both mean the module."""
    imports = {f"{NAME}.errors.SkipUpError", f"{NAME}.core.session", f"{NAME}.UNSET", "json.loads"}
    assert _ours(imports) == {"errors", "core.session", "__init__"}


@every_module
def test_every_module_has_its_layer(module: Module) -> None:
    """No module stands outside the layers: core and top-level files are listed one by one."""
    height, entry = _place(module.name)
    assert height >= 0, f"{module.name} stands in no layer: list it in LAYERS"
    assert entry != "core" or module.name == "core", f"{module.name} stands in no layer of core: list it in LAYERS"


@every_module
def test_a_module_imports_only_from_lower_layers(module: Module) -> None:
    """Nothing is imported from above, and nothing from beside outside one package."""
    height, entry = _place(module.name)
    reached = {name: _place(name) for name in _ours(module.imports)}
    wrong = sorted(name for name, (other, home) in reached.items() if not (other < height or home == entry))
    assert not wrong, f"{module.name} imports {', '.join(wrong)}, which is not below it"


def test_no_module_imports_itself_round_a_corner() -> None:
    """The imports form no cycle."""
    graph = {module.name: _ours(module.imports) for module in MODULES.values()}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_sibling(service: str) -> None:
    """SkipUp, Thareja and HiringCenter know nothing of each other."""
    inside = [module for module in MODULES.values() if _within(module.name, service)]
    reached = {name for module in inside for name in _ours(module.imports)}
    siblings = {name for name in reached for other in SERVICES if other != service and _within(name, other)}
    assert not siblings


@every_core_module
def test_core_names_no_service(module: Module) -> None:
    """No line of core holds a service's name; the package's own name and its root error aside."""
    text = re.sub(rf"{NAME}|SkipUpError", "", module.source)
    named = [line for line in text.splitlines() if re.search(r"skip_?up|thareja|hiring_?center", line, re.IGNORECASE)]
    assert not named


def test_aiohttp_is_imported_by_the_wire_alone_and_what_it_stands_on() -> None:
    """On the client's side only the wire, its transport and its connector import aiohttp."""
    assert _client_side(_importers("aiohttp") - {"__main__"}) == {"core.connector", "core.transport", "core.wire"}


def test_anyio_is_imported_by_one_file_alone() -> None:
    """On the client's side one file imports anyio."""
    assert _client_side(_importers("anyio")) == {"core.blocking"}


def test_only_the_emulator_and_the_command_line_serve() -> None:
    """No client imports aiohttp's server."""
    assert _client_side(_importers("aiohttp.web")) <= {"__main__"}


def test_only_the_command_line_and_the_pytest_plugin_know_the_emulator() -> None:
    """No user of the client loads the emulator."""
    assert _client_side(_importers(f"{NAME}.emulator")) <= {"__main__", "demo", "pytest_plugin"}


@every_module
def test_a_module_can_be_read_in_one_sitting(module: Module) -> None:
    """No module is above 220 lines, its docstring aside, or 250 where it is a whole service."""
    lines = module.source.count("\n") - _height(_docstring(module.tree))
    assert lines <= (LONGEST_SERVICE if module.name in SERVICES else LONGEST_MODULE)


@every_module
def test_a_function_fits_on_a_screen(module: Module) -> None:
    """No function is above 40 lines, its docstring aside."""
    functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [node.name for node in functions if _height(node) - _height(_docstring(node)) > LONGEST_FUNCTION]
    assert not long


@every_module
def test_no_type_error_is_waved_through(module: Module) -> None:
    """No comment in the package quiets a type checker."""
    waved = re.findall(r"#\s*(?:type|pyright|mypy):\s*ignore", module.source)
    assert not waved
