"""Which result a thread is about, written down in Redis for all processes."""

from bot.store import Store, open_store
from bot.store.threads import KEPT, LONGEST
from tests.store.conftest import utc_now


async def test_a_thread_is_found_by_its_place(redis_url: str) -> None:
    """By another process, too; channels and timestamps do not meet."""
    async with open_store(redis_url, utc_now) as one, open_store(redis_url, utc_now) as other:
        await one.threads.set("C1", "1.2", "result 一")
        assert await other.threads.get("C1", "1.2") == "result 一"
        assert await other.threads.get("C1", "1.3") is None
        assert await other.threads.get("C2", "1.2") is None
        await other.threads.set("C1", "1.2", "newer")
        assert await one.threads.get("C1", "1.2") == "newer"


async def test_for_thirty_days(store: Store) -> None:
    """And not for ever."""
    await store.threads.set("C1", "1.2", "value")
    (name,) = await store.connection.execute("KEYS", "tlscheck:thread:*")
    left = await store.connection.execute("PTTL", name)
    assert 0.99 < left / (KEPT.total_seconds() * 1000) <= 1


async def test_what_does_not_fit_is_left_out(store: Store) -> None:
    """Neither written nor read; an id may be anything."""
    await store.threads.set("\ud800", "x" * 5000, "v" * LONGEST)
    assert await store.threads.get("\ud800", "x" * 5000) == "v" * LONGEST
    await store.threads.set("C1", "1.2", "v" * (LONGEST + 1))
    assert await store.threads.get("C1", "1.2") is None
    (name,) = await store.connection.execute("KEYS", "tlscheck:thread:*")
    await store.connection.execute("SET", name, "v" * 100_000)
    assert await store.threads.get("\ud800", "x" * 5000) is None
    await store.connection.execute("DEL", name)
    await store.connection.execute("LPUSH", name, "v")
    assert await store.threads.get("\ud800", "x" * 5000) is None
