"""What the servers notice of a sweep, and what a slow one of them does to the rest.

The servers record when connections come and go; nothing here reads the program's own clock.
"""

import asyncio
import json
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import combinations

import pytest

from bot.demo.lab import Lab
from bot.demo.lab.loopback import DISTINCT_NETWORK, network
from tests.sweep.conftest import Files, sweeping
from tests.worker.process import Plan, worker_process

LATE = 0.7
"""The first one may reach its server late, and a tenth of a second may be caught up (`bot.sweep.pace`)."""

Target = tuple[str, int]


@dataclass
class Guests:
    """Connections by address and port: from when to when, by the loop's clock."""

    seen: dict[Target, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def span(self, target: Target) -> tuple[float, float]:
        """From the first connection's beginning to the last one's end: within its check."""
        return min(one[0] for one in self.seen[target]), max(one[1] for one in self.seen[target])

    def spread(self, targets: list[Target]) -> float:
        """Seconds between the first one's and the last one's beginning."""
        begun = [self.span(one)[0] for one in targets]
        return max(begun) - min(begun)

    def together(self, targets: list[Target]) -> int:
        """How many of them were looked at at the same moment, at most."""
        spans = [self.span(one) for one in targets]
        return max(sum(a <= moment < b for a, b in spans) for moment, _ in spans)


@asynccontextmanager
async def guests(ports: int, held: float) -> AsyncIterator[tuple[Guests, list[int]]]:
    """Servers at every loopback address that say nothing and hang up after so many seconds."""
    found, loop = Guests(), asyncio.get_running_loop()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began, at = loop.time(), writer.get_extra_info("sockname")[:2]
        await asyncio.sleep(held)  # so that what is at once can be seen to be
        writer.close()
        found.seen[at].append((began, loop.time()))

    servers = [await asyncio.start_server(receive, "0.0.0.0", 0) for _ in range(ports)]
    try:
        yield found, [one.sockets[0].getsockname()[1] for one in servers]
    finally:
        for one in servers:
            one.close()


@dataclass(frozen=True)
class Bound:
    """One of them, with the others out of the way, and a list on which it shows."""

    options: tuple[str, ...]
    networks: int
    hosts: int
    ports: int
    held: float


BOUNDS = {
    "a host": Bound(("--network-at-once", "100"), networks=1, hosts=3, ports=3, held=0.3),
    "a network": Bound(("--network-at-once", "2"), networks=2, hosts=4, ports=1, held=0.3),
    "a network's rate": Bound(("--network-rate", "5"), networks=2, hosts=16, ports=1, held=0.0),
    "the rate": Bound(("--rate", "8"), networks=24, hosts=1, ports=1, held=0.0),
}


@pytest.mark.skipif(network() != DISTINCT_NETWORK, reason="needs all of 127.0.0.0/8")
@pytest.mark.parametrize("name", BOUNDS)
async def test_the_bounds_are_kept_at_the_servers(
    name: str, redis_url: str, plan_for: Callable[[str], Plan], files_of: Callable[[int], Files]
) -> None:
    """One check at a time at a host; few in a network; so many a second there, and in all."""
    bound = BOUNDS[name]
    files, plan = files_of(0), replace(plan_for(redis_url), networks=("127.0.0.0/8",))
    async with (
        guests(bound.ports, bound.held) as (found, ports),
        worker_process(plan),
        worker_process(plan),
    ):
        networks = {
            f"127.78.{number}.0/24": [
                (f"127.78.{number}.{host}", port)
                for host in range(1, bound.hosts + 1)
                for port in ports
            ]
            for number in range(bound.networks)
        }
        targets = [one for there in networks.values() for one in there]
        lines = "".join(f"{host}:{port}\n" for host, port in targets)
        files.hosts.write_text(lines, encoding="utf-8")
        async with sweeping(files, redis_url, *bound.options) as sweep:
            _, _, err = await sweep.ended()
    assert files.results == len(targets) == len(found.seen), err
    for there in networks.values():
        for host in {host for host, _ in there}:
            assert found.together([one for one in there if one[0] == host]) == 1
        if name == "a network":
            assert found.together(there) <= 2
        if name == "a network's rate":
            assert found.spread(there) >= (len(there) - 1) / 5 * LATE
    if name == "the rate":
        assert found.spread(targets) >= (len(targets) - 1) / 8 * LATE


async def test_a_slow_network_holds_up_nobody(
    lab: Lab,
    redis_url: str,
    plan_for: Callable[[str], Plan],
    files_of: Callable[[int], Files],
) -> None:
    """Ten silent servers of one network, with but four checks at a time: the rest goes by."""
    slow = [f"h{number}.silent.example" for number in range(10)]
    plan = plan_for(redis_url)
    silent = lab.address_of("timeout-silent")
    plan = replace(plan, at_once=4, names=plan.names | dict.fromkeys(slow, silent))
    files = files_of(100)
    fast = files.hosts.read_text("utf-8")
    files.hosts.write_text("".join(f"{one}\n" for one in slow) + fast, encoding="utf-8")
    more = ("--network-at-once", "2", "--timeout", "2")
    async with worker_process(plan), sweeping(files, redis_url, *more) as sweep:
        _, _, err = await sweep.ended()
    hosts = [
        json.loads(line)["target"]["host"] for line in files.jsonl.read_text("utf-8").splitlines()
    ]
    assert sorted(hosts) == sorted([*slow, *fast.split()]), err
    last_fast = max(hosts.index(one) for one in fast.split())
    # They end in pairs, every two seconds: two pairs at least come when all others are done.
    assert sum(hosts.index(one) > last_fast for one in slow) >= 4


@pytest.mark.parametrize("wakes_up", [False, True], ids=["for good", "wakes up"])
async def test_a_worker_that_stands_still(
    redis_url: str,
    plan_for: Callable[[str], Plan],
    files_of: Callable[[int], Files],
    wakes_up: bool,
) -> None:
    """Not dead, and not working (SIGSTOP): others take over; its own late answers do no harm."""
    files, plan = files_of(600), plan_for(redis_url)
    async with worker_process(plan) as stuck, worker_process(plan):
        try:
            async with sweeping(files, redis_url) as sweep:
                await files.reach(150)
                stuck.process.send_signal(signal.SIGSTOP)
                if wakes_up:
                    await files.reach(500)
                    stuck.process.send_signal(signal.SIGCONT)
                status, _, err = await sweep.ended()
        finally:
            stuck.process.send_signal(signal.SIGCONT)
    assert status == 1, err
    files.assert_one_each()


def test_overlaps_are_seen() -> None:
    """The measure itself: what touches does not overlap, what lies within does."""
    found = Guests()
    found.seen = {
        ("a", 1): [(0.0, 2.0)],
        ("b", 1): [(2.0, 3.0)],
        ("c", 1): [(1.0, 1.5), (2.5, 4.0)],
    }
    counts = {
        (one[0], other[0]): found.together([one, other])
        for one, other in combinations(found.seen, 2)
    }
    assert counts == {("a", "b"): 1, ("a", "c"): 2, ("b", "c"): 2}
