"""The clients in a real Jupyter kernel, whose own event loop runs all the time."""

import pytest

from skipup_async.emulator import Emulator
from tests.notebook.conftest import MakeKernel
from tests.notebook.kernel import Kernel
from tests.waiting import until_threads

pytestmark = pytest.mark.kernel

CREATE = 'create(organizer_email="alice@example.com", participants=["carol@example.org"])'


def test_a_cell_needs_neither_with_nor_await(kernel: Kernel) -> None:
    """`SkipUp` works in a cell as it stands, while the kernel's loop runs in the same thread."""
    shown = kernel.run("""
skipup = SkipUp()
asyncio.get_running_loop()
len(skipup.workspace_members.list().collect())
""")
    assert (shown.raised, shown.text, shown.errors) == ("", "2", "")


def test_an_async_client_is_awaited_at_top_level(kernel: Kernel) -> None:
    """`AsyncSkipUp` works beside it in the same notebook, one loop with the cells."""
    shown = kernel.run("""
client = AsyncSkipUp()
names = [member.name async for member in client.workspace_members.list()]
print(names == [member.name for member in SkipUp().workspace_members.list()])
""")
    assert (shown.raised, shown.text) == ("", "True\n")
    assert kernel.run("len(await client.workspace_members.list().collect())").text == "2"
    assert kernel.run("await client.aclose()").raised == ""


def test_a_fan_of_awaited_calls_runs_in_a_cell(kernel: Kernel) -> None:
    """`asyncio.gather` over an `AsyncSkipUp` is a cell like any other."""
    shown = kernel.run("""
async with AsyncSkipUp(limiter=Unlimited()) as client:
    pages = await asyncio.gather(*(client.workspace_members.list().first_page() for _ in range(20)))
sum(len(page.items) for page in pages)
""")
    assert (shown.raised, shown.text) == ("", "40")


def test_the_cell_that_made_the_client_can_be_run_again(kernel: Kernel, emulator: Emulator) -> None:
    """The old client goes without a word, its thread with it, and the limit is the one there was."""
    key = emulator.add_key()
    before = len(kernel.run("loops()").text.split("Thread(")) - 1
    cell = f"again = SkipUp({key!r}); again.workspace_members.list().first_page(); print(again.rate_limit.available)"
    available = [kernel.run(cell) for _ in range(4)]
    assert [shown.text for shown in available] == ["119\n", "118\n", "117\n", "116\n"]
    assert "".join(shown.errors for shown in available) == ""
    assert kernel.run(f"len(loops()) - {before}").text == "1"


def test_several_threads_of_a_cell_share_a_client(kernel: Kernel) -> None:
    """Threads that a cell starts call at the same time, and each gets its own answer."""
    shown = kernel.run(f"""
from concurrent.futures import ThreadPoolExecutor
skipup = SkipUp(limiter=Unlimited())
made = [skipup.meeting_requests.{CREATE}.id for _ in range(8)]
with ThreadPoolExecutor(8) as pool:
    print([request.id for request in pool.map(skipup.meeting_requests.get, made * 4)] == made * 4)
""")
    assert (shown.raised, shown.text) == ("", "True\n")


def test_a_cell_can_be_stopped_and_the_next_one_works(kernel: Kernel, emulator: Emulator) -> None:
    """The stop button ends a blocked call within a second, and the client answers the next cell."""
    assert kernel.run("skipup = SkipUp(limiter=Unlimited()); skipup.teams.list().collect()").raised == ""
    fault = emulator.fail(on="GET /workspace_members", hold=True)
    name = kernel.begin("skipup.workspace_members.list().collect()")
    until_threads(lambda: fault.hits == 1)
    shown, seconds = kernel.interrupt(name)
    assert shown.raised == "KeyboardInterrupt"
    assert seconds < 1.0
    assert kernel.run("len(skipup.workspace_members.list().collect())").text == "2"


def test_a_stopped_cell_leaves_nothing_behind(kernel: Kernel, emulator: Emulator) -> None:
    """The call that was stopped is cancelled: it is not sent again, and nothing waits for it."""
    fault = emulator.fail(on="POST /meeting_requests", hold=True)
    name = kernel.begin(f"stopped = SkipUp(); stopped.meeting_requests.{CREATE}")
    until_threads(lambda: fault.hits == 1)
    kernel.interrupt(name)
    before = emulator.request_count
    shown = kernel.run("stopped.workspace_members.list().first_page(); print(stopped.rate_limit.waiting)")
    assert shown.text == "0\n"
    assert emulator.request_count == before + 1


def test_an_awaited_call_can_be_given_up_and_the_next_one_works(kernel: Kernel, emulator: Emulator) -> None:
    """A call that a cell's own time-out cancels leaves the client as it was."""
    emulator.fail(on="GET /workspace_members", hold=True)
    shown = kernel.run("""
async with AsyncSkipUp(limiter=Unlimited()) as client:
    try:
        async with asyncio.timeout(0.1):
            await client.workspace_members.list().collect()
    except TimeoutError:
        print(len(await client.workspace_members.list().collect()))
""")
    assert (shown.raised, shown.text) == ("", "2\n")


def test_a_result_is_a_table_and_a_text(kernel: Kernel) -> None:
    """The last line of a cell is shown as a table, and as a short text where there are no tables."""
    shown = kernel.run("SkipUp().workspace_members.list().collect()")
    assert shown.html.count("<tr>") == 3
    assert shown.text.startswith("[WorkspaceMember(id='mem_")


def test_help_tells_what_a_method_takes(kernel: Kernel) -> None:
    """`?` and `help()` show the arguments, the result of this colour, and what it does."""
    shown = kernel.run("help(SkipUp().meeting_requests.cancel)").text
    assert "notify: bool" in shown
    assert "-> MeetingRequest method of" in shown


def test_a_restart_forgets_the_client_without_a_word(make_kernel: MakeKernel) -> None:
    """After a restart the same cells work again; the kernel that went said nothing."""
    kernel = make_kernel()
    cell = "from skipup_async import SkipUp\nskipup = SkipUp()\nlen(skipup.workspace_members.list().collect())"
    assert kernel.run(cell).text == "2"
    kernel.restart()
    assert kernel.run(cell).text == "2"
    assert kernel.shut_down() == (0, "")


CLOSED = """
with SkipUp() as skipup:
    skipup.workspace_members.list().collect()
skipup = SkipUp()
skipup.workspace_members.list().collect()
skipup.close()
async with AsyncSkipUp() as client:
    await client.workspace_members.list().collect()
"""
LEFT_OPEN = """
skipup = SkipUp()
skipup.workspace_members.list().collect()
pages = skipup.workspace_members.list(limit=1).pages()
next(pages)
never_used = SkipUp(), AsyncSkipUp()
"""


@pytest.mark.parametrize("cell", [CLOSED, LEFT_OPEN], ids=["closed", "left open"])
def test_a_kernel_shuts_down_in_silence(cell: str, make_kernel: MakeKernel) -> None:
    """No warning and no hang when the notebook is closed, however the clients were left."""
    kernel = make_kernel()
    assert kernel.run(cell).raised == ""
    assert kernel.shut_down() == (0, "")


def test_a_kernel_shuts_down_while_a_thread_waits(make_kernel: MakeKernel, emulator: Emulator) -> None:
    """A call in a thread that will never be answered does not keep the kernel."""
    kernel = make_kernel()
    fault = emulator.fail(on="GET /campaigns", hold=True)
    kernel.run("skipup = SkipUp(); threading.Thread(target=skipup.campaigns.list().collect, daemon=True).start()")
    until_threads(lambda: fault.hits == 1)
    code, _ = kernel.shut_down()
    assert code == 0
    fault.release()
