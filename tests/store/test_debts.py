"""Debts: what a dead bot owed is taken over once, and nobody can read or forge it in Redis."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis.asyncio as redis

from bot.store import Store, open_store
from bot.store.connection import StoreAwayError
from bot.store.debts import LARGEST, Debt, Debts, debt_id
from tests.handlers.waiting import until
from tests.store.conftest import FragileServer, utc_now

MINUTES = timedelta(minutes=10)
URL = "https://hooks.slack.com/commands/T1/secret"


def made(store: Store, *, secrets: tuple[str, ...] = ("xoxb-1",), app: str = "a") -> Debts:
    """Debts of one process."""
    return Debts(store.connection, store.once, app, secrets)


def debt(delivery: str = "1", **payload: Any) -> Debt:
    """A debt for a press."""
    return Debt(
        id=debt_id("press", delivery),
        at=datetime.now(UTC),
        payload={"response_url": URL} | payload,
        notes={"ts": "1.2"},
    )


@pytest.fixture
async def other(redis_url: str) -> AsyncIterator[Store]:
    """The store of another process."""
    async with open_store(redis_url, utc_now) as opened:
        yield opened


async def test_a_delivery_is_begun_once(store: Store, other: Store) -> None:
    """By whichever bot, and the mark is there with the debt or not at all."""
    one, two = made(store), made(other)
    begun = await asyncio.gather(
        *(debts.begin(bot, debt(), MINUTES) for debts, bot in ((one, "a"), (two, "b")))
    )
    assert sorted(begun) == [False, True]
    held = [await store.connection.execute("HLEN", key) for key in (one._owed("a"), one._owed("b"))]
    assert sorted(held) == [0, 1]


async def test_a_dead_bot_is_inherited_from_once(store: Store, other: Store) -> None:
    """Of two that ask, each debt goes to one; the dead one learns of it."""
    one, two = made(store), made(other)
    await one.beat("a", takes_over=True)
    for number in range(50):
        await one.begin("a", debt(str(number)), MINUTES)
    assert await two.claim("a", "b", 20) == []
    await one.release("a")
    claims = await asyncio.gather(
        *(debts.claim("a", bot, 20) for debts, bot in ((one, "c"), (two, "b")) * 4)
    )
    ids = [claimed.id for some in claims for claimed in some]
    assert sorted(ids) == sorted(debt_id("press", str(number)) for number in range(50))
    assert all(one.debt is not None for some in claims for one in some)
    assert {one.times for some in claims for one in some} == {2}
    assert (await one.beat("a", takes_over=True)).taken_for_dead
    assert (await one.beat("looker", takes_over=False)).dead == ()


async def test_a_bot_without_a_sign_of_life_is_taken_for_dead(store: Store) -> None:
    """When its lease has ended, and not while it gives one."""
    debts = Debts(store.connection, store.once, "a", ["k"], lease=timedelta(milliseconds=200))
    await debts.begin("a", debt(), MINUTES)

    async def seen_dead() -> bool:
        await debts.beat("b", takes_over=True)
        return (await debts.beat("b", takes_over=True)).dead == ("a",)

    await until(seen_dead)
    assert len(await debts.claim("a", "b", 20)) == 1


async def test_a_bot_that_says_goodbye_is_inherited_from_at_once(store: Store) -> None:
    """Its lease does not have to end; one that owes nothing is simply gone."""
    debts = made(store)
    await debts.beat("a", takes_over=True)
    await debts.begin("a", debt(), MINUTES)
    await debts.release("a")
    assert (await debts.beat("b", takes_over=True)).dead == ("a",)
    [claimed] = await debts.claim("a", "b", 10)
    assert claimed.debt is not None
    assert claimed.debt.payload["response_url"] == URL
    assert claimed.debt.notes == {"ts": "1.2"}
    await debts.close("b", claimed.id)
    await debts.release("b")
    assert (await debts.beat("c", takes_over=True)).dead == ()


async def test_those_who_take_over_are_counted(store: Store) -> None:
    """One that is ending takes nothing over any more, and is not counted on."""
    debts = made(store)
    assert (await debts.beat("a", takes_over=True)).others == 0
    assert (await debts.beat("b", takes_over=True)).others == 1
    assert (await debts.beat("a", takes_over=False)).others == 1
    assert (await debts.beat("b", takes_over=False)).others == 0


async def test_a_server_that_forgot_everything_is_noticed(store: Store) -> None:
    """A bot that is not known any more has not been taken for dead."""
    debts = made(store)
    assert not (await debts.beat("a", takes_over=True)).known
    assert (await debts.beat("a", takes_over=True)).known
    await store.connection.execute("FLUSHALL")
    beat = await debts.beat("a", takes_over=True)
    assert not beat.known
    assert not beat.taken_for_dead


async def test_redis_shows_nothing_and_takes_no_forgery(store: Store, redis_url: str) -> None:
    """Neither the address nor what was said; what others wrote, or moved, is not acted upon."""
    debts = made(store)
    await debts.begin("a", debt(text="our secret host"), MINUTES)
    async with redis.Redis.from_url(redis_url) as client:
        [raw] = (await client.hgetall(debts._owed("a"))).values()
        assert b"secret" not in raw
        await client.hset(debts._owed("a"), debt_id("press", "2"), raw)
        await client.hset(debts._owed("a"), debt_id("press", "3"), b"1 {}")
        await client.hset(debts._owed("a"), debt_id("press", "4"), b"1 " + b"x" * (LARGEST + 1))
        await client.hset(debts._owed("a"), "nonsense", b"nonsense")
    await debts.release("a")
    claimed = {one.id: one.debt for one in await debts.claim("a", "b", 20)}
    assert claimed[debt_id("press", "1")] is not None
    assert claimed[debt_id("press", "2")] is None
    assert claimed[debt_id("press", "3")] is None
    assert claimed[debt_id("press", "4")] is None
    assert "nonsense" not in claimed


async def test_keys_change_and_apps_do_not_meet(store: Store) -> None:
    """An older key still opens; another app on the same Redis sees nothing."""
    old, new = made(store, secrets=("old",)), made(store, secrets=("new", "old"))
    await old.begin("a", debt(), MINUTES)
    await new.release("a")
    assert (await made(store, app="b").beat("x", takes_over=True)).dead == ()
    [claimed] = await new.claim("a", "b", 10)
    assert claimed.debt is not None


async def test_what_is_too_large_is_begun_and_not_owed(store: Store) -> None:
    """The delivery is still taken once; nobody can take it over."""
    debts = made(store)
    noise = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(60_000))
    assert await debts.begin("a", debt(text=noise), MINUTES)
    assert not await debts.begin("b", debt(text=noise), MINUTES)
    assert await store.connection.execute("HLEN", debts._owed("a")) == 0


async def test_the_owner_of_a_mark_is_the_first_again(store: Store, other: Store) -> None:
    """Who takes over a debt may do what the dead one had marked as done; nobody else may."""
    assert await store.first_time("share", "1", MINUTES, owner="d1")
    assert await other.first_time("share", "1", MINUTES, owner="d1")
    assert await store.first_time("share", "1", MINUTES, owner="d1")
    assert not await other.first_time("share", "1", MINUTES, owner="d2")
    assert not await store.first_time("share", "1", MINUTES)


async def test_without_redis_it_is_said(fragile_server: FragileServer) -> None:
    """The caller decides; the process still remembers what it took."""
    async with open_store(fragile_server.url, utc_now) as store:
        debts = made(store)
        fragile_server.stop()
        with pytest.raises(StoreAwayError):
            await debts.begin("a", debt(), MINUTES)
        assert not await debts.begin("a", debt(), MINUTES)


async def test_a_delivery_that_comes_again_is_adopted_once(store: Store, other: Store) -> None:
    """Once the bot that took it is dead, by one of those that ask."""
    one, two = made(store), made(other)
    id_ = debt().id
    await one.beat("a", takes_over=True)
    assert await one.take("a", id_, MINUTES) is None
    assert await one.take("a", id_, MINUTES) == ""
    assert await two.take("b", id_, MINUTES) == "a"
    lease = await two.adopt("a", debt(), MINUTES)
    assert lease > 0
    await one.release("a")
    assert sorted([await two.adopt("a", debt(), MINUTES) for _ in range(2)]) == [-1, 0]
    [nobody] = (await two.beat("b", takes_over=True)).dead
    [claimed] = await two.claim(nobody, "b", 10)
    assert claimed.id == id_


async def test_what_is_owed_is_not_adopted(store: Store, other: Store) -> None:
    """Whoever takes over from the dead bot answers already."""
    one, two = made(store), made(other)
    assert await one.take("a", debt().id, MINUTES) is None
    await one.owe("a", debt(), MINUTES)
    assert await two.take("b", debt().id, MINUTES) == debt().id
    await one.release("a")
    assert await two.adopt("a", debt(), MINUTES) == -1
