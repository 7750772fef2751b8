"""The lock: one owner, an expiry, and waiters who are told."""

import asyncio
import time

import pytest

from bot.store import Store, open_store
from bot.store.lock import Busy, Lock
from bot.store.notice import CHANNEL, Waiter
from tests.store.conftest import FragileServer, utc_now
from tests.store.test_connection import until


async def _take(store: Store, key: str = "key") -> Lock:
    lock = await store.locks.take(key)
    assert isinstance(lock, Lock)
    return lock


async def _take_when_free(store: Store) -> None:
    """Wait for the lease to end."""
    end = time.monotonic() + 5
    while isinstance(await store.locks.take("key"), Busy):
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def test_one_of_many_gets_it(store: Store) -> None:
    """Of a hundred who ask at once exactly one holds the lock."""
    taken = await asyncio.gather(*(store.locks.take("key") for _ in range(100)))
    assert sum(isinstance(one, Lock) for one in taken) == 1
    left = [one.seconds_left for one in taken if isinstance(one, Busy)]
    assert all(2 < seconds <= 3 for seconds in left)


async def test_released_it_can_be_taken_again(store: Store) -> None:
    """Giving the lock back frees it at once."""
    await (await _take(store)).release()
    await _take(store)


async def test_a_lock_that_was_lost_is_neither_extended_nor_released(store: Store) -> None:
    """The late holder cannot touch the next holder's lock."""
    late = await _take(store)
    await store.connection.execute("DEL", "tlscheck:lock:key")
    await _take(store)
    assert not await late.extend()
    await late.release()
    assert isinstance(await store.locks.take("key"), Busy)


async def test_it_is_extended_while_the_holder_works(redis_url: str) -> None:
    """A check longer than the lease keeps its lock."""
    async with open_store(redis_url, utc_now, lease_seconds=0.4) as store:
        lock = await _take(store)
        async with lock.kept():
            end = time.monotonic() + 1
            while time.monotonic() < end:
                assert isinstance(await store.locks.take("key"), Busy)
                await asyncio.sleep(0.02)
        await _take_when_free(store)


@pytest.mark.parametrize("value", [("SET", "by hand"), ("RPUSH", "x")], ids=["string", "list"])
async def test_a_lock_without_an_end_gets_one(redis_url: str, value: tuple[str, str]) -> None:
    """What somebody left under the lock's key does not block for ever, nor break the owner."""
    async with open_store(redis_url, utc_now, lease_seconds=0.2) as store:
        await store.connection.execute(value[0], "tlscheck:lock:key", value[1])
        busy = await store.locks.take("key")
        assert busy == Busy(0.2)
        impostor = Lock(store.connection, "key", "by hand?", 1)
        assert not await impostor.extend()
        await impostor.release()
        await _take_when_free(store)


async def _told(waiter: Waiter) -> str:
    """The next result's id; a subscription that comes to life wakes everybody without one."""
    async with asyncio.timeout(2):
        while (result_id := await waiter.wait(1)) is None:
            pass
    return result_id


async def test_waiters_everywhere_are_told(store: Store, redis_url: str) -> None:
    """The release names the result to every waiter of that key, in each process."""
    async with (
        open_store(redis_url, utc_now) as other,
        store.notices.listen("key") as here,
        other.notices.listen("key") as there,
        other.notices.listen("other") as elsewhere,
    ):
        lock = await _take(store)
        await lock.release("result-1")
        assert await _told(here) == "result-1"
        assert await _told(there) == "result-1"
        assert await elsewhere.wait(0.05) is None


async def test_foreign_notices_are_harmless(store: Store) -> None:
    """Any bytes may be published on our channel."""
    async with store.notices.listen("key") as waiter:
        await waiter.wait(1)
        for data in (b"", b"\xff\xfe", b"key", b" ", b"x" * 100_000, b"key  result"):
            await store.connection.execute("PUBLISH", CHANNEL, data)
        await store.connection.execute("PUBLISH", CHANNEL, "key result-2")
        async with asyncio.timeout(2):
            while await _told(waiter) != "result-2":
                pass


async def test_the_subscription_comes_back_after_a_restart(fragile_server: FragileServer) -> None:
    """After an outage waiters are woken to look, and are told again."""
    async with open_store(fragile_server.url, utc_now) as store:
        async with store.notices.listen("key") as waiter:
            await waiter.wait(1)
            fragile_server.stop()
            fragile_server.start()
            assert await waiter.wait(5) is None
            await until(lambda: not store.away)
            await (await _take(store)).release("result-3")
            assert await waiter.wait(5) == "result-3"
        assert not store.notices._waiters


async def test_waiting_without_redis_ends_by_itself(fragile_server: FragileServer) -> None:
    """Without a subscription the waiter still gets its turn, after its bound."""
    fragile_server.stop()
    async with (
        open_store(fragile_server.url, utc_now) as store,
        asyncio.timeout(2),
        store.notices.listen("key") as waiter,
    ):
        assert await waiter.wait(0.1) is None
