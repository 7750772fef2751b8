"""The embedded server: private, quick, and gone with the program."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.store import EmbeddedServerError, embedded, open_embedded_server


def _socket_of(url: str) -> Path:
    return Path(url.removeprefix("unix://"))


async def test_answers_within_a_second_and_leaves_nothing_behind() -> None:
    """The server is there at once, keeps no file, and takes its directory with it."""
    begun = time.perf_counter()
    async with open_embedded_server() as url:
        assert time.perf_counter() - begun < 1
        directory = _socket_of(url).parent
        client = Redis.from_url(url)
        assert await client.set("key", "value")
        await client.aclose()
        assert {entry.name for entry in directory.iterdir()} <= {"socket", "log"}
    assert not directory.exists()


async def test_no_other_user_can_reach_it() -> None:
    """The directory and the socket are the owner's alone, and no port is open."""
    async with open_embedded_server() as url:
        path = _socket_of(url)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        client = Redis.from_url(url)
        assert (await client.config_get("port"))["port"] == "0"
        await client.aclose()


async def test_its_memory_is_bounded() -> None:
    """What has an expiry makes room, what is kept for good stays."""
    async with open_embedded_server(memory="8mb") as url:
        client = Redis.from_url(url)
        await client.set("for-good", "kept")
        for number in range(200):
            await client.set(f"result-{number}", b"x" * 100_000, ex=60)
        assert await client.get("for-good") == b"kept"
        assert await client.dbsize() < 100
        await client.aclose()


def test_is_gone_when_the_program_is_killed() -> None:
    """SIGKILL leaves no time to clean up: the guard ends server and directory."""
    program = (
        "import asyncio\n"
        "from bot.store import open_embedded_server\n"
        "async def main():\n"
        "    async with open_embedded_server() as url:\n"
        "        print(url, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        path = _socket_of(child.stdout.readline().strip())
        assert path.exists()
        os.kill(child.pid, signal.SIGKILL)

    limit = time.monotonic() + 5
    while path.parent.exists():
        assert time.monotonic() < limit
        threading.Event().wait(0.02)
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(FileNotFoundError):
        client.connect(str(path))


async def test_says_why_it_does_not_start() -> None:
    """A setting that the server refuses is told, not waited for."""
    begun = time.perf_counter()
    with pytest.raises(EmbeddedServerError, match="embedded Valkey server did not start"):
        async with open_embedded_server(memory="much"):
            pass
    assert time.perf_counter() - begun < embedded.START_SECONDS


async def test_survives_a_long_temporary_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's address may have about 100 bytes; a longer place is not used."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    async with open_embedded_server() as url:
        assert len(str(_socket_of(url))) < 100
