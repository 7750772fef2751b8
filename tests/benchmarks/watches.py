"""What watching ten thousand hosts costs one bot, and how late its looks are.

`python -m tests.benchmarks.watches [--watches 10000] [--minutes 10] [--seconds 60]`

Real watches in a real Valkey, each due once within so many minutes, real checks of servers in
another process. The watcher runs at its own pace for so many seconds; what it used of the
processor in that time is what it would use for ever. Nothing changes at the servers, so nobody is
told anything: the cost is that of looking.
"""

import argparse
import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.log import configure_logging
from bot.metrics import Metrics
from bot.service import Service
from bot.store import Store, open_embedded_server, open_store
from bot.watch import Asked, Notice, Watch, begin
from bot.watcher import Told, Watcher
from tests.benchmarks.peer import open_peer
from tests.benchmarks.table import Row, peak_megabytes, pin, show, show_machine

LATE_SECONDS = 30.0
_SERVERS = 200
_IN_A_CHANNEL = 100


class _Late(Metrics):
    """Remembers how late each look was."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def watch_looked(self, late_seconds: float) -> None:
        """Note it, and count it as always."""
        self.seconds.append(late_seconds)
        super().watch_looked(late_seconds)


class _Listener:
    """Nobody has to be told anything."""

    def __init__(self) -> None:
        self.told = 0

    async def tell(self, watch: Watch, notice: Notice) -> Told:
        """Count it."""
        self.told += 1
        return "told"


async def add(
    service: Service, store: Store, hosts: tuple[str, ...], watches: int, within: timedelta
) -> None:
    """Begin the watches, their looks spread evenly."""
    now = datetime.now(UTC)
    answers = {}
    for host in hosts:
        question = Question(target=parse_target(host))
        answers[host] = await service.ask(question)
    for number in range(watches):
        answer = answers[hosts[number % len(hosts)]]
        watch = begin(
            f"{number * 400_000 % 2**32:08x}{number:08x}",
            "state",
            answer.record.without_input().question,
            report=answer.report,
            # A channel watches a host once.
            asked=Asked(channel=f"C{number // _IN_A_CHANNEL:08d}", user="U0BENCH", lang="en"),
            now=now,
        )
        quiet = watch.model_copy(update={"quiet": 1000})
        await store.watches.add(quiet, now + within * (number / watches))


async def main(watches: int, minutes: float, seconds: float) -> None:
    """Measure and print."""
    configure_logging("console", level=logging.ERROR)
    print(f"== {watches} watches, each looked at every {minutes:g} minutes, for {seconds:g} s ==")
    cores = pin()
    show_machine(cores)
    metrics, listener = _Late(), _Listener()
    async with (
        open_peer(leaves=_SERVERS, core=cores[-1] if cores else None) as peer,
        open_embedded_server() as url,
        open_store(url, lambda: datetime.now(UTC)) as store,
    ):
        vantage = peer.vantage()
        service = Service(vantage, store, metrics=metrics)
        await add(service, store, peer.leaves, watches, timedelta(minutes=minutes))
        assert await store.watches.count() == watches
        watcher = Watcher(
            store.watches, service, listener, lambda: datetime.now(UTC), metrics=metrics
        )
        used, started = time.process_time(), time.perf_counter()
        watcher.start()
        await asyncio.sleep(seconds)
        share = (time.process_time() - used) / (time.perf_counter() - started)
        await watcher.aclose()
        # Those that were begun first were due while the others were still being added.
        late = metrics.seconds[len(metrics.seconds) // 10 :]
        await service.aclose()
        await vantage.aclose()
    looks = len(metrics.seconds)
    if listener.told:
        msg = f"{listener.told} notices, where nothing changed"
        raise RuntimeError(msg)
    show(
        "one bot",
        [
            Row("share of one core", share, "cores", 1.0),
            Row("the latest look", max(late, default=0.0), "s late", LATE_SECONDS),
            Row("looks a second", looks / seconds, "/s"),
            Row("processor time of a look", share * seconds * 1000 / max(1, looks), "ms"),
            Row("resident memory at its peak", peak_megabytes(), "MB"),
        ],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--watches", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.watches, chosen.minutes, chosen.seconds))
