"""Queues and workers in numbers, at the bot and at a worker's own port."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from redis import Redis

from bot.metrics import Metrics
from bot.settings import SettingsError, load_settings
from bot.store.connection import Connection, connect
from bot.vantage import open_local_vantage
from bot.worker import Post
from bot.worker.counts import Counts, counts_key
from bot.worker.door import open_door
from bot.worker.fleet import Fleet, Load, loads
from bot.worker.queue import message_of, stream_of
from bot.worker.worker import open_worker
from handlers.slack.doors import web_app
from handlers.slack.measure import Measures
from tests.worker.process import Plan, worker_process
from tests.worker.test_remote import HEALTHY, SILENT, asked, taken


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """To Redis."""
    opened = connect(redis_url)
    yield opened
    await opened.aclose()


def samples(text: str) -> dict[str, float]:
    """By name and labels' values."""
    return {
        " ".join([one.name, *(one.labels[name] for name in sorted(one.labels))]): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


async def test_what_waits_and_what_runs(
    post: Post, plan: Plan, redis_url: str, connection: Connection
) -> None:
    """Of each queue its length and its oldest order's age; of each place its workers and outcomes."""
    assert await loads(connection, None) == (Load("any"),)
    with Redis.from_url(redis_url) as client:
        async with worker_process(plan) as worker:
            client.xadd(stream_of("any"), {"data": "nonsense"})
            await post.vantage("prod-tokyo").check(asked(HEALTHY))
            check = asyncio.create_task(
                post.vantage("prod-tokyo").check(asked(SILENT, timeout=4.0))
            )
            await taken(redis_url)
            found = {one.vantage: one for one in await loads(connection, None)}
            tokyo = found["prod-tokyo"]
            assert (tokyo.waiting, tokyo.oldest, tokyo.running) == (0, 0.0, 1)
            assert (tokyo.workers, tokyo.capacity) == (1, 100)
            assert (found["any"].workers, found["any"].running) == (1, 0)
            await check
            assert await worker.stop() == 0
        for _ in range(3):
            client.xadd(stream_of("prod-tokyo"), {"data": message_of(f"{'0' * 32}.1", b"{}", "")})
        found = {one.vantage: one for one in await loads(connection, None)}
    tokyo = found["prod-tokyo"]
    assert (tokyo.waiting, tokyo.running, tokyo.workers) == (3, 0, 0)
    assert 0 <= tokyo.oldest < 30
    assert (tokyo.counts["answered"], tokyo.counts["dropped"]) == (2, 1)


async def test_at_the_bot(plan: Plan, connection: Connection) -> None:
    """`GET /metrics` of the bot has them, as of now; without Redis it has the rest."""
    measures = Measures(Metrics())
    fleet = Fleet(connection, measures.metrics.registry, None)

    async def no_problems() -> dict[str, str]:
        return {}

    runner = web.AppRunner(web_app(None, measures, no_problems, None, fleet))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"
        async with ClientSession() as session:
            async with worker_process(plan), session.get(url) as answer:
                found = samples(await answer.text())
                assert found["tlscheck_workers prod-tokyo"] == 1
                assert found["tlscheck_worker_capacity prod-tokyo"] == 100
                assert found["tlscheck_queue_waiting any"] == 0
                assert found["tlscheck_queue_oldest_seconds prod-tokyo"] == 0
                assert found["tlscheck_worker_orders_total taken_over prod-tokyo"] == 0
            async with session.get(url) as answer:
                assert samples(await answer.text())["tlscheck_workers prod-tokyo"] <= 1
            await connection.aclose()
            async with session.get(url) as answer:
                found = samples(await answer.text())
                assert "tlscheck_queue_waiting any" not in found
                assert "tlscheck_checks_running" in found
    finally:
        await runner.cleanup()


async def test_poison_in_the_numbers(connection: Connection, redis_url: str) -> None:
    """Keys of another type and odd names show no numbers, and no error."""
    counts = Counts()
    counts.add("answered")
    await counts.send(connection, "prod-tokyo", 9e9)
    with Redis.from_url(redis_url) as client:
        client.zadd("tlscheck:vantages", {b"\xff\xfe": 9e9, "a b": 9e9, "prod-osaka": 9e9})
        client.hset(counts_key("prod-osaka"), "answered", "nonsense")
        client.set(stream_of("prod-osaka"), "poison")
        client.xadd(stream_of("any"), {"data": "x"})
        found = {one.vantage: one for one in await loads(connection, None)}
        assert set(found) == {"any", "prod-tokyo", "prod-osaka"}
        assert found["prod-osaka"] == Load("prod-osaka")
        assert found["prod-tokyo"].counts == {"answered": 1}
        assert (found["any"].waiting, found["any"].running) == (1, 0)
        client.set(counts_key("prod-tokyo"), "poison")
        counts.add("answered", 2)
        await counts.send(connection, "prod-tokyo", 9e9)
        await counts.send(connection, "prod-tokyo", 9e9)
        assert (await loads(connection, None, ["prod-tokyo"]))[0].counts == {"answered": 2}
        client.set("tlscheck:vantages", "poison")
        assert [one.vantage for one in await loads(connection, None)] == ["any"]


async def test_a_workers_own_port(redis_url: str) -> None:
    """Its numbers, and whether checks can arrive; a port that is taken is a wrong setting."""
    settings = load_settings(
        _env_file=None, tlscheck_vantage="prod-tokyo", redis_url=SecretStr(redis_url)
    )
    metrics = Metrics()
    async with (
        open_worker(
            settings, redis_url, open_vantage=open_local_vantage, metrics=metrics
        ) as worker,
        ClientSession() as session,
    ):
        with socket.create_server(("127.0.0.1", 0)) as busy:
            port = busy.getsockname()[1]
            with pytest.raises(SettingsError, match=f"TLSCHECK_METRICS_PORT: port {port} is in"):
                async with open_door(port, worker, Metrics(), "127.0.0.1"):
                    pass
        async with open_door(None, worker, metrics) as none:
            assert none is None
        async with open_door(0, worker, metrics, "127.0.0.1") as opened:
            base = f"http://127.0.0.1:{opened}"
            worker.counts.add("refused")
            async with session.get(f"{base}/metrics") as answer:
                found = samples(await answer.text())
            assert found["tlscheck_orders_total refused"] == 1
            assert found["tlscheck_workers prod-tokyo"] == 1
            async with session.get(f"{base}/readyz") as answer:
                assert answer.status == 200
            worker.known = False
            async with session.get(f"{base}/readyz") as answer:
                assert answer.status == 503
                assert "redis" in (await answer.json())["problems"]
            async with session.get(f"{base}/healthz") as answer:
                assert answer.status == 200
