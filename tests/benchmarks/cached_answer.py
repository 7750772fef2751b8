"""How soon a slash command is acknowledged, alone and in a burst, through the real bot over HTTP.

`python -m tests.benchmarks.cached_answer [--alone 200] [--burst 500] [--slow 200] [--hosts 50]`

The whole program runs here (`handlers.serve`, with a real Valkey); the commands come, signed, from
another process on another core, over connections that are kept open. The time runs from the first
byte of the request to the last byte of its acknowledgement, which carries the answer.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bot.log import configure_logging
from bot.settings import Settings, load_settings
from bot.store import open_embedded_server
from bot.vantage import LocalVantage
from handlers.serve import Serving, serve
from tests.benchmarks.load import SECRET, Heard, Volley
from tests.benchmarks.peer import MISSING, SILENT, open_peer
from tests.benchmarks.table import Row, peak_megabytes, pin, show, show_machine

ALONE_MS = 10.0
BURST_MS = 1000.0
UNCACHED_MS = 2000.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What was heard of a volley, and the bot's processor time for one command of it."""

    heard: Heard
    own_ms: float

    @property
    def median_ms(self) -> float:
        """Until half of the commands were acknowledged."""
        return median(self.heard.seconds) * 1000

    @property
    def longest_ms(self) -> float:
        """Until all were."""
        return max(self.heard.seconds) * 1000


class Load:
    """The process that plays Slack."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.api = ""

    async def ready(self) -> None:
        """Wait for its Web API."""
        self.api = str(json.loads(await self._line())["api"])

    async def fire(self, volley: Volley) -> Heard:
        """Send a volley, and give what came back."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(volley)).encode() + b"\n")
        return Heard(**json.loads(await self._line()))

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        async with asyncio.timeout(120):
            line = await self._process.stdout.readline()
        if not line:
            msg = "the load generator ended"
            raise RuntimeError(msg)
        return line


@asynccontextmanager
async def open_load(core: int | None) -> AsyncIterator[Load]:
    """Run the load generator until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.benchmarks.load"),
        *([str(core)] if core is not None else []),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    assert process.stdin is not None
    try:
        load = Load(process)
        await load.ready()
        yield load
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def open_bot(settings: Settings, vantage: LocalVantage) -> AsyncIterator[int]:
    """Run the bot until the block ends; gives its port."""

    @asynccontextmanager
    async def open_vantage(_settings: Settings) -> AsyncIterator[LocalVantage]:
        yield vantage

    stop = asyncio.Event()
    started: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(
        serve(
            settings,
            open_vantage=open_vantage,
            stop=stop,
            started=started.set_result,
            host="127.0.0.1",
        )
    )
    try:
        waiting: set[asyncio.Future[Any]] = {task, started}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield started.result().port
    finally:
        stop.set()
        await task


async def main(alone: int, burst: int, slow: int, hosts: int) -> None:
    """Measure and print."""
    print("== acknowledgements of /tlscheck, over signed HTTP ==")
    configure_logging("console", level=logging.WARNING)
    async with AsyncExitStack() as stack:
        redis_url = await stack.enter_async_context(open_embedded_server())
        cores = pin()
        show_machine(cores)
        core = cores[-1] if cores else None
        peer = await stack.enter_async_context(open_peer(leaves=slow + hosts, core=core))
        names = [f"slow-{number}.lab.test" for number in range(slow)]
        vantage = peer.vantage(also=dict.fromkeys(names, SILENT))
        stack.push_async_callback(vantage.aclose)
        load = await stack.enter_async_context(open_load(core))
        settings = load_settings(
            _env_file=None,
            slack_bot_token="xoxb-benchmark",
            slack_signing_secret=SECRET,
            slack_api_url=load.api,
            redis_url=redis_url,
            port=0,
        )
        fresh, many = peer.leaves[hosts:], peer.leaves[:hosts]

        async def ask(texts: Sequence[str], *, at_once: bool = True, late: int = 0) -> Measured:
            used = time.process_time()
            heard = await load.fire(Volley(port, list(texts), at_once, late))
            return Measured(heard, (time.process_time() - used) * 1000 / len(texts))

        async with open_bot(settings, vantage) as port:
            first = await ask([MISSING, *many], at_once=False)
            _all(first, "Checking", unlike=True)
            by_itself = await ask([MISSING] * alone, at_once=False)
            same = await ask([MISSING] * burst)
            mixed = await ask([many[number % hosts] for number in range(burst)])
            _all(same, "intermediate")
        async with open_bot(settings, vantage) as port:
            other = await ask([many[number % hosts] for number in range(burst)])
            uncached = await ask(fresh)
            waiting = await ask([f"{SILENT} --timeout 3"] * slow, late=slow)
            _all(waiting, "Checking")
            each = await ask([f"{one} --timeout 3" for one in names], late=slow)
            _all(each, "Checking")
    show(
        f"one at a time ({alone}, a missing intermediate from the cache)",
        [
            Row("median to the answer", by_itself.median_ms, "ms", ALONE_MS),
            Row("longest", by_itself.longest_ms, "ms"),
            Row("processor time of a command", by_itself.own_ms, "ms"),
            Row("not cached: median of the first askers", first.median_ms, "ms"),
            Row("not cached: processor time of a command", first.own_ms, "ms"),
        ],
    )
    for title, one in (
        (f"{burst} at once, one cached host", same),
        (f"{burst} at once, {hosts} cached hosts", mixed),
        (f"{burst} at once, {hosts} hosts that another process had checked", other),
    ):
        show(title, _burst(one, BURST_MS))
    show(f"{slow} at once, as many healthy hosts, nothing cached", _burst(uncached, UNCACHED_MS))
    for title, one in (
        (f"{slow} at once, one host that never answers", waiting),
        (f"{slow} at once, as many hosts that never answer", each),
    ):
        rows = _burst(one, UNCACHED_MS)
        rows.append(Row("last answer (the checks have 3 s)", max(one.heard.late_seconds), "s"))
        show(title, rows)
    show("the bot", [Row("resident memory at its peak", peak_megabytes(), "MB")])


def _burst(one: Measured, goal: float) -> list[Row]:
    return [
        Row("median", one.median_ms, "ms"),
        Row("longest", one.longest_ms, "ms", goal),
        Row("processor time of a command", one.own_ms, "ms"),
    ]


def _all(measured: Measured, word: str, *, unlike: bool = False) -> None:
    """Raise unless every acknowledgement holds the word (or none does)."""
    for body in measured.heard.bodies:
        if (word in body) is unlike:
            msg = f"not what was asked for: {body[:200]}"
            raise RuntimeError(msg)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--alone", type=int, default=200)
    parser.add_argument("--burst", type=int, default=500)
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--hosts", type=int, default=50, help="how many the mixed bursts ask for")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.alone, chosen.burst, chosen.slow, chosen.hosts))
