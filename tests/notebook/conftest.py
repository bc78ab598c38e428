"""A kernel that all tests of this folder share, and one for a test alone."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skipup_async.emulator import Emulator

pytest.importorskip("ipykernel", reason="ipykernel is not installed")
pytest.importorskip("nbclient", reason="nbclient is not installed")

from tests.notebook.kernel import Kernel

SETUP = """
import asyncio, gc, threading
from skipup_async import *

def loops():
    gc.collect()
    return [thread for thread in threading.enumerate() if thread.name == "skipup_async"]
"""

MakeKernel = Callable[[], Kernel]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator that the kernel finds in its environment."""
    with Emulator() as running:
        yield running


@pytest.fixture(scope="module")
def make_kernel(emulator: Emulator) -> Iterator[MakeKernel]:
    """Makes kernels in which the package is imported; ends them."""
    kernels: list[Kernel] = []
    # A socket's path has a hundred characters, which pytest's own folders use up.
    with tempfile.TemporaryDirectory() as folder:

        def make() -> Kernel:
            own = Path(folder, str(len(kernels)))
            own.mkdir()
            environment = {"SKIPUP_API_KEY": emulator.api_key, "SKIPUP_BASE_URL": emulator.url}
            kernels.append(Kernel(own, environment))
            assert kernels[-1].run(SETUP).raised == ""
            return kernels[-1]

        yield make
        for kernel in kernels:
            kernel.close()


@pytest.fixture(scope="module")
def kernel(make_kernel: MakeKernel) -> Kernel:
    """A kernel that other tests use too: a cell relies on nothing but its own names."""
    return make_kernel()
