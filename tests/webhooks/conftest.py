"""What the tests of webhooks share."""

import socket
from collections.abc import Generator

import pytest


@pytest.fixture
def silent_port() -> Generator[int]:
    """A port of this machine that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])
