"""The pytest plugin, in test runs of its own: with every runner of awaited tests, and with none."""

import re
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

README = Path(__file__).parent.parent / "README.md"

#: Awaited use as anybody would write it; `{mark}` is what the runner wants.
AWAITED = """
import asyncio
import pytest

PEOPLE = ["carol@example.org"]

{mark}
async def test_a_call(async_skipup, skipup_emulator):
    request = await async_skipup.meeting_requests.create(organizer_email="alice@example.com", participants=PEOPLE)
    skipup_emulator.book(request.id)
    assert (await async_skipup.meeting_requests.get(request.id)).status == "booked"
    assert len(skipup_emulator.requests) == 2

{mark}
async def test_another_call_finds_nothing_of_the_first(async_skipup, skipup_emulator):
    assert await async_skipup.meeting_requests.list().collect() == []
    assert len(skipup_emulator.requests) == 1

{mark}
async def test_never_called(async_skipup):
    pass

{mark}
async def test_closed_by_the_test(async_skipup):
    async with async_skipup:
        await async_skipup.workspace_members.list().collect()

{mark}
async def test_both_colours(async_skipup, skipup):
    awaited = await async_skipup.workspace_members.list().collect()
    assert awaited == await asyncio.to_thread(lambda: skipup.workspace_members.list().collect())
"""

#: Loops that outlive the fixture, and one that does not.
LOOPS = """
import asyncio
import threading
import pytest

async def members(skipup):
    assert len(await skipup.workspace_members.list().collect()) == 2

@pytest.mark.asyncio(loop_scope="class")
class TestOneLoop:
    async def test_first(self, async_skipup):
        await members(async_skipup)

    async def test_second(self, async_skipup):
        await members(async_skipup)

@pytest.mark.asyncio(loop_scope="session")
async def test_the_loop_of_the_session(async_skipup):
    await members(async_skipup)

def test_a_loop_of_the_tests_own(async_skipup):
    asyncio.run(members(async_skipup))

@pytest.fixture
def elsewhere():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()

def test_a_loop_in_another_thread(elsewhere, async_skipup):
    asyncio.run_coroutine_threadsafe(members(async_skipup), elsewhere).result()
"""

ASYNCIO_INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\nasyncio_mode = {mode}\n"


Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest with ours and the *plugins* named, and no others, unless *ours* is false.

    In development mode and with warnings as errors, those about what is left open among them.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONDEVMODE", "1")

    def run(*plugins: str, ours: bool = True, options: Sequence[str] = ()) -> pytest.RunResult:
        # Ours by the name of its entry point.
        named = (option for plugin in (*plugins, *["skipup_async"] * ours) for option in ("-p", plugin))
        return pytester.runpytest_subprocess("-W", "error", *named, *options)

    return run


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_it_works_with_pytest_asyncio(run: Run, pytester: pytest.Pytester, mode: str) -> None:
    """In either mode, with loops of every scope, and without a warning."""
    pytester.makeini(ASYNCIO_INI.format(mode=mode))
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    pytester.makepyfile(test_calls=AWAITED.format(mark=mark), test_loops=LOOPS)
    run("pytest_asyncio.plugin").assert_outcomes(passed=10)


def test_it_works_with_anyio(run: Run, pytester: pytest.Pytester) -> None:
    """Also where a fixture keeps one loop for the module; under trio, if that is there, a test is skipped and why."""
    kept = """
        import pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture(scope="module", params=["asyncio", "trio"])
        def anyio_backend(request):
            if request.param == "trio":
                pytest.importorskip("trio")
            return request.param

        @pytest.fixture(scope="module")
        async def resource(anyio_backend):
            yield anyio_backend

        async def test_first(resource, async_skipup):
            assert len(await async_skipup.workspace_members.list().collect()) == 2
            assert resource == "asyncio"

        async def test_second(resource, async_skipup):
            assert len(await async_skipup.workspace_members.list().collect()) == 2
    """
    on_asyncio = '@pytest.mark.anyio\n@pytest.mark.parametrize("anyio_backend", ["asyncio"])'
    pytester.makepyfile(test_calls=AWAITED.format(mark=on_asyncio), test_kept=textwrap.dedent(kept))
    result = run("anyio.pytest_plugin", options=["-rs"])
    result.assert_outcomes(passed=7, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED*trio*"])


def test_without_a_runner_of_awaited_tests_the_rest_works(run: Run, pytester: pytest.Pytester) -> None:
    """A blocking test passes, `asyncio.run` does, and a test that nobody awaits fails and says what it needs."""
    pytester.makepyfile("""
        import asyncio

        def test_blocking(skipup, skipup_emulator):
            assert len(skipup.workspace_members.list().collect()) == 2
            assert skipup.estimate(1000) == 0.0

        def test_a_loop_of_its_own(async_skipup):
            async def members():
                return await async_skipup.workspace_members.list().collect()
            assert len(asyncio.run(members())) == 2

        async def test_awaited(async_skipup):
            raise NotImplementedError

        async def test_of_somebody_else():
            raise NotImplementedError
    """)
    result = run()
    result.assert_outcomes(passed=2, failed=2)
    hints = [line for line in result.outlines if "mark this test with @pytest.mark.anyio" in line]
    assert len(hints) == 1


def test_it_is_configured_by_a_fixture_and_shared_by_another(run: Run, pytester: pytest.Pytester) -> None:
    """By `skipup_emulator_options`, and by a `skipup_emulator` of a wider scope; in the processes of xdist as well."""
    pytester.makepyfile(
        test_options="""
            import pytest
            from skipup_async import PermissionDeniedError
            from skipup_async.emulator import RateLimit

            @pytest.fixture
            def skipup_emulator_options():
                return {"scopes": ["teams.read"]}

            def test_the_key_may_do_little(skipup):
                with pytest.raises(PermissionDeniedError):
                    skipup.workspace_members.list().collect()
        """,
        test_shared="""
            import pytest
            from skipup_async.emulator import Emulator

            @pytest.fixture(scope="class")
            def skipup_emulator():
                with Emulator() as emulator:
                    yield emulator

            class TestOneEmulator:
                def test_creates(self, skipup):
                    skipup.meeting_requests.create(organizer_email="bob@example.com", participants=["c@example.org"])

                def test_finds(self, skipup):
                    assert [r.organizer_email for r in skipup.meeting_requests.list()] == ["bob@example.com"]

            class TestAnother:
                def test_finds_nothing(self, skipup):
                    assert skipup.meeting_requests.list().collect() == []
        """,
    )
    result = run("xdist.plugin", options=["-n", "2", "--dist", "loadscope"])
    result.assert_outcomes(passed=4)


def test_a_failure_is_readable_and_tells_no_key(run: Run, pytester: pytest.Pytester) -> None:
    """The error stands in the report in its own words, and the key is nowhere, with all local variables shown."""
    pytester.makepyfile("""
        import pathlib

        def test_it(skipup, async_skipup, skipup_emulator):
            pathlib.Path("key").write_text(skipup_emulator.api_key)
            skipup.meeting_requests.get("mr_1")
    """)
    result = run(options=["--showlocals"])
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"skipup_emulator = <Emulator at http://127\.0\.0\.1:\d+/api/v1>",
            r"E +skipup_async\.errors\.NotFoundError: .*mr_1",
        ]
    )
    assert (pytester.path / "key").read_text() not in result.stdout.str() + result.stderr.str()


def test_unused_it_is_silent_and_loads_nothing(run: Run, pytester: pytest.Pytester) -> None:
    """The output is what it is without the plugin, and of the package nothing else is imported."""
    pytester.makepyfile("""
        import sys

        def test_unconcerned(request):
            known = request.config.pluginmanager.has_plugin("skipup_async")
            loaded = {name for name in sys.modules if name.startswith(("skipup_async", "aiohttp", "anyio"))}
            assert loaded == ({"skipup_async", "skipup_async.pytest_plugin"} if known else set())
    """)
    results = [run(options=["-q"]), run(ours=False, options=["-q"])]
    # Left out: how long it took, and that pytest 9.0 on Python 3.13 complains of itself, with all its options.
    changing = re.compile(r"in \d+\.\d+s|\S*argparse\.py:\d+: UserWarning: .*\n  warn\(.*\n?")
    said = [changing.sub("", result.stdout.str() + result.stderr.str()) for result in results]
    assert said[0] == said[1]
    assert "1 passed" in said[0]


def test_the_readmes_test_module_passes(run: Run, pytester: pytest.Pytester) -> None:
    """The first program under "Testing with the emulator", pasted into a file, with pytest and this package alone."""
    section = README.read_text(encoding="utf-8").partition("\n## Testing with the emulator\n")[2].partition("\n## ")[0]
    module = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[0]
    pytester.makepyfile(test_meetings=module)
    result = run("anyio.pytest_plugin", options=["-k", "not trio"])
    assert result.parseoutcomes()["passed"] == module.count("def test_")
    assert result.ret == 0
