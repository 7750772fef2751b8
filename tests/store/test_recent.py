"""Recent checks and chosen languages in Redis: bounded, shared, and nothing believed that does not fit."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.diagnosis.causes import Cause
from bot.store import Store, StoreAwayError, open_store
from bot.store.choices import KEPT as LANG_KEPT
from bot.store.recent import KEPT, MOST, Checked
from tests.store.conftest import FragileServer, utc_now
from tests.store.samples import question

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def checked(host: str = "shop.example.jp", at: datetime = NOW, result: str = "r1") -> Checked:
    """An answer that somebody got."""
    return Checked(
        question=question(host),
        verdict="broken",
        cause=Cause.MISSING_INTERMEDIATE,
        at=at,
        result=result,
        channel="C024BE91L",
    )


async def test_newest_first_for_person_and_channel(store: Store, redis_url: str) -> None:
    """What one process noted another one lists; places do not meet."""
    old, new = checked(at=NOW - DAY), checked("mail.example.jp")
    await store.recent.note(("U1", "C1"), old)
    await store.recent.note(("U1",), new)
    async with open_store(redis_url, utc_now) as other:
        assert await other.recent.of("U1", NOW) == [new, old]
        assert await other.recent.of("C1", NOW) == [old]
        assert await other.recent.of("U2", NOW) == []


async def test_each_question_once(store: Store) -> None:
    """The newest answer stands for it, in whatever order they were noted."""
    for at, result in ((NOW - DAY, "r1"), (NOW, "r2"), (NOW - 2 * DAY, "r0")):
        await store.recent.note(("U1",), checked(at=at, result=result))
    assert [one.result for one in await store.recent.of("U1", NOW)] == ["r2"]


async def test_bounded_in_number_and_time(store: Store) -> None:
    """Fifty, thirty days; what is older goes when something new comes."""
    for n in range(MOST + 5):
        await store.recent.note(("U1",), checked(f"h{n}.example.jp", NOW + timedelta(seconds=n)))
    found = await store.recent.of("U1", NOW)
    assert len(found) == MOST
    assert found[-1].question.target.host == "h5.example.jp"
    await store.recent.note(("U1",), checked("late.example.jp", NOW + KEPT + 3 * DAY))
    (name,) = await store.connection.execute("KEYS", "tlscheck:recent:*")
    assert await store.connection.execute("HLEN", name) == 1
    assert await store.recent.of("U1", NOW + 2 * KEPT + 3 * DAY) == []
    left = await store.connection.execute("PTTL", name)
    assert 0.99 < left / (KEPT.total_seconds() * 1000) <= 1


async def test_what_does_not_fit_is_passed_over(store: Store) -> None:
    """Neither what is too long, nor what nobody could have asked, nor another type."""
    long = question().model_copy(update={"roots_pem": "x" * 5000})
    await store.recent.note(("U1",), checked().model_copy(update={"question": long}))
    assert await store.recent.of("U1", NOW) == []
    await store.recent.note(("U1",), checked())
    (name,) = await store.connection.execute("KEYS", "tlscheck:recent:*")
    inner = question().model_copy(update={"allow_networks": ("10.0.0.0/8",)})
    forged = checked().model_copy(update={"question": inner}).model_dump_json()
    for field, value in (("a", "no json"), ("b", f"1 {forged}"), ("c", "9" * 100_000)):
        await store.connection.execute("HSET", name, field, value)
    assert await store.recent.of("U1", NOW) == [checked()]
    await store.connection.execute("DEL", name)
    await store.connection.execute("SET", name, "v")
    assert await store.recent.of("U1", NOW) == []
    await store.recent.note(("U1",), checked())
    assert await store.recent.of("U1", NOW) == [checked()]


async def test_a_language_is_chosen_for_a_year(store: Store, redis_url: str) -> None:
    """Until another choice, or none."""
    assert await store.choices.lang("U1") is None
    await store.choices.choose_lang("U1", "ja")
    async with open_store(redis_url, utc_now) as other:
        assert await other.choices.lang("U1") == "ja"
        assert await other.choices.lang("U2") is None
    (name,) = await store.connection.execute("KEYS", "tlscheck:lang:*")
    left = await store.connection.execute("PTTL", name)
    assert 0.99 < left / (LANG_KEPT.total_seconds() * 1000) <= 1
    await store.connection.execute("SET", name, "xx")
    assert await store.choices.lang("U1") is None
    await store.connection.execute("DEL", name)
    await store.connection.execute("LPUSH", name, "ja")
    assert await store.choices.lang("U1") is None
    await store.connection.execute("DEL", name)
    await store.choices.choose_lang("U1", "en")
    await store.choices.choose_lang("U1", None)
    assert await store.choices.lang("U1") is None


async def test_redis_away_is_said(fragile_server: FragileServer) -> None:
    """To whoever asks; they know what it costs."""
    async with open_store(fragile_server.url, utc_now) as other:
        assert await other.choices.lang("U1") is None
        fragile_server.stop()
        with pytest.raises(StoreAwayError):
            await other.recent.note(("U1",), checked())
        with pytest.raises(StoreAwayError):
            await other.recent.of("U1", NOW)
        with pytest.raises(StoreAwayError):
            await other.choices.lang("U1")
