"""Servers for the benchmarks, in a process of their own: the lab, and relays in front of it.

`python -m tests.benchmarks.peer LEAVES DELAY` prints one JSON line (names, addresses, roots) and
answers each further line on standard input with the processor seconds it has used; it ends when
its standard input does. `open_peer` is how a benchmark starts one.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network

from bot.demo.lab import Scenario, open_lab
from bot.demo.lab.authority import AIA_HOST, Authority
from bot.demo.lab.relay import open_relay
from bot.demo.lab.scenarios import SCENARIOS
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.resolve import FixedResolver, NameNotResolvedError, Place
from bot.vantage import LocalVantage

HEALTHY = "healthy.lab.test"
MISSING = "missing-intermediate.lab.test"
SILENT = "timeout-silent.lab.test"
_LAB = (HEALTHY, MISSING, SILENT)


@dataclass(frozen=True, slots=True)
class Peer:
    """Servers that run elsewhere: addresses by name, and what it takes to judge them.

    `near` leads straight to the servers, `far` through relays that delay. `leaves` are the names
    of healthy servers that have a certificate each.
    """

    near: dict[str, tuple[str, int]]
    far: dict[str, tuple[str, int]]
    leaves: tuple[str, ...]
    roots_pem: str
    networks: tuple[str, ...]
    process: asyncio.subprocess.Process

    async def used_seconds(self) -> float:
        """Processor time of the servers so far."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"used\n")
        return float(await self.process.stdout.readline())

    def vantage(self, *, far: bool = False, also: Mapping[str, str] | None = None) -> LocalVantage:
        """A vantage that finds these servers by name and trusts their root.

        Args:
            far: Through the relays.
            also: Further names, and the host of this peer that each leads to.
        """
        places: dict[str, tuple[Place, ...]] = {
            host: (Place(ip_address(address), port),)
            for host, (address, port) in (self.far if far else self.near).items()
        }
        places |= {name: places[host] for name, host in (also or {}).items()}
        return LocalVantage(
            "bench",
            resolver=FixedResolver(places, _Nowhere()),
            policy=EgressPolicy(tuple(ip_network(one) for one in self.networks)),
            extra_roots_pem=self.roots_pem,
        )


class _Nowhere:
    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        raise NameNotResolvedError(host, "nxdomain", "Domain name not found")


@contextlib.asynccontextmanager
async def open_peer(
    *, leaves: int = 0, delay: float = 0.0, core: int | None = None
) -> AsyncIterator[Peer]:
    """Run servers in another process until the block ends.

    Args:
        leaves: How many healthy servers with certificates of their own to add.
        delay: Seconds one way through the relays of `far`; none when 0.
        core: The processor core they are kept to.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.benchmarks.peer", str(leaves), str(delay)),
        *([str(core)] if core is not None else []),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        async with asyncio.timeout(120):
            said = json.loads(await process.stdout.readline())
        yield Peer(
            near={name: (ip, port) for name, (ip, port) in said["near"].items()},
            far={name: (ip, port) for name, (ip, port) in said["far"].items()},
            leaves=tuple(said["leaves"]),
            roots_pem=said["roots"],
            networks=tuple(said["networks"]),
            process=process,
        )
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _one_of_many(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.issuing)),)


def _scenarios(leaves: int) -> list[Scenario]:
    story = "One of many healthy servers, each with a certificate of its own."
    many = [
        Scenario(
            name=f"leaf-{number}",
            cause=None,
            verdict="ok",
            title="Healthy",
            title_ja="正常",
            story=story,
            build=_one_of_many,
        )
        for number in range(leaves)
    ]
    return [*(one for one in SCENARIOS if one.host in _LAB), *many]


async def _serve(leaves: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    scenarios = _scenarios(leaves)
    async with contextlib.AsyncExitStack() as stack:
        lab = await stack.enter_async_context(open_lab(scenarios=scenarios))
        near = {name: addresses[0] for name, addresses in lab.hosts.items()}
        far = {}
        if delay:
            for name in (*_LAB, AIA_HOST):
                relay = partial(open_relay, near[name], delay=delay)
                far[name] = await stack.enter_async_context(relay())
        said = {
            "near": near,
            "far": far,
            "leaves": [one.host for one in scenarios if one.name.startswith("leaf-")],
            "roots": lab.roots_pem.decode(),
            "networks": lab.networks,
        }
        print(json.dumps(said), flush=True)
        asked = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
        while await asked.readline():
            print(time.process_time(), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        os.sched_setaffinity(0, {int(sys.argv[3])})
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
