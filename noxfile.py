"""What is done to this package before it is believed; `nox -l` lists it, `nox` does the daily part."""

import hashlib
import os
import platform
import re
import shutil
import tarfile
import tempfile
import zipfile
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
#: What the work on this package is done with, by name, at the version pyproject.toml has for it.
TOOLS = {re.split(r"[^\w-]", tool)[0]: tool for tool in EXTRAS["dev"]}

# All the code makes use of, at its newest; and the oldest of it, without `speed`, which has to change nothing.
NEWEST = ".[speed,redis,progress,notebook,otel,test]"
OLDEST = [
    requirement.replace(">=", "==")
    for group in (
        PROJECT["project"]["dependencies"],
        *map(EXTRAS.get, ("redis", "progress", "notebook", "otel", "test")),
    )
    for requirement in group
]

# The pyright inside its package, on the Node.js beside it, without asking the index for a newer one.
BUNDLED = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "PYRIGHT_PYTHON_FORCE_VERSION": None}

nox.options.sessions = ["lint", "typing", f"tests-{HERE}"]


@nox.session
def lint(session: nox.Session) -> None:
    """Hold the code to ruff's rules, the workflows to zizmor's; `nox -s lint -- --fix` mends what it can."""
    session.install(TOOLS["ruff"], TOOLS["zizmor"])
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", *([] if session.posargs else ["--check", "--diff"]))
    if Path(".github").is_dir():  # an sdist has none
        session.run("zizmor", "--offline", "--quiet", ".github")


@nox.session
def typing(session: nox.Session) -> None:
    """Check every type twice, by mypy and by pyright, both strict."""
    session.install("-e", NEWEST, *EXTRAS["dev"])
    session.run("mypy")
    session.run("pyright", "--warnings", env=BUNDLED)


CHECKERS = {
    "mypy": ["mypy", "--strict"],
    "pyright": ["pyright"],
    "ty": ["ty", "check", "--output-format=concise"],
    "pyrefly": ["pyrefly", "check", "--preset=default", "--output-format=min-text"],
}


@nox.session
@nox.parametrize("checker", list(CHECKERS))
def typing_api(session: nox.Session, checker: str) -> None:
    """See the installed package as a user's checker does: it finds each deliberate mistake, and nothing else."""
    session.install(".", TOOLS[checker])
    lines = Path("tests/typing/api.py").read_text(encoding="utf-8").splitlines()
    marked = {number: line for number, line in enumerate(lines, 1) if "# type: ignore[" in line}
    if checker == "ty":  # has no rule about a call that nobody awaits
        marked = {number: line for number, line in marked.items() if "[unused-coroutine]" not in line}
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):
        Path("api.py").write_text("\n".join(line.partition("  # type: ignore[")[0] for line in lines), "utf-8")
        said = session.run(*CHECKERS[checker], "api.py", silent=True, success_codes=[1], env=BUNDLED) or ""
    found = {int(number) for number in re.findall(r"api\.py:(\d+):", str(said))}
    if found != marked.keys():
        session.error(f"{said}\n{checker}: lines {sorted(found ^ marked.keys())} are not as they should be")
    session.log(f"{checker} found all {len(found)} mistakes, and nothing else")


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
def bench(session: nox.Session) -> None:
    """Measure what this package costs beside its peers, on a quiet machine; `nox -s bench -- decode` is one suite."""
    # Else niquests overwrites the urllib3 that requests stands on with its own fork of it.
    apart = {"URLLIB3_NO_OVERRIDE": "1"}
    session.install("-e", ".[speed,bench]", "--no-binary", "urllib3-future", env=apart)
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist twice, to the same bytes; run the demo and the README's test from the wheel alone."""
    session.install(TOOLS["build"], TOOLS["twine"], *PROJECT["build-system"]["requires"])
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--sdist", "--wheel")
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    (wheel,), (sdist,) = Path("dist").resolve().glob("*.whl"), Path("dist").resolve().glob("*.tar.gz")
    check_contents(session, wheel)
    section = Path("README.md").read_text(encoding="utf-8").partition("\n## Testing with the emulator\n")[2]
    module = section.partition("```python\n")[2].partition("```\n")[0]
    empty = Path(session.create_tmp()).resolve()
    build_again(session, sdist, empty / "again")
    python = str(empty / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    session.run("python", "-m", "venv", "--clear", str(empty / "venv"))
    with session.chdir(empty):
        session.run(python, "-m", "pip", "install", "--quiet", str(wheel), external=True)
        session.run(python, "-m", "skipup_async", "demo", external=True)
        Path("pytest.ini").write_text("[pytest]\n", encoding="utf-8")  # not the settings of this project, further up
        Path("test_readme.py").write_text(module, encoding="utf-8")
        session.run(python, "-m", "pip", "install", "--quiet", "pytest", external=True)
        session.run(python, "-m", "pytest", "-W", "error", "test_readme.py", external=True)


#: The kinds of files that make up the package.
SHIPPED = {".css", ".json", ".py", ".typed"}


def check_contents(session: nox.Session, wheel: Path) -> None:
    """Fail unless *wheel* holds this folder's package, and nothing else but the metadata."""
    files = {path.as_posix() for path in Path("skipup_async").rglob("*") if path.suffix in SHIPPED}
    metadata = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    info = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
    held = set(zipfile.ZipFile(wheel).namelist())
    if strange := held ^ (files | {f"{info}/{name}" for name in metadata}):
        session.error(f"in the wheel and no part of the package, or the other way round: {sorted(strange)}")


def build_again(session: nox.Session, sdist: Path, folder: Path) -> None:
    """Fail unless *sdist*, unpacked elsewhere, today, for its owner's eyes alone, makes the same two files again."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        path.touch()
    (source,) = folder.iterdir()
    umask = os.umask(0o077)
    try:
        with session.chdir(source):
            session.run("python", "-m", "build", "--no-isolation", "--outdir", str(folder), silent=True)
    finally:
        os.umask(umask)
    for file in sorted(sdist.parent.iterdir()):
        digests = [hashlib.sha256(each.read_bytes()).hexdigest() for each in (file, folder / file.name)]
        if digests[0] != digests[1]:
            session.error(f"{file.name} is not the same when it is built again")
        session.log(f"sha256 {digests[0]}  {file.name}")


@nox.session
def docs(session: nox.Session) -> None:
    """Write the API reference to build/reference; a public name without a word of explanation fails."""
    session.install("-e", NEWEST, TOOLS["pdoc"])
    session.run("python", "-m", "tests.reference", "build/reference")


@nox.session
def conformance(session: nox.Session) -> None:
    """Hold the emulator to its OpenAPI document with 20,000 cases of schemathesis and more; some minutes."""
    session.install("-e", ".", TOOLS["schemathesis"])
    session.run("python", "-m", "tests.conformance", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Break the decisions about retries in every small way, and see whether a test notices."""
    session.install("-e", NEWEST, TOOLS["mutmut"])
    session.run("mutmut", "run", "--max-children", "2")
    session.run("mutmut", "results")
