"""Updates: what a check left open takes the first answer's place, in every process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.report import REVOCATION, Report
from bot.service import Service
from bot.store import Store, StoreAwayError, open_store
from tests.store.conftest import FragileServer, fragile_server, utc_now
from tests.store.samples import question, report
from tests.store.test_connection import until

__all__ = ["fragile_server"]  # a fixture is used by its name


class LateVantage:
    """Says "ok" at once, and "revoked" of the same check when `arrived` is set."""

    name = "here"

    def __init__(self) -> None:
        self.checks = 0
        self.waiting = 0
        self.silent = False
        self.arrived = asyncio.Event()

    def roots_digest(self, question: Question) -> str:
        """One trust store for all."""
        return "roots"

    async def check(self, question: Question) -> Report:
        """Fine as far as is known."""
        self.checks += 1
        fine = report(question, verdict="ok", cause=None)
        return fine.model_copy(update={"pending": (REVOCATION,)})

    async def later(self, report: Report) -> Report | None:
        """Revoked, once it has arrived; nothing when `silent`."""
        self.waiting += 1
        try:
            await self.arrived.wait()
        finally:
            self.waiting -= 1
        if self.silent:
            return None
        return report.model_copy(
            update={"verdict": "broken", "cause": Cause.REVOKED, "pending": ()}
        )

    async def aclose(self) -> None:
        """Nothing is held."""


@pytest.fixture
def vantage() -> LateVantage:
    """A vantage whose updates are held until they are let go."""
    return LateVantage()


@asynccontextmanager
async def bot(
    url: str, vantage: LateVantage, cache_seconds: int = 300
) -> AsyncIterator[tuple[Service, Store]]:
    """What one bot process has."""
    async with open_store(url, utc_now, lease_seconds=0.5) as store:
        service = Service(vantage, store, clock=utc_now, cache_seconds=cache_seconds)
        yield service, store
        await service.aclose(drain_seconds=0)


async def test_the_asker_gets_the_update_and_the_next_one_finds_it(
    redis_url: str, vantage: LateVantage
) -> None:
    """One check: the first answer at once, the update under its id, and no "fine" in the cache."""
    async with bot(redis_url, vantage) as (service, _):
        first = await service.ask(question())
        assert (first.report.verdict, first.report.pending) == ("ok", (REVOCATION,))
        told = asyncio.create_task(service.later(first))
        await until(lambda: vantage.waiting == 1)
        vantage.arrived.set()
        later = await told
        assert later is not None
        assert (later.report.id, later.report.cause) == (first.report.id, Cause.REVOKED)
        assert later.report.target.input == first.report.target.input
        cached = await service.ask(question())
        assert (cached.source, cached.report.cause) == ("cache", Cause.REVOKED)
        recalled = await service.recall(first.report.id)
        assert recalled is not None
        assert recalled.report.cause is Cause.REVOKED
        assert await service.later(later) is None
    assert vantage.checks == 1


async def test_another_bot_that_gave_the_first_answer_learns_of_the_update(
    redis_url: str, vantage: LateVantage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its asker is told, and what it keeps in memory does not stand; only the notice is that quick."""
    monkeypatch.setattr("bot.update.LOOK_SECONDS", 60)
    other = LateVantage()
    async with bot(redis_url, vantage) as (one, _), bot(redis_url, other) as (two, store):
        await one.ask(question())
        second = await two.ask(question())
        assert (second.source, second.report.pending) == ("cache", (REVOCATION,))
        told = [asyncio.create_task(two.later(second)) for _ in range(20)]
        await until(lambda: bool(store.notices._waiters) and store.notices._subscribed.is_set())
        vantage.arrived.set()
        async with asyncio.timeout(5):
            answers = await asyncio.gather(*told)
        assert {answer and answer.report.cause for answer in answers} == {Cause.REVOKED}
        assert (await two.ask(question())).report.cause is Cause.REVOKED
    assert (vantage.checks, other.checks) == (1, 0)


async def test_a_lost_notice_is_made_up_for(
    redis_url: str, vantage: LateVantage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits also looks for himself."""
    monkeypatch.setattr("bot.update.LOOK_SECONDS", 0.05)
    async with bot(redis_url, vantage) as (one, _), bot(redis_url, vantage) as (two, store):
        await one.ask(question())
        second = await two.ask(question())
        monkeypatch.setattr(store.notices, "_tell", lambda data: None)
        told = asyncio.create_task(two.later(second))
        await until(lambda: bool(store.notices._waiters))
        vantage.arrived.set()
        async with asyncio.timeout(5):
            later = await told
        assert later is not None
        assert later.report.cause is Cause.REVOKED


async def test_the_update_of_an_older_check_leaves_the_newest_answer_alone(
    redis_url: str, vantage: LateVantage
) -> None:
    """Checked again meanwhile: the next asker gets the newer result, the older one is corrected."""
    async with bot(redis_url, vantage) as (service, store):
        old = await service.ask(question())
        new = await service.ask(question(), refresh=True)
        await store.results.replace(
            old.record.model_copy(update={"report": old.report.model_copy(update={"pending": ()})}),
            timedelta(seconds=300),
        )
        assert (await service.ask(question())).report.id == new.report.id


async def test_an_update_that_is_lost_leaves_a_short_lived_answer(
    redis_url: str, vantage: LateVantage
) -> None:
    """The process that waited died, or its vantage knows no more: "fine" stands for seconds only."""
    vantage.silent = True
    vantage.arrived.set()
    async with bot(redis_url, vantage) as (service, store):
        first = await service.ask(question())
        await until(lambda: len(service._updates) == 0)
        [name] = await store.connection.execute("KEYS", "tlscheck:newest:*")
        assert 0 < await store.connection.execute("PTTL", name) <= 15_000
        assert first.report.pending
        vantage.silent = False
    async with bot(redis_url, vantage) as (service, store):
        first = await service.ask(question(), refresh=True)
        assert await service.later(first) is not None
        [name] = await store.connection.execute("KEYS", "tlscheck:newest:*")
        assert await store.connection.execute("PTTL", name) > 200_000


async def test_redis_may_be_away_all_the_time(
    fragile_server: FragileServer, vantage: LateVantage
) -> None:
    """The asker is told all the same, and this process shows the later answer when asked for it."""
    await asyncio.to_thread(fragile_server.stop)
    async with bot(fragile_server.url, vantage) as (service, _):
        first = await service.ask(question())
        assert not first.stored
        vantage.arrived.set()
        later = await service.later(first)
        assert later is not None
        assert later.report.cause is Cause.REVOKED
        recalled = await service.recall(first.report.id)
        assert recalled is not None
        assert recalled.report.cause is Cause.REVOKED


async def test_redis_may_forget_the_first_answer(
    fragile_server: FragileServer, vantage: LateVantage
) -> None:
    """Restarted empty in between: the update is stored, and the next asker of any bot finds it."""
    async with (
        bot(fragile_server.url, vantage) as (one, store),
        bot(fragile_server.url, vantage) as (two, _),
    ):
        first = await one.ask(question())
        await asyncio.to_thread(fragile_server.stop)
        with pytest.raises(StoreAwayError):
            await store.connection.execute("PING")
        await asyncio.to_thread(fragile_server.start)
        await until(lambda: not store.away)
        vantage.arrived.set()
        assert await one.later(first) is not None

        async def found() -> bool:
            return (await two.ask(question())).source == "cache"

        assert await found()
        assert (await two.ask(question())).report.cause is Cause.REVOKED
    assert vantage.checks == 1


async def test_closing_ends_updates_without_a_word(redis_url: str, vantage: LateVantage) -> None:
    """Nobody hangs on an update of a bot that ends, and nothing goes on behind it."""
    async with bot(redis_url, vantage) as (service, _):
        first = await service.ask(question())
        told = asyncio.create_task(service.later(first))
        await until(lambda: vantage.waiting == 1)
    assert await told is None
    assert vantage.waiting == 0
    assert await service.later(first) is None


async def test_a_vantage_that_breaks_leaves_the_first_answer(
    redis_url: str, vantage: LateVantage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect in the later part costs the update, not the answer."""

    async def broken(report: Report) -> Report | None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(vantage, "later", broken)
    async with bot(redis_url, vantage) as (service, _):
        first = await service.ask(question())
        assert first.report.verdict == "ok"
        await until(lambda: len(service._updates) == 0)
        assert (await service.ask(question())).report.id == first.report.id
