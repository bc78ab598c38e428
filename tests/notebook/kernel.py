"""A real Jupyter kernel, driven as a notebook drives it: cells, the stop button, restart and shutdown."""

import contextlib
import os
import queue
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import attrs
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

__all__ = ["Kernel", "Result"]

_PATIENCE = 60.0


@attrs.frozen
class Result:
    """What a notebook shows below a cell."""

    #: What was printed, and what the last line is worth, as text.
    text: str
    #: The same last line as HTML, if it has that.
    html: str = ""
    #: What was written to the error stream.
    errors: str = ""
    #: The class of the exception that ended the cell, or "".
    raised: str = ""


class Kernel:
    """Runs cells. Its sockets are files below *folder*, so that it opens no port."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._log = (folder / "kernel.log").open("wb")
        self._manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "socket"))
        self._environment = {**os.environ, "PYTHONWARNINGS": "default", **environment}
        self._manager.start_kernel(env=self._environment, stdout=self._log, stderr=self._log)
        self._client = self._connected()

    def _connected(self) -> BlockingKernelClient:
        client: BlockingKernelClient = self._manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=_PATIENCE)
        # Who subscribes late misses the first words: ask until something is heard.
        for _ in range(round(_PATIENCE)):
            client.kernel_info()
            with contextlib.suppress(queue.Empty):
                client.get_iopub_msg(timeout=1)
                break
        return client

    def run(self, cell: str) -> Result:
        """Run *cell* to its end."""
        return self.finish(self.begin(cell))

    def begin(self, cell: str) -> str:
        """Have *cell* run, and give the name that `finish` knows it by."""
        name: str = self._client.execute(cell)
        return name

    def finish(self, name: str) -> Result:
        """Wait until the cell *name* is done."""
        shown = Result("")
        for kind, content in self._told(name):
            data: dict[str, str] = content.get("data", {})
            shown = attrs.evolve(
                shown,
                text=shown.text
                + data.get("text/plain", "")
                + (content["text"] if content.get("name") == "stdout" else ""),
                html=shown.html + data.get("text/html", ""),
                errors=shown.errors + (content["text"] if content.get("name") == "stderr" else ""),
                raised=content["ename"] if kind == "error" else shown.raised,
            )
        return shown

    def _told(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """What the kernel tells about the cell *name*, until it is idle again."""
        while True:
            message = self._client.get_iopub_msg(timeout=_PATIENCE)
            if message["parent_header"].get("msg_id") != name:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return
            yield message["msg_type"], message["content"]

    def interrupt(self, name: str) -> tuple[Result, float]:
        """Press the stop button while the cell *name* runs; what it shows, and after how many seconds."""
        begun = time.monotonic()
        self._manager.interrupt_kernel()
        return self.finish(name), time.monotonic() - begun

    def restart(self) -> None:
        """Restart, which forgets every variable."""
        self._client.stop_channels()
        self._manager.restart_kernel(env=self._environment, stdout=self._log, stderr=self._log)
        self._client = self._connected()

    def shut_down(self) -> tuple[int, str]:
        """Ask it to end, as closing a notebook does; its exit code, and all it ever said outside of cells."""
        provisioner = self._manager.provisioner
        assert isinstance(provisioner, LocalProvisioner)
        process: subprocess.Popen[bytes] = cast("Any", provisioner).process
        self._client.shutdown()
        return process.wait(timeout=_PATIENCE), Path(self._log.name).read_text(encoding="utf-8")

    def close(self) -> None:
        """End it, whatever it does."""
        with contextlib.suppress(queue.Empty):
            self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._log.close()
