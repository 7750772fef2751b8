"""Watches in Redis: claimed by one, settled once, bounded, and nothing believed that does not fit."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from bot.diagnosis.report import Report
from bot.store import Store, StoreAwayError, open_store
from bot.store.watches import LEASE, MOST_IN_CHANNEL, TooManyWatchesError
from bot.watch import Asked, Kind, Watch, begin
from tests.store.conftest import FragileServer, utc_now
from tests.store.samples import question, report

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE = timedelta(minutes=1)


def watch(host: str = "shop.example.jp", channel: str = "C024BE91L", kind: Kind = "state") -> Watch:
    """A watch that somebody has just asked for."""
    asked = question(host)
    return begin(
        secrets.token_hex(8),
        kind,
        asked,
        report=_whole_seconds(report(asked)),
        asked=Asked(channel=channel, user="U2147483697", lang="en"),
        now=NOW,
    )


def _whole_seconds(shown: Report) -> Report:
    """As certificates have them, and as they are stored."""
    return Report.model_validate_json(shown.to_json())


async def test_due_watches_are_claimed_by_one(store: Store, redis_url: str) -> None:
    """Two bots that ask in the same moment share what is due; what is not due stays."""
    due = [watch(f"h{n}.example.jp") for n in range(20)]
    for n, one in enumerate(due):
        await store.watches.add(one, NOW + n * timedelta(seconds=1))
    await store.watches.add(watch("later.example.jp"), NOW + 10 * MINUTE)
    async with open_store(redis_url, utc_now) as other:
        shares = await asyncio.gather(
            *(one.watches.claim(NOW + MINUTE, 7) for one in (store, other, store, other))
        )
    claimed = [one for share in shares for one in share]
    assert sorted(one.watch.id for one in claimed) == sorted(one.id for one in due)
    first = next(one for one in claimed if one.watch.id == due[3].id)
    assert abs(first.due - NOW - timedelta(seconds=3)) < timedelta(milliseconds=2)
    assert first.watch == due[3]


async def test_a_bot_that_dies_is_replaced(store: Store) -> None:
    """What was claimed and never settled is due again when the lease ends."""
    one = watch()
    await store.watches.add(one, NOW)
    assert len(await store.watches.claim(NOW, 10)) == 1
    assert await store.watches.claim(NOW + LEASE / 2, 10) == []
    (again,) = await store.watches.claim(NOW + LEASE, 10)
    assert again.watch == one


async def test_one_settlement_a_turn(store: Store) -> None:
    """Of two bots that looked, the first counts; the other has nothing to tell."""
    one = watch()
    await store.watches.add(one, NOW)
    after = one.model_copy(update={"turn": 1, "quiet": 1})
    assert await store.watches.settle(after, 0, NOW + MINUTE)
    assert not await store.watches.settle(after, 0, NOW + MINUTE)
    assert await store.watches.get(one.id) == after
    assert await store.watches.claim(NOW, 10) == []
    (claimed,) = await store.watches.claim(NOW + MINUTE, 10)
    assert claimed.watch == after


async def test_an_ended_watch_stays_ended(store: Store) -> None:
    """Somebody ends it while a bot looks: the look settles nothing."""
    one = watch()
    await store.watches.add(one, NOW)
    await store.watches.claim(NOW, 10)
    assert await store.watches.remove(one)
    assert not await store.watches.remove(one)
    assert not await store.watches.settle(one.model_copy(update={"turn": 1}), 0, NOW)
    assert await store.watches.of_channel(one.channel) == []
    assert await store.watches.count() == 0


async def test_the_same_is_watched_once_in_a_channel(store: Store) -> None:
    """The second asker gets the first one's watch; another kind or channel is another watch."""
    one = watch()
    assert await store.watches.add(one, NOW) == one.id
    assert await store.watches.add(watch(), NOW) == one.id
    for other in (watch(kind="expiry"), watch(channel="C0OTHER00")):
        assert await store.watches.add(other, NOW) == other.id
    assert len(await store.watches.of_channel(one.channel)) == 2
    await store.watches.remove(one)
    again = watch()
    assert await store.watches.add(again, NOW) == again.id


async def test_a_channel_has_bounds(store: Store) -> None:
    """Two hundred in one channel; another one still has room."""
    for n in range(MOST_IN_CHANNEL):
        await store.watches.add(watch(f"h{n}.example.jp"), NOW)
    with pytest.raises(TooManyWatchesError):
        await store.watches.add(watch("one-more.example.jp"), NOW)
    await store.watches.add(watch(channel="C0OTHER00"), NOW)
    assert len(await store.watches.of_channel("C024BE91L")) == MOST_IN_CHANNEL


async def test_what_nobody_asked_for_is_dropped(store: Store) -> None:
    """Whoever writes to Redis chooses neither where the bot connects nor whom it tells."""
    good = watch()
    changes: tuple[dict[str, object], ...] = (
        {"question": good.question.model_copy(update={"allow_networks": ("10.0.0.0/8",)})},
        {"channel": "<!channel>"},
        {"user": "everybody"},
        {"id": "0" * 16},
    )
    for n, change in enumerate(changes):
        name = f"{n:016x}" if n < 3 else "f" * 16
        raw = good.model_copy(update={"id": name, **change}).model_dump_json()
        await store.connection.execute("SET", f"tlscheck:watch:{name}", f"0 {raw}")
        await store.connection.execute("ZADD", "tlscheck:watches:due", 1, name)
    await store.connection.execute("SET", "tlscheck:watch:eeee", "x" * 100_000)
    await store.connection.execute("ZADD", "tlscheck:watches:due", 1, "eeee")
    await store.connection.execute("ZADD", "tlscheck:watches:due", 1, "gone")
    await store.watches.add(good, NOW)
    assert [one.watch.id for one in await store.watches.claim(NOW, 10)] == [good.id]
    assert await store.watches.count() == 1


async def test_watches_survive_a_restart_of_the_bot(store: Store, redis_url: str) -> None:
    """They live in Redis alone."""
    one = watch()
    await store.watches.add(one, NOW)
    async with open_store(redis_url, utc_now) as next_bot:
        assert await next_bot.watches.of_channel(one.channel) == [one]


async def test_what_somebody_began_is_found(store: Store) -> None:
    """In whatever channel; what ended or ran out is not, and is forgotten."""
    one, two = watch(), watch("mail.example.jp", channel="C1")
    other = watch("other.example.jp").model_copy(update={"user": "U2"})
    for added in (one, two, other):
        await store.watches.add(added, NOW)
    assert await store.watches.of_person(one.user) == sorted((one, two), key=lambda w: w.begun)
    assert await store.watches.of_person("U3") == []
    await store.watches.remove(one)
    await store.connection.execute("DEL", f"tlscheck:watch:{two.id}")
    assert await store.watches.of_person(one.user) == []
    assert await store.connection.execute("EXISTS", f"tlscheck:watches:of:{one.user}") == 0
    await store.connection.execute("SET", f"tlscheck:watches:of:{other.user}", "v")
    assert await store.watches.of_person(other.user) == []


async def test_redis_away(fragile_server: FragileServer) -> None:
    """Said by the usual error, and over when Redis is back."""
    async with open_store(fragile_server.url, utc_now) as store:
        await store.watches.add(watch(), NOW)
        fragile_server.stop()
        with pytest.raises(StoreAwayError):
            await store.watches.claim(NOW, 1)
