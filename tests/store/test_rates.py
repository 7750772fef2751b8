"""Rates: bursts are allowed, streams are smoothed, and all processes count together."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.store import open_store
from bot.store.connection import connect
from bot.store.rates import Rate, Rates
from tests.store.conftest import FragileServer, utc_now

TEN = Rate(10, timedelta(minutes=1))


class Clock:
    """A clock that a test sets."""

    now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The moment that was set."""
        return self.now


async def test_a_burst_and_then_a_stream(redis_url: str) -> None:
    """Ten at once, then one in six seconds; after a minute of rest ten again."""
    clock = Clock()
    connection = connect(redis_url, lambda _: None)
    rates = Rates(connection, clock)
    assert [await rates.take("person", "U1", TEN) for _ in range(10)] == [None] * 10
    assert await rates.take("person", "U1", TEN) == timedelta(seconds=6)
    clock.now += timedelta(seconds=6)
    assert await rates.take("person", "U1", TEN) is None
    assert await rates.take("person", "U1", TEN) == timedelta(seconds=6)
    clock.now += timedelta(minutes=1)
    assert [await rates.take("person", "U1", TEN) for _ in range(10)] == [None] * 10
    await connection.aclose()


async def test_people_and_channels_do_not_meet(redis_url: str) -> None:
    """Each has an allowance of their own, whatever their id is made of."""
    connection = connect(redis_url, lambda _: None)
    rates = Rates(connection, Clock())
    one = Rate(1, timedelta(minutes=1))
    for kind, who in (("person", "U1"), ("person", "U2"), ("channel", "U1"), ("person", "\ud800")):
        assert await rates.take(kind, who, one) is None
        assert await rates.take(kind, who, one) is not None
    await connection.aclose()


async def test_many_processes_count_together(redis_url: str) -> None:
    """Thirty takes by two processes at once: ten are let through."""
    async with open_store(redis_url, utc_now) as one, open_store(redis_url, utc_now) as other:
        hour = Rate(10, timedelta(hours=1))
        waits = await asyncio.gather(
            *(store.rates.take("person", "U1", hour) for store in (one, other) * 15)
        )
    assert waits.count(None) == 10


async def test_what_stands_there_may_be_anything(redis_url: str) -> None:
    """A list, words, or a moment in a hundred years lock nobody out."""
    connection = connect(redis_url, lambda _: None)
    rates = Rates(connection, Clock())
    await rates.take("person", "U1", TEN)
    (name,) = await connection.execute("KEYS", "tlscheck:rate:*")
    for raw in ("words", "9" * 15):
        await connection.execute("SET", name, raw)
        assert await rates.take("person", "U1", TEN) is None
    await connection.execute("DEL", name)
    await connection.execute("RPUSH", name, "x")
    assert await rates.take("person", "U1", TEN) is None
    await connection.aclose()


async def test_an_outage_silences_nobody(fragile_server: FragileServer) -> None:
    """While Redis is away nothing is counted."""
    async with open_store(fragile_server.url, utc_now) as store:
        fragile_server.stop()
        one = Rate(1, timedelta(hours=1))
        assert [await store.rates.take("person", "U1", one) for _ in range(3)] == [None] * 3
