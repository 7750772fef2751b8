"""Sweeps over real workers: hosts a second, what a second worker adds, a check's way, memory.

`python -m tests.benchmarks.sweep [--hosts 10000] [--leaves 100] [--alone 300] [--seconds 3]`

The servers, each worker and the asker are processes of their own, over a real Valkey; every
connection has a round trip of 50 ms. All of them share the processor with the workers, so three
questions are asked apart:

1. What does one core give that a worker has to itself? The hosts of a sweep over the processor
   seconds that its worker used for them, which does not depend on who else is there.
2. What does this machine give, with everything else on it? Hosts a second by the clock, with one
   worker and with two; beside it what `openssl s_time -new` makes of the whole machine.
3. Does the queue scale? A second worker where time goes in waiting and not in the processor: few
   checks at a time.

The way of a check to a worker and back is measured with one that ends at once (an address that may
not be connected to), here and there.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from statistics import median

from redis import Redis

from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.question import Question
from bot.diagnosis.report import Target
from bot.diagnosis.resolve import SystemResolver
from bot.diagnosis.target import parse_target
from bot.store import open_embedded_server
from bot.sweep import Politeness, Unanswered
from bot.sweep import sweep as run_sweep
from bot.vantage import LocalVantage, Vantage
from bot.worker import RemoteVantage, open_post
from tests.benchmarks.many_checks import bare_handshakes
from tests.benchmarks.peer import HEALTHY, Peer, open_peer
from tests.benchmarks.table import Row, show, show_machine
from tests.worker.process import Plan, Running, worker_process

DELAY = 0.025
"""Seconds one way."""
PER_SECOND = 300.0
SECOND_WORKER = 1.8
WAY_MS = 2.0
GROWTH = 1.1
FLAT = 1.1
FEW = 4
"""Checks at a time of a worker that mostly waits."""
WARM_UP = 200

_DENIED = Question(target=parse_target("127.0.0.1:1"))
_UNBOUND = Politeness(rate=1e6, network_rate=1e6, network_at_once=10_000)


@dataclass(frozen=True, slots=True)
class Measured:
    """One sweep."""

    per_second: float
    worker_ms: float
    asker_ms: float
    commands: float
    early_mb: float
    late_mb: float


def _used(process: Running) -> float:
    """Processor seconds of a worker so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{process.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(process: Running) -> float:
    """Megabytes of a worker now."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def targets(peer: Peer, count: int) -> list[Target]:
    """So many targets: each server under many ports (its address decides where it is)."""
    rounds = -(-count // len(peer.leaves))
    return [
        Target(input=host, host=host, port=1000 + number)
        for number in range(rounds)
        for host in peer.leaves
    ][:count]


async def measure(url: str, plan: Plan, workers: int, *sweeps: Sequence[Target]) -> list[Measured]:
    """Sweeps one after the other by the same workers, which have begun to work before."""
    async with AsyncExitStack() as stack:
        cores = sorted(os.sched_getaffinity(0))
        running = [
            await stack.enter_async_context(
                worker_process(replace(plan, core=cores[number % len(cores)]))
            )
            for number in range(workers)
        ]
        post = await stack.enter_async_context(open_post(url))
        client = stack.enter_context(Redis.from_url(url))
        await post.look()
        place = post.vantage("any", later=False)
        await _swept(place, running, client, sweeps[0][:WARM_UP])
        return [await _swept(place, running, client, todo) for todo in sweeps]


async def _swept(
    place: RemoteVantage, running: Sequence[Running], client: Redis, todo: Sequence[Target]
) -> Measured:
    early = 0.0
    before = sum(map(_used, running))
    commands = int(client.info("stats")["total_commands_processed"])
    asker, started, done = time.process_time(), time.perf_counter(), 0
    async for answer in run_sweep(
        todo,
        lambda target: place.check(Question(target=target)),
        at_once=lambda: sum(one.at_once for one in place.workers),
        politeness=_UNBOUND,
    ):
        if isinstance(answer, Unanswered) or answer.verdict != "ok":
            msg = f"{answer.target.host}: no sound answer"
            raise RuntimeError(msg)
        done += 1
        if done == max(1, len(todo) // 10):
            early = max(map(_resident, running))
    wall, each = time.perf_counter() - started, 1000 / len(todo)
    return Measured(
        len(todo) / wall,
        (sum(map(_used, running)) - before) * each,
        (time.process_time() - asker) * each,
        (int(client.info("stats")["total_commands_processed"]) - commands) / len(todo),
        early,
        max(map(_resident, running)),
    )


async def without_workers(peer: Peer, todo: Sequence[Target]) -> float:
    """Processor milliseconds of a host when this process asks, with nothing between."""
    here, used = peer.vantage(far=True), time.process_time()
    async for _ in run_sweep(
        todo,
        lambda target: here.check(Question(target=target)),
        at_once=lambda: 100,
        politeness=_UNBOUND,
    ):
        pass
    used = time.process_time() - used
    await here.aclose()
    return used * 1000 / len(todo)


async def way(url: str, plan: Plan, alone: int) -> tuple[float, float]:
    """Median milliseconds of a check that ends at once: here, and over Redis at a worker."""

    async def median_of(vantage: Vantage) -> float:
        spent = []
        for number in range(alone + 10):
            started = time.perf_counter()
            await vantage.check(_DENIED)
            if number >= 10:
                spent.append((time.perf_counter() - started) * 1000)
        return median(spent)

    resolver = SystemResolver()
    here = LocalVantage("here", resolver=resolver, policy=EgressPolicy())
    async with worker_process(replace(plan, networks=())), open_post(url) as post:
        found = await median_of(here), await median_of(post.vantage("any"))
    await here.aclose()
    await resolver.aclose()
    return found


async def main(hosts: int, leaves: int, alone: int, seconds: int) -> None:
    """Measure and print."""
    print(f"== sweep: {hosts} targets on {leaves} servers, {2 * DELAY * 1000:.0f} ms away ==")
    show_machine()
    tenth = max(1, hosts // 10)
    async with open_peer(leaves=leaves, delay=DELAY) as peer, open_embedded_server() as url:
        bare = await asyncio.to_thread(bare_handshakes, peer.near[HEALTHY], seconds)
        plan = Plan(
            url=url,
            vantage="bench",
            names=peer.far,
            networks=tuple(str(ip_network(one)) for one in peer.networks),
            roots_pem=peer.roots_pem,
        )
        alone_ms = await without_workers(peer, targets(peer, tenth))
        local, remote = await way(url, plan, alone)
        few, many = await measure(url, plan, 1, targets(peer, tenth), targets(peer, hosts))
        (both,) = await measure(url, plan, 2, targets(peer, max(1, hosts // 2)))
        idle = replace(plan, at_once=FEW)
        (slow,) = await measure(url, idle, 1, targets(peer, max(1, hosts // 20)))
        (slow_both,) = await measure(url, idle, 2, targets(peer, max(1, hosts // 20)))
    show(
        "the way to a worker and back",
        [
            Row("a check that ends at once, here", local, "ms"),
            Row("the same at a worker", remote, "ms"),
            Row("overhead of a check", remote - local, "ms", WAY_MS),
        ],
    )
    show(
        "1. what one core gives that a worker has to itself",
        [
            Row(
                "hosts over processor seconds of one worker",
                _per_core(many.worker_ms),
                "/s",
                PER_SECOND,
                more_is_better=True,
            ),
            Row(
                "the same with two workers",
                _per_core(both.worker_ms),
                "/s",
                PER_SECOND,
                more_is_better=True,
            ),
            Row("processor time of a host, at the worker", many.worker_ms, "ms"),
            Row("the same without workers, nothing between", alone_ms, "ms"),
            Row("the same at the asker", many.asker_ms, "ms"),
            Row("Redis commands of a host", many.commands, "commands"),
            Row(
                f"cost of a host, {hosts} to {tenth} targets",
                many.worker_ms / few.worker_ms if few.worker_ms else 1.0,
                "times",
                GROWTH,
            ),
            Row("a worker's memory after a tenth", many.early_mb, "MB"),
            Row("at the end, to that after a tenth", many.late_mb / many.early_mb, "times", FLAT),
        ],
    )
    machine = [
        Row("hosts a second, one worker", many.per_second, "/s"),
        Row("hosts a second, two workers", both.per_second, "/s"),
    ]
    if bare is not None:
        machine += [
            Row("openssl s_time -new, bare handshakes without delay", bare[0], "/s"),
            Row("two workers' hosts over these handshakes", both.per_second / bare[0], "times"),
        ]
    show("2. what this machine gives, with servers, Redis and the asker on it", machine)
    show(
        f"3. whether the queue scales: workers that wait, {FEW} checks at a time",
        [
            Row("hosts a second, one worker", slow.per_second, "/s"),
            Row("hosts a second, two workers", slow_both.per_second, "/s"),
            Row(
                "the second worker",
                slow_both.per_second / slow.per_second,
                "times",
                SECOND_WORKER,
                more_is_better=True,
            ),
        ],
    )


def _per_core(milliseconds: float) -> float:
    return 1000 / milliseconds if milliseconds else float("inf")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--leaves", type=int, default=100)
    parser.add_argument("--alone", type=int, default=300, help="checks one after the other")
    parser.add_argument("--seconds", type=int, default=3, help="how long s_time runs")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.hosts, chosen.leaves, chosen.alone, chosen.seconds))
