"""What shared messages show, kept in Redis, and that one change at a time is made to each."""

import pytest

from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.history import state_of
from bot.store import Store, open_store
from bot.store.posts import KEPT, LARGEST, Post
from tests.handlers.samples import missing_intermediate
from tests.store.conftest import utc_now


@pytest.fixture
def post() -> Post:
    """What one message shows."""
    report = missing_intermediate(Question(target=parse_target("shop.example.jp")))
    return Post(value="{}", result="r1", state=state_of(report), seen=report.checked_at)


async def test_it_is_found_by_its_place_for_thirty_days(store: Store, post: Post) -> None:
    """Whatever an id may be."""
    await store.posts.set("C1", "1.2", post)
    assert await store.posts.get("C1", "1.2") == post
    assert await store.posts.get("C1", "1.3") is None
    (name,) = await store.connection.execute("KEYS", "tlscheck:post:*")
    left = await store.connection.execute("PTTL", name)
    assert 0.99 < left / (KEPT.total_seconds() * 1000) <= 1
    await store.posts.set("\ud800", "x" * 5000, post)
    assert await store.posts.get("\ud800", "x" * 5000) == post


@pytest.mark.parametrize("raw", ["{", '{"value": 1}', "x" * (LARGEST + 10)])
async def test_what_does_not_fit_counts_as_absent(store: Store, post: Post, raw: str) -> None:
    """Redis is no friend."""
    await store.posts.set("C1", "1.2", post)
    (name,) = await store.connection.execute("KEYS", "tlscheck:post:*")
    await store.connection.execute("SET", name, raw)
    assert await store.posts.get("C1", "1.2") is None
    await store.connection.execute("DEL", name)
    await store.connection.execute("LPUSH", name, raw)
    assert await store.posts.get("C1", "1.2") is None


async def test_one_at_a_time(redis_url: str) -> None:
    """In this process and in another; afterwards the next one, also when the first one failed."""
    async with open_store(redis_url, utc_now) as one, open_store(redis_url, utc_now) as other:
        async with one.posts.alone("C1", "1.2") as first:
            assert first
            for store in (one, other):
                async with store.posts.alone("C1", "1.2") as second:
                    assert not second
                async with store.posts.alone("C1", "1.3") as elsewhere:
                    assert elsewhere
        with pytest.raises(ValueError, match="broken"):
            await _fail(other)
        async with one.posts.alone("C1", "1.2") as last:
            assert last


async def _fail(store: Store) -> None:
    async with store.posts.alone("C1", "1.2") as alone:
        assert alone
        msg = "broken"
        raise ValueError(msg)


async def test_without_redis_the_others_of_this_process_are_known() -> None:
    """Nobody is kept from checking again by an outage."""
    async with (
        open_store("redis://127.0.0.1:1/0", utc_now) as store,
        store.posts.alone("C1", "1.2") as first,
        store.posts.alone("C1", "1.2") as second,
    ):
        assert first
        assert not second
