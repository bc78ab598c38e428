"""What is done to this package before it is believed; `nox -l` lists it, `nox` does the daily part."""

import os
import platform
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
# A Python this machine lacks is passed over, also where CI is set, and never downloaded.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
HERE = ".".join(platform.python_version_tuple()[:2])
EXTRAS = PROJECT["project"]["optional-dependencies"]
RUFF = next(tool for tool in EXTRAS["dev"] if tool.startswith("ruff"))

# All the code makes use of, at its newest; and the oldest of it, without `speed`, which has to change nothing.
NEWEST = ".[speed,redis,progress,notebook,test]"
OLDEST = [
    requirement.replace(">=", "==")
    for group in (PROJECT["project"]["dependencies"], *map(EXTRAS.get, ("redis", "progress", "notebook", "test")))
    for requirement in group
]

nox.options.sessions = ["lint", "typing", f"tests-{HERE}"]


@nox.session
def lint(session: nox.Session) -> None:
    """Hold the code to ruff's rules and format; `nox -s lint -- --fix` mends what it can."""
    session.install(RUFF)
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", *([] if session.posargs else ["--check", "--diff"]))


@nox.session
def typing(session: nox.Session) -> None:
    """Check every type twice, by mypy and by pyright, both strict."""
    session.install("-e", NEWEST, *EXTRAS["dev"])
    session.run("mypy")
    # The pyright inside the package, on the Node.js beside it, without asking the index for a newer one.
    bundled = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "PYRIGHT_PYTHON_FORCE_VERSION": None}
    session.run("pyright", "--warnings", env=bundled)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests with the newest dependencies, orjson among them."""
    session.install("-e", NEWEST)
    session.run("pytest", *session.posargs)


@nox.session(python=[PYTHONS[0], PYTHONS[-1]])
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest dependencies allowed, and without orjson."""
    session.install("-e", ".", *OLDEST)
    session.run("pytest", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which branches the tests take."""
    session.install("-e", NEWEST)
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
def cost(session: nox.Session) -> None:
    """Measure processor time, which the other sessions leave out: it is a fact on a quiet machine only."""
    session.install("-e", NEWEST)
    session.run("pytest", "-m", "cost", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist, and run the demo from the wheel alone, outside this folder."""
    session.install("build", "twine")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    (wheel,) = Path("dist").resolve().glob("*.whl")
    empty = Path(session.create_tmp()).resolve()
    python = str(empty / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    session.run("python", "-m", "venv", "--clear", str(empty / "venv"))
    with session.chdir(empty):
        session.run(python, "-m", "pip", "install", "--quiet", str(wheel), external=True)
        session.run(python, "-m", "skipup_async", "demo", external=True)


@nox.session
def mutation(session: nox.Session) -> None:
    """Break the decisions about retries in every small way, and see whether a test notices."""
    session.install("-e", NEWEST, *(tool for tool in EXTRAS["dev"] if tool.startswith("mutmut")))
    session.run("mutmut", "run", "--max-children", "2")
    session.run("mutmut", "results")
