"""How many checks of a local server one core does a second, and how much memory that takes.

`python -m tests.benchmarks.many_checks [--checks 1000] [--at-once 100]`

The servers run in another process on another core. Each kind of crowd is measured: one server
again and again (what is remembered of its certificates helps), fifty servers, and as many servers
as checks, where nothing about a leaf was ever seen before. Beside it stands what the machine can
do with bare handshakes: `openssl s_time -new` on the same server in the same run.
"""

import argparse
import asyncio
import re
import resource
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.vantage import LocalVantage
from tests.benchmarks.peer import HEALTHY, open_peer
from tests.benchmarks.table import Row, openssl_version, peak_megabytes, pin, show, show_machine

CHECKS_PER_SECOND = 400.0
MEGABYTES = 150.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A run: checks a second, and processor milliseconds of one check on either side."""

    per_second: float
    own_ms: float
    server_ms: float


async def check_all(vantage: LocalVantage, hosts: Sequence[str], at_once: int) -> None:
    """Check every host, so many side by side; all have to be healthy."""
    waiting = iter(hosts)

    async def work() -> None:
        for host in waiting:
            report = await vantage.check(Question(target=parse_target(host)))
            if report.verdict != "ok":
                msg = f"{host}: {report.cause}"
                raise RuntimeError(msg)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())


def bare_handshakes(address: tuple[str, int], seconds: int) -> tuple[float, float] | None:
    """Handshakes a second and processor milliseconds of one, as `openssl s_time` does them."""
    if openssl_version() is None:
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    where = f"{address[0]}:{address[1]}"
    done = subprocess.run(
        ["openssl", "s_time", "-connect", where, "-new", "-time", str(seconds)],
        capture_output=True,
        text=True,
        timeout=seconds + 30,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(r"(\d+) connections in (\d+) real seconds", done.stdout)
    if found is None or not int(found[1]):
        return None
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # s_time counts whole seconds, one more than it was told.
    return int(found[1]) / max(1, int(found[2])), used * 1000 / int(found[1])


async def main(checks: int, at_once: int, seconds: int) -> None:
    """Measure and print."""
    print(f"== many checks: {checks}, {at_once} at a time, in one process ==")
    cores = pin()
    show_machine(cores)
    async with open_peer(leaves=checks, core=cores[-1] if cores else None) as peer:
        vantage = peer.vantage()

        async def measure(hosts: Sequence[str]) -> Measured:
            served, used = await peer.used_seconds(), time.process_time()
            started = time.perf_counter()
            await check_all(vantage, hosts, at_once)
            wall = time.perf_counter() - started
            used, served = time.process_time() - used, await peer.used_seconds() - served
            each = 1000 / len(hosts)
            return Measured(len(hosts) / wall, used * each, served * each)

        await check_all(vantage, [HEALTHY] * min(20, checks), at_once)
        fresh = await measure(peer.leaves)
        crowd = await measure((peer.leaves[:50] * checks)[:checks])
        same = await measure([HEALTHY] * checks)
        await vantage.aclose()
        memory = peak_megabytes()
        bare = await asyncio.to_thread(bare_handshakes, peer.near[HEALTHY], seconds)
    for title, one in (
        (f"{checks} servers, each seen for the first time", fresh),
        ("50 servers in turn", crowd),
        ("one server again and again", same),
    ):
        rows = [
            Row("checks a second", one.per_second, "/s", CHECKS_PER_SECOND, more_is_better=True),
            Row("processor time of a check, here", one.own_ms, "ms", 1000 / CHECKS_PER_SECOND),
            Row("the same at the server", one.server_ms, "ms"),
        ]
        if bare is not None:
            rows.append(Row("processor time over that of s_time", one.own_ms / bare[1], "times"))
            rows.append(Row("checks over handshakes of s_time", one.per_second / bare[0], "times"))
        show(title, rows)
    rows = [Row("resident memory at its peak", memory, "MB", MEGABYTES)]
    if bare is None:
        print("\nopenssl s_time: missing, so nothing to compare with")
    else:
        rows.append(Row("openssl s_time -new, handshakes only, one at a time", bare[0], "/s"))
        rows.append(Row("openssl s_time, processor time of a handshake", bare[1], "ms"))
    show("all of them", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=3, help="how long s_time runs")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.checks, chosen.at_once, chosen.seconds))
