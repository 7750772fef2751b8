"""Sweeps by the real command, over real workers and a real Redis, and servers that end checks soon."""

import asyncio
import csv
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.sweep.results import COLUMNS
from tests.proxies import PROXY_SETTINGS
from tests.worker.process import ROOT, Plan

SECONDS = 120.0
"""Nothing here takes nearly so long, unless the machine is busy with other things."""

UNBOUND = ("--rate", "100000", "--network-rate", "100000", "--network-at-once", "1000")
NEEDED = {"healthy", "missing-intermediate", "connection-refused", "timeout-silent"}
SERVED = 5
"""Every so many-th name of a list leads to a server; behind the others a port is closed."""


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """A few of the lab's servers."""
    async with open_lab(scenarios=[one for one in SCENARIOS if one.name in NEEDED]) as running:
        yield running


@pytest.fixture
def plan_for(lab: Lab) -> Callable[[str], Plan]:
    """What a worker on this Redis does: most names lead to a closed port, some to a server."""

    def plan(url: str) -> Plan:
        return Plan(
            url=url,
            vantage="prod-tokyo",
            names={
                "*": lab.address_of("connection-refused"),
                **{
                    host_of(n): lab.address_of("missing-intermediate")
                    for n in range(0, 5000, SERVED)
                },
            },
            networks=lab.networks,
            roots_pem=lab.roots_pem.decode(),
        )

    return plan


def host_of(number: int) -> str:
    """One of many names in many domains."""
    return f"h{number}.site{number % 97}.example"


@dataclass
class Files:
    """What goes into a sweep and what it writes."""

    hosts: Path
    jsonl: Path
    table: Path
    count: int

    @property
    def results(self) -> int:
        """How many lines are written by now."""
        return self.jsonl.read_bytes().count(b"\n") if self.jsonl.exists() else 0

    async def reach(self, results: int) -> None:
        """Wait for so many results."""
        async with asyncio.timeout(SECONDS):
            while self.results < results:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)

    def assert_one_each(self) -> None:
        """Every target has exactly one result in both files, and the same one."""
        expected = sorted((host_of(number), 443) for number in range(self.count))
        reports = [json.loads(line) for line in self.jsonl.read_text("utf-8").splitlines()]
        found = {(one["target"]["host"], one["target"]["port"]): one for one in reports}
        assert sorted((one["target"]["host"], one["target"]["port"]) for one in reports) == expected
        with self.table.open(encoding="utf-8", newline="") as source:
            head, *rows = csv.reader(source)
        assert tuple(head) == COLUMNS
        assert sorted((row[0], int(row[1])) for row in rows) == expected
        for row in rows:
            report = found[row[0], int(row[1])]
            assert (row[3], row[4], row[5]) == (
                report["verdict"],
                report["cause"] or "",
                report["summary"],
            )


@pytest.fixture
def files_of(tmp_path: Path) -> Callable[[int], Files]:
    """A list of so many names, and places for the results."""

    def files(count: int) -> Files:
        hosts = tmp_path / "hosts.txt"
        hosts.write_text("".join(f"{host_of(n)}\n" for n in range(count)), encoding="utf-8")
        return Files(hosts, tmp_path / "out.jsonl", tmp_path / "out.csv", count)

    return files


class Sweeping:
    """`tlscheck sweep` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def ended(self) -> tuple[int, str, str]:
        """Its status, and what it printed."""
        async with asyncio.timeout(SECONDS):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def sweeping(files: Files, url: str, *more: str) -> AsyncIterator[Sweeping]:
    """The command under way until the end of the block, as long as it lives."""
    ours = ("SLACK_", "TLSCHECK_", "REDIS_", "PORT", *PROXY_SETTINGS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "sweep", str(files.hosts)),
        *("--jsonl", str(files.jsonl), "--csv", str(files.table), *UNBOUND, *more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=files.hosts.parent,
        env=environment | {"REDIS_URL": url, "PYTHONPATH": ROOT},
    )
    try:
        yield Sweeping(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
