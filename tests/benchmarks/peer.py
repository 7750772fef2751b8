"""Servers for the benchmarks, in a process of their own: the lab, and relays in front of it.

`python -m tests.benchmarks.peer LEAVES DELAY [CORE]` prints one JSON line (names, addresses, roots)
and answers each further line on standard input with the processor seconds it has used; it ends when
its standard input does. LEAVES may be `lab`: every server that the lab has. `open_peer` is how a
benchmark starts one.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
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

    `near` leads straight to the servers, `far` through relays that delay; `all_near` and `all_far`
    have every address of a name. `leaves` are the names of healthy servers that have a certificate
    each.
    """

    all_near: dict[str, tuple[tuple[str, int], ...]]
    all_far: dict[str, tuple[tuple[str, int], ...]]
    leaves: tuple[str, ...]
    roots_pem: str
    networks: tuple[str, ...]
    process: asyncio.subprocess.Process

    @property
    def near(self) -> dict[str, tuple[str, int]]:
        """The first address of each name."""
        return {name: places[0] for name, places in self.all_near.items()}

    @property
    def far(self) -> dict[str, tuple[str, int]]:
        """The first address of each name, through its relay."""
        return {name: places[0] for name, places in self.all_far.items()}

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
            host: tuple(Place(ip_address(address), port) for address, port in found)
            for host, found in (self.all_far if far else self.all_near).items()
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
    *, leaves: int = 0, delay: float = 0.0, core: int | None = None, lab: bool = False
) -> AsyncIterator[Peer]:
    """Run servers in another process until the block ends.

    Args:
        leaves: How many healthy servers with certificates of their own to add.
        delay: Seconds one way through the relays of `far`; none when 0.
        core: The processor core they are kept to.
        lab: Every server of the lab, in place of `leaves`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.benchmarks.peer", "lab" if lab else str(leaves), str(delay)),
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
            all_near=_places(said["near"]),
            all_far=_places(said["far"]),
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


def _places(
    said: Mapping[str, Iterable[tuple[str, int]]],
) -> dict[str, tuple[tuple[str, int], ...]]:
    return {name: tuple((ip, port) for ip, port in found) for name, found in said.items()}


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


async def _serve(leaves: int | None, delay: float) -> None:
    loop = asyncio.get_running_loop()
    scenarios = list(SCENARIOS) if leaves is None else _scenarios(leaves)
    async with contextlib.AsyncExitStack() as stack:
        lab = await stack.enter_async_context(open_lab(scenarios=scenarios))
        far: dict[str, list[tuple[str, int]]] = {}
        if delay:
            every = list(lab.hosts)
            leafy = [one.host for one in scenarios if one.name.startswith("leaf-")]
            for name in every if leaves is None else (*_LAB, AIA_HOST, *leafy):
                far[name] = [
                    await stack.enter_async_context(open_relay(place, delay=delay))
                    if await _listens(place, lab.networks)
                    else place
                    for place in lab.hosts[name]
                ]
        said = {
            "near": dict(lab.hosts),
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


async def _listens(place: tuple[str, int], networks: Iterable[str]) -> bool:
    """Whether a relay can stand for it: a closed port, or one elsewhere, is met without."""
    if not any(ip_address(place[0]) in ip_network(one) for one in networks):
        return False
    try:
        _, writer = await asyncio.open_connection(*place)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


if __name__ == "__main__":
    if len(sys.argv) > 3:
        os.sched_setaffinity(0, {int(sys.argv[3])})
    asyncio.run(_serve(None if sys.argv[1] == "lab" else int(sys.argv[1]), float(sys.argv[2])))
