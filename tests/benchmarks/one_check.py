"""How long one check takes behind a round trip of 50 ms, beside the tools people know.

`python -m tests.benchmarks.one_check [--runs 15]`

Ours is a whole check inside the running program (`Service.ask(refresh=True)`: lock, handshake,
judgement, stored in a real Valkey); theirs is the wall time of the command, its start included, as
a person waits for it. Each goes through the same delaying relay, one after the other in turns.

The first fetch of a missing intermediate needs two round trips more than a handshake, which
`openssl s_client` never makes: it has no goal, and later checks of any server below the same CA
are the warm case.
"""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.service import Service
from bot.store import Store, open_embedded_server, open_store
from tests.benchmarks.peer import HEALTHY, MISSING, Peer, open_peer
from tests.benchmarks.table import Row, show, show_machine

DELAY = 0.025
Run = Callable[[], Awaitable[float]]


async def main(runs: int, *, scanners: bool) -> None:
    """Measure and print."""
    print(f"== one check: {2 * DELAY * 1000:.0f} ms round trip, median of {runs} runs in turns ==")
    show_machine()
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(open_peer(delay=DELAY))
        redis_url = await stack.enter_async_context(open_embedded_server())
        store = await stack.enter_async_context(open_store(redis_url, lambda: datetime.now(UTC)))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tlscheck-")))
        roots = directory / "roots.pem"
        roots.write_text(peer.roots_pem)
        vantage = peer.vantage(far=True)
        stack.push_async_callback(vantage.aclose)
        service = Service(vantage, store)
        stack.push_async_callback(service.aclose)
        for host, cause in ((HEALTHY, None), (MISSING, Cause.MISSING_INTERMEDIATE)):
            await _ask(service, host, cause)  # what is built once is built
            theirs = _s_client(peer, host)
            contest: dict[str, Run] = {"ours, warm": partial(_ask, service, host, cause)}
            if cause is not None:
                cold = partial(_ask_cold, peer, store, host, cause)
                contest["ours, nothing fetched before"] = cold
            if theirs is not None:
                contest["openssl s_client -showcerts"] = theirs
            found = await _in_turns(contest, runs)
            goal = found.get("openssl s_client -showcerts")
            rows = [Row("ours, warm", found["ours, warm"], "ms", goal)]
            least = 4 * DELAY * 1000
            rows.append(
                Row(
                    "  … over the two round trips that TLS 1.3 takes",
                    found["ours, warm"] / least,
                    "times",
                )
            )
            if goal is not None:
                rows.append(Row("openssl s_client -showcerts", goal, "ms"))
            else:
                print("\nopenssl: missing, so nothing to compare with")
            if cause is not None:
                first = found["ours, nothing fetched before"]
                rows.append(Row("ours, nothing fetched before", first, "ms"))
                if goal is not None:
                    rows.append(Row("  … over s_client", first / goal, "times"))
            if scanners:
                rows += await _scanners(peer, host, roots, found["ours, warm"])
            show(host, rows)


async def _ask(service: Service, host: str, cause: Cause | None) -> float:
    started = time.perf_counter()
    answer = await service.ask(Question(target=parse_target(host)), refresh=True)
    took = time.perf_counter() - started
    if answer.report.cause is not cause or answer.source != "fresh" or not answer.stored:
        msg = f"{host}: {answer.report.cause}, {answer.source}, stored: {answer.stored}"
        raise RuntimeError(msg)
    return took


async def _ask_cold(peer: Peer, store: Store, host: str, cause: Cause | None) -> float:
    vantage = peer.vantage(far=True)
    service = Service(vantage, store)
    try:
        return await _ask(service, host, cause)
    finally:
        await service.aclose()
        await vantage.aclose()


def _s_client(peer: Peer, host: str) -> Run | None:
    address, port = peer.far[host]
    if shutil.which("openssl") is None:
        return None
    command = ["openssl", "s_client", "-connect", f"{address}:{port}"]
    return lambda: _timed(*command, "-servername", host, "-showcerts")


async def _scanners(peer: Peer, host: str, roots: Path, ours: float) -> list[Row]:
    """One run each of what is installed; they look at more than we do, and take their time."""
    address, port = peer.far[host]
    place = f"{host}:{port}"
    tools = {
        "sslyze --certinfo": [
            *("sslyze", "--certinfo", f"--certinfo_ca_file={roots}", f"{place}{{{address}}}")
        ],
        "testssl.sh --server-defaults": [
            *("testssl", "--server-defaults", "--quiet", "--nodns=none"),
            *("--add-ca", str(roots), "--ip", address, place),
        ],
    }
    rows = []
    for name, command in tools.items():
        path = shutil.which(command[0]) or shutil.which(f"{command[0]}.sh")
        if path is None:
            print(f"\n{command[0]}: missing, so its time is not shown")
            continue
        took = await _timed(path, *command[1:])
        rows.append(Row(name, took * 1000, "ms"))
        rows.append(Row("  … over ours, warm", took * 1000 / ours, "times"))
    return rows


async def _timed(*command: str) -> float:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TERM": "dumb"},
    )
    async with asyncio.timeout(300):
        said, _ = await process.communicate()
    took = time.perf_counter() - started
    if b"BEGIN CERTIFICATE" not in said and b"ertificate" not in said:
        msg = f"{command[0]} saw no certificate: {said[-500:].decode(errors='replace')}"
        raise RuntimeError(msg)
    return took


async def _in_turns(contest: dict[str, Run], runs: int) -> dict[str, float]:
    """The median of each, in milliseconds."""
    took: dict[str, list[float]] = {name: [] for name in contest}
    for _ in range(runs):
        for name, run in contest.items():
            took[name].append(await run() * 1000)
    return {name: median(each) for name, each in took.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--no-scanners", action="store_true", help="leave sslyze and testssl out")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.runs, scanners=not chosen.no_scanners))
