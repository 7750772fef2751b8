"""A server as a process of its own: where its files are, which port it gets, how it is ended."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypedDict

import pytest

# Debian keeps servers where a plain user's PATH does not look.
_PATH = os.pathsep.join(
    (
        os.environ.get("PATH", os.defpath),
        "/usr/local/sbin",
        "/usr/sbin",
        "/sbin",
        "/usr/lib/dovecot",
    )
)
_STARTS_WITHIN = 30.0
_ENDS_WITHIN = 10.0
_ATTEMPTS = 3
_NUMBERS = count(os.getpid())


@dataclass(frozen=True, slots=True)
class Listening:
    """A running server: where it listens, its folder, and the files that it serves."""

    address: str
    port: int
    folder: Path

    @property
    def certificate(self) -> Path:
        """The PEM file with the chain that it was started with."""
        return self.folder / "fullchain.pem"

    @property
    def key(self) -> Path:
        """The PEM file with the private key."""
        return self.folder / "key.pem"


def program(name: str, *folders: str) -> str:
    """Where a program is; a test that needs it is skipped when it is not installed."""
    found = shutil.which(name, path=os.pathsep.join((*folders, _PATH)))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextmanager
def own_folder(certificate: bytes, key: bytes, owner: str | None = None) -> Iterator[Path]:
    """A folder that the server's own user may enter, with `fullchain.pem` and `key.pem` in it.

    pytest's folders are closed to every user but the one who runs the tests.
    """
    with tempfile.TemporaryDirectory(prefix="tlscheck-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "fullchain.pem").write_bytes(certificate)
        (folder / "key.pem").write_bytes(key)
        (folder / "key.pem").chmod(0o600)
        if owner is not None:
            for one in (folder, *folder.iterdir()):
                shutil.chown(one, owner)
        yield folder


@asynccontextmanager
async def serving(
    folder: Path,
    command: Callable[[str, int], Sequence[str]],
    *,
    end: signal.Signals = signal.SIGTERM,
    user: str | None = None,
) -> AsyncIterator[Listening]:
    """Start a server and wait until it accepts connections; end it afterwards.

    Args:
        folder: Its own.
        command: Writes the configuration for an address and port, and says what to run; the
            program has to stay in the foreground.
        end: The signal that ends it.
        user: Who runs it, when the tests run as root.

    Raises:
        pytest.fail.Exception: It ended by itself or never listened; the text is what it printed.
    """
    for attempt in range(_ATTEMPTS):
        address, port = free_place()
        line = command(address, port)
        with (folder / "output.log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *line,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                env={"PATH": _PATH, "LC_ALL": "C.UTF-8"},
                # A group of its own: most of them leave the work to children.
                start_new_session=True,
                **identity(user),
            )
        try:
            if await _listens(process, address, port):
                yield Listening(address, port, folder)
                return
        finally:
            await _end(process, end)
        text = _logged(folder)
        # The port was free a moment ago; somebody may have been faster.
        if "in use" not in text or attempt + 1 == _ATTEMPTS:
            pytest.fail(f"{line[0]} did not start: {text}")


def _logged(folder: Path) -> str:
    return "\n".join(one.read_text(errors="replace") for one in sorted(folder.glob("*.log")))


class Identity(TypedDict, total=False):
    """What a subprocess is told of who runs it."""

    user: str
    group: int
    extra_groups: tuple[int, ...]


def identity(user: str | None) -> Identity:
    """Who runs a server: this user and no other group when the tests run as root, else ourselves."""
    if user is None or os.geteuid() != 0:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": ()}


def free_place() -> tuple[str, int]:
    """An address of loopback and a port that are free at this moment."""
    number = next(_NUMBERS)
    address = f"127.78.{number // 250 % 250}.{number % 250 + 1}"
    with socket.socket() as probe:
        probe.bind((address, 0))
        return address, int(probe.getsockname()[1])


async def _listens(process: asyncio.subprocess.Process, address: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_STARTS_WITHIN):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(address, port)
                    writer.close()
                    return True
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 0.02)
    except TimeoutError:
        pass
    return False


async def _end(process: asyncio.subprocess.Process, by: signal.Signals) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(by)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _ENDS_WITHIN)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
