"""Deliveries: each is done once, whoever gets it and whether Redis is there or not."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.store import Store, open_store
from bot.store.once import REMEMBERED
from tests.store.conftest import FragileServer, utc_now

MINUTES = timedelta(minutes=10)


async def test_the_first_asker_of_all_processes_wins(store: Store, redis_url: str) -> None:
    """Two processes that get the same delivery at once: one does it."""
    async with open_store(redis_url, utc_now) as other:
        answers = await asyncio.gather(
            *(one.first_time("event", "Ev1", MINUTES) for one in (store, other) * 20)
        )
    assert answers.count(True) == 1


async def test_kinds_and_ids_do_not_meet(store: Store) -> None:
    """Ids come from outside: of any content, each its own."""
    pairs = [
        ("a", "b\nc"),
        ("a\nb", "c2"),
        ("event", ""),
        ("event", "x" * 100_000),
        ("e", "\ud800"),
    ]
    assert all([await store.first_time(kind, one, MINUTES) for kind, one in pairs])
    assert not any([await store.first_time(kind, one, MINUTES) for kind, one in pairs])
    names = await store.connection.execute("KEYS", "*")
    assert all(len(name) < 100 for name in names)


async def test_it_is_forgotten_after_its_time(redis_url: str) -> None:
    """The same id may come again later, in Redis and in the process."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with open_store(redis_url, lambda: now) as store:
        assert await store.first_time("event", "Ev1", timedelta(milliseconds=50))
        now += timedelta(seconds=1)
        await asyncio.sleep(0.06)
        assert await store.first_time("event", "Ev1", MINUTES)


async def test_without_redis_the_process_remembers(fragile_server: FragileServer) -> None:
    """An outage between two deliveries of one thing does not do it twice."""
    async with open_store(fragile_server.url, utc_now) as store:
        assert await store.first_time("event", "before", MINUTES)
        fragile_server.stop()
        assert not await store.first_time("event", "before", MINUTES)
        assert await store.first_time("event", "during", MINUTES)
        assert not await store.first_time("event", "during", MINUTES)


async def test_the_memory_is_bounded(fragile_server: FragileServer) -> None:
    """Deliveries that nobody repeats do not fill the memory."""
    fragile_server.stop()
    async with open_store(fragile_server.url, utc_now) as store:
        for number in range(REMEMBERED + 100):
            assert await store.first_time("event", str(number), MINUTES)
        assert len(store.once._seen) == REMEMBERED
