"""The shelf over a real server: bounded, expiring, and never in anybody's way."""

import asyncio
import hashlib

import pytest

from bot.store import Store, open_store
from bot.store.shelf import LARGEST_VALUE, RedisShelf
from tests.store.conftest import FragileServer, utc_now
from tests.store.test_connection import until


def name(text: str) -> str:
    """A name as the users of the shelf make them."""
    return hashlib.sha256(text.encode()).hexdigest()


async def put(shelf: RedisShelf, text: str, value: bytes, seconds: float = 60) -> None:
    """Put something, and wait until it is there."""
    shelf.put(name(text), value, seconds)
    await shelf.settle()


async def test_what_is_put_is_there_for_every_process(store: Store, redis_url: str) -> None:
    """Bytes come back as they were, from another connection too, for as long as was said."""
    await put(store.shelf, "a", b"\x00+\xff", 60)
    async with open_store(redis_url, utc_now) as other:
        assert await other.shelf.get(name("a")) == b"\x00+\xff"
        assert await other.shelf.get(name("b")) is None
        left = await other.connection.execute("PTTL", f"tlscheck:shelf:{name('a')}")
    assert 50_000 < left <= 60_000


async def test_number_and_bytes_are_bounded(store: Store) -> None:
    """What ends soonest goes first; a value that is put again counts once."""
    few = RedisShelf(store.connection, most_values=3, most_bytes=100)
    for number in range(5):
        await put(few, f"n{number}", b"x" * 10, 100 + number)
    await put(few, "n4", b"y" * 10, 200)
    found = [await few.get(name(f"n{number}")) for number in range(5)]
    assert [one is not None for one in found] == [False, False, True, True, True]
    await put(few, "large", b"z" * 85, 300)
    kept = [await few.get(name(one)) for one in ("n2", "n3", "n4", "large")]
    assert [one is not None for one in kept] == [False, False, True, True]
    assert await store.connection.execute("ZCARD", "tlscheck:shelf") == 2


@pytest.mark.parametrize("poison", ["list", "huge"])
async def test_poison_is_a_miss(store: Store, poison: str) -> None:
    """Another type, or more than fits: absent; and a right value can be put over it."""
    key = f"tlscheck:shelf:{name('a')}"
    if poison == "list":
        await store.connection.execute("RPUSH", key, "x")
        await store.connection.execute("SET", "tlscheck:shelf", "no sorted set")
    else:
        await store.connection.execute("SETRANGE", key, LARGEST_VALUE + 10, "x")
        await store.connection.execute("ZADD", "tlscheck:shelf", 9 * 10**15, "not one of ours")
    assert await store.shelf.get(name("a")) is None
    await put(store.shelf, "a", b"right")
    assert await store.shelf.get(name("a")) == b"right"


async def test_too_large_a_value_is_not_kept(store: Store) -> None:
    """Neither written nor read."""
    await put(store.shelf, "a", b"x" * (LARGEST_VALUE + 1))
    assert await store.shelf.get(name("a")) is None


async def test_without_redis_there_is_nothing_and_nobody_waits(
    fragile_server: FragileServer,
) -> None:
    """A look ends at once, a put is forgotten; with Redis back both work."""
    await asyncio.to_thread(fragile_server.stop)
    async with open_store(fragile_server.url, utc_now) as store:
        await put(store.shelf, "a", b"lost")
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await store.shelf.get(name("a")) is None
        assert loop.time() - began < 0.5
        await asyncio.to_thread(fragile_server.start)
        await until(lambda: not store.away)
        await put(store.shelf, "a", b"back")
        assert await store.shelf.get(name("a")) == b"back"
