"""What watched hosts, answers and sweeps cost in Redis and in processor time, and what follows.

`python -m tests.benchmarks.scale [--many 1000] [--hosts 100] [--write deploy/SCALE.md]`

Everything is written by the program's own parts into a real Valkey, and Redis is asked what it
holds and did. The arithmetic from these figures is in `tests.benchmarks.sizes`; with --write both
tables are put into the document.
"""

import argparse
import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import redis.asyncio as redis

from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.history import state_of
from bot.log import configure_logging
from bot.service import Answer, Service
from bot.store import Store, open_embedded_server, open_store
from bot.store.recent import Checked
from bot.watch import Asked, Notice, Watch, begin
from bot.watcher import Told, Watcher
from bot.worker import open_post
from tests.benchmarks.peer import MISSING, Peer, open_peer
from tests.benchmarks.sizes import Figures, write
from tests.benchmarks.table import show_machine
from tests.worker.process import Plan, worker_process

_IN_A_CHANNEL = 100
_SHELF_VALUE = 1500
"""Bytes of an intermediate certificate, or of an OCSP answer."""


def now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Used:
    """What Redis held and did."""

    memory: int
    commands: int
    processor: float


async def _used(client: redis.Redis) -> _Used:
    info = await client.info("everything")
    processor = float(info["used_cpu_user_main_thread"]) + float(info["used_cpu_sys_main_thread"])
    return _Used(int(info["used_memory"]), int(info["total_commands_processed"]), processor)


@asynccontextmanager
async def _place() -> AsyncIterator[tuple[str, redis.Redis, Store]]:
    """An empty server, a client that only looks at it, and a store over it."""
    async with (
        open_embedded_server(memory="2gb") as url,
        redis.Redis.from_url(url) as client,
        open_store(url, now) as store,
    ):
        yield url, client, store


async def _bytes_of(many: int, put: Callable[[Store, int], Awaitable[object]]) -> float:
    """Bytes of memory that each of many takes."""
    async with _place() as (_, client, store):
        await put(store, many)
        before = await _used(client)
        for number in range(many):
            await put(store, number)
        await store.shelf.settle()
        return ((await _used(client)).memory - before.memory) / many


class _Listener:
    async def tell(self, watch: Watch, notice: Notice) -> Told:
        """Nothing changes, so nobody is told."""
        raise AssertionError((watch.id, notice.code))


def _watch(answer: Answer, number: int) -> Watch:
    watch = begin(
        f"{number:08x}{secrets.token_hex(4)}",
        "state",
        answer.record.without_input().question.model_copy(
            update={"target": parse_target(f"host-{number:06d}.example.jp")}
        ),
        report=answer.report,
        asked=Asked(
            channel=f"C{number // _IN_A_CHANNEL:08d}", user=f"U{number // 20:08d}", lang="en"
        ),
        now=now(),
    )
    return watch.model_copy(update={"quiet": 1000})


async def measure_memory(sound: Answer, broken: Answer, many: int) -> dict[str, float]:
    """Bytes of each thing that Redis keeps."""
    day = timedelta(minutes=5)

    async def watch(store: Store, number: int) -> None:
        await store.watches.add(_watch(sound, number), now())

    def result_of(answer: Answer) -> Callable[[Store, int], Awaitable[object]]:
        async def put(store: Store, number: int) -> None:
            report = answer.report.model_copy(update={"id": secrets.token_hex(16)})
            changed = {"report": report, "key": f"{number:064x}"}
            await store.results.put(answer.record.model_copy(update=changed), day)

        return put

    async def history(store: Store, number: int) -> None:
        report = sound.report
        await store.history.note(f"{number:064x}", state_of(report), report.checked_at, report.id)

    async def neighbour(store: Store, number: int) -> None:
        target = parse_target(f"host-{number:06d}.example.jp")
        await store.neighbours.note(f"{number // 500:064x}", target, now())

    async def recent(store: Store, number: int) -> None:
        report = sound.report
        asked = Question(target=parse_target(f"host-{number % 50:06d}.example.jp"))
        checked = Checked(
            question=asked, verdict=report.verdict, at=now(), result=report.id, channel="C0INCIDENT"
        )
        await store.recent.note([f"U{number // 50:08d}"], checked)

    async def shelf(store: Store, number: int) -> None:
        store.shelf.put(f"{number:064x}", secrets.token_bytes(_SHELF_VALUE), 3600)
        await store.shelf.settle()

    return {
        "watch_bytes": await _bytes_of(many, watch),
        "result_bytes": await _bytes_of(many, result_of(sound)),
        "broken_result_bytes": await _bytes_of(many, result_of(broken)),
        "history_bytes": await _bytes_of(many, history),
        "neighbour_bytes": await _bytes_of(many, neighbour),
        "recent_bytes": await _bytes_of(many, recent),
        "shelf_bytes": await _bytes_of(min(many, 400), shelf),
    }


async def measure_work(peer: Peer) -> dict[str, float]:
    """Redis commands and processor time of looks and answers, for one bot."""
    vantage = peer.vantage()
    async with _place() as (_, client, store):
        service = Service(vantage, store)
        questions = [Question(target=parse_target(host)) for host in peer.leaves]

        async def ask_all() -> tuple[_Used, float]:
            before, own = await _used(client), time.process_time()
            for one in questions:
                await service.ask(one)
            own = time.process_time() - own
            after = await _used(client)
            commands = after.commands - before.commands - 1
            return _Used(0, commands, after.processor - before.processor), own

        await service.ask(Question(target=parse_target(MISSING)))
        fresh, own = await ask_all()
        cached, _ = await ask_all()
        each = len(questions)
        for number, one in enumerate(questions):
            watch = _watch(await service.ask(one), number)
            asked = watch.model_copy(update={"question": one})
            await store.watches.add(asked, now())
        before, used = await _used(client), time.process_time()
        looked = 0
        watcher = Watcher(store.watches, service, _Listener(), now, pause_seconds=0.05)
        watcher.start()
        async with asyncio.timeout(120):
            while looked < each:
                await asyncio.sleep(0.05)
                seen = await store.connection.execute(
                    "ZCOUNT", "tlscheck:watches:due", "-inf", int(now().timestamp() * 1000) + 90_000
                )
                looked = each - int(seen)
        await watcher.aclose()
        used, after = time.process_time() - used, await _used(client)
        await service.aclose()
    await vantage.aclose()
    return {
        "fresh_commands": fresh.commands / each,
        "fresh_ms": own * 1000 / each,
        "cached_commands": cached.commands / each,
        "look_commands": (after.commands - before.commands) / each,
        "look_redis_ms": (after.processor - before.processor) * 1000 / each,
        "look_ms": used * 1000 / each,
    }


async def measure_sweep(peer: Peer, hosts: int) -> dict[str, float]:
    """Redis commands of a host that is checked at a worker."""
    async with _place() as (url, client, _):
        plan = Plan(
            url=url,
            vantage="bench",
            names=peer.near,
            networks=tuple(str(ip_network(one)) for one in peer.networks),
            roots_pem=peer.roots_pem,
        )
        async with worker_process(plan), open_post(url) as post:
            await post.look()
            place = post.vantage("any", later=False)
            before = await _used(client)
            leaves = (peer.leaves * -(-hosts // len(peer.leaves)))[:hosts]
            for start in range(0, hosts, 50):
                some = leaves[start : start + 50]
                await asyncio.gather(
                    *(place.check(Question(target=parse_target(host))) for host in some)
                )
            after = await _used(client)
    return {"sweep_commands": (after.commands - before.commands) / hosts}


async def main(many: int, hosts: int, document: Path | None) -> None:
    """Measure and print."""
    configure_logging("console", level=logging.ERROR)
    print(f"== what things cost: {many} of each, {hosts} hosts ==")
    show_machine()
    async with open_peer(leaves=hosts) as peer:
        vantage = peer.vantage()
        async with _place() as (_, _, store):
            service = Service(vantage, store)
            sound = await service.ask(Question(target=parse_target(peer.leaves[0])))
            broken = await service.ask(Question(target=parse_target(MISSING)))
            await service.aclose()
        await vantage.aclose()
        measured = await measure_memory(sound, broken, many)
        measured |= await measure_work(peer)
        measured |= await measure_sweep(peer, hosts)
    figures = Figures(**{name: float(f"{value:.3g}") for name, value in measured.items()})
    print(f"\n{figures.table()}\n\n{figures.computed()}")
    if document is not None:
        write(document, figures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.many, chosen.hosts, chosen.write))
