"""The real command in a process of its own, against the lab."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.demo.lab import SCENARIOS, Lab, open_lab
from tests.proxies import PROXY_SETTINGS

ROOT = Path(__file__).parents[2]
SECONDS = 60.0

NEEDED = {
    "healthy",
    "expired",
    "hostname-mismatch",
    "missing-intermediate",
    "connection-refused",
    "timeout-silent",
    "cn-injection",
    "expired-beside-valid",
}


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Awaitable[Ended]]


@pytest.fixture
def environment() -> dict[str, str]:
    """This process's environment without any setting of tlscheck or of the terminal."""
    ours = ("SLACK_", "TLSCHECK_", "REDIS_", "PORT", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    for name in PROXY_SETTINGS:
        kept.pop(name, None)
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def tlscheck(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Runs `tlscheck` with arguments, in a folder without a .env file."""

    async def run(*arguments: str, stdin: str = "", **settings: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=tmp_path,
            env=environment | settings,
        )
        try:
            async with asyncio.timeout(SECONDS):
                out, err = await process.communicate(stdin.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    return run


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """A few of the lab's servers."""
    async with open_lab(scenarios=[one for one in SCENARIOS if one.name in NEEDED]) as running:
        yield running


@pytest.fixture
def roots(lab: Lab, tmp_path: Path) -> Path:
    """The lab's root in a file."""
    file = tmp_path / "lab-roots.pem"
    file.write_bytes(lab.roots_pem)
    return file


@pytest.fixture
def where(lab: Lab, roots: Path) -> Callable[[str], list[str]]:
    """The options with which a command finds and trusts a server of the lab."""

    def options(name: str) -> list[str]:
        address, port = lab.address_of(name)
        networks = [word for network in lab.networks for word in ("--allow-network", network)]
        return ["--address", f"{address}:{port}", "--roots", str(roots), *networks]

    return options
