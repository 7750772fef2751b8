"""Sweeps that bots run for people: each host one result, whoever stops, dies or forgets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.diagnosis.question import Question
from bot.diagnosis.report import Report, Target
from bot.listing import read_lines
from bot.places import Places
from bot.service import RUNNING_CHECKS
from bot.store import Store, open_store
from bot.store.sweeps import MOST_WAITING, Sweeps, TooManySweepsError
from bot.sweep import Politeness
from bot.sweep.job import Sweep, pack_targets, unpack_reports, unpack_rows
from bot.sweep.progress import Progress
from bot.sweeper import OWN_AT_ONCE, Sweeper
from tests.handlers.samples import CannedVantage
from tests.store.conftest import FragileServer, fragile_server, store, utc_now

__all__ = ["fragile_server", "store"]

FAST = Politeness(1e6, 1e6, 1000)


class Shown:
    """Remembers what people were shown."""

    def __init__(self) -> None:
        self.shown: list[Progress] = []
        self.told: list[tuple[str, Progress]] = []

    async def show(self, sweep: Sweep, progress: Progress) -> None:
        """Remember."""
        self.shown.append(progress)

    async def ended(self, sweep: Sweep, progress: Progress) -> None:
        """Remember."""
        self.told.append((sweep.id, progress))


class Gated(CannedVantage):
    """Answers the first so many, and the others when the gate is opened."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self.first = first
        self.gate.clear()

    async def check(self, question: Question) -> Report:
        """Answer, or wait."""
        if len(self.asked) < self.first:
            self.asked.append(question)
            self.gate.set()
            report = await super().check(question)
            self.asked.pop()
            self.gate.clear()
            return report
        return await super().check(question)


def sweep_of(number: int, count: int) -> tuple[Sweep, list[Target]]:
    """A sweep of so many hosts."""
    targets = read_lines(f"h{n}.site{n % 40}.example" for n in range(count)).targets
    sweep = Sweep(
        id=f"{number:016x}",
        title="hosts.txt",
        count=count,
        lang="en",
        user="U0AIKO",
        channel="C0ALERTS",
        ts="1.000001",
        asked_at=utc_now(),
    )
    return sweep, list(targets)


async def hosts_of(store: Store, id_: str) -> list[str]:
    """The hosts with a result, each as often as it has one; the same in rows and Reports."""
    rows = [row.host for one in await store.sweeps.rows(id_) for row in unpack_rows(one)]
    reports = [
        report.target.host
        async for one in store.sweeps.reports(id_)
        for report in unpack_reports(one)
    ]
    assert rows == reports
    return rows


@asynccontextmanager
async def sweeping(store: Store, vantage: CannedVantage, **more: Any) -> AsyncIterator[Shown]:
    """A sweeper at work."""
    shown = Shown()
    sweeper = Sweeper(
        store.sweeps,
        Places(vantage),
        shown,
        utc_now,
        politeness=FAST,
        own_rate=1e6,
        pause_seconds=0.05,
        paint_seconds=0.05,
        **more,
    )
    sweeper.start()
    try:
        yield shown
    finally:
        await sweeper.aclose()


async def until(wanted: Callable[[], Any]) -> None:
    """Wait for something that happens elsewhere."""
    async with asyncio.timeout(20):
        while not wanted():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


async def test_each_host_has_one_result_and_the_end_is_told(store: Store) -> None:
    """By cause, issuer and expiry; the whole Reports are there for the files."""
    sweep, targets = sweep_of(1, 450)
    noted = []

    async def note(question: Question, report: Report) -> None:
        noted.append(question.target.host)

    async with sweeping(store, CannedVantage(), note=note) as shown:
        assert await store.sweeps.add(sweep, pack_targets(targets)) == 0
        await until(lambda: shown.told)
    (_, progress) = shown.told[0]
    assert (progress.state, progress.done, progress.total) == ("done", 450, 450)
    assert progress.tally.causes == {"missing_intermediate": 450}
    assert len(progress.tally.examples["missing_intermediate"]) == 3
    wanted = sorted(one.host for one in targets)
    assert sorted(await hosts_of(store, sweep.id)) == wanted == sorted(noted)
    standing = await store.sweeps.standing(sweep.id)
    assert standing is not None
    assert (standing.state, standing.done) == ("done", 450)


async def test_stopped_and_continued(store: Store) -> None:
    """Stop says who; what is under way is given up, and asked again by Continue."""
    sweep, targets = sweep_of(2, 300)
    vantage = Gated(100)
    async with sweeping(store, vantage) as shown:
        await store.sweeps.add(sweep, pack_targets(targets))
        await until(lambda: shown.shown and shown.shown[-1].done == 100)
        assert await store.sweeps.stop(sweep.id, "U0BEN") == "running"
        assert await store.sweeps.stop(sweep.id, "U0BEN") is None
        await until(lambda: shown.told)
        progress = shown.told[0][1]
        assert (progress.state, progress.by, progress.done) == ("stopped", "U0BEN", 100)
        assert len(await hosts_of(store, sweep.id)) == 100
        vantage.gate.set()
        assert await store.sweeps.go_on(sweep.id, "U0AIKO") == "stopped"
        await until(lambda: len(shown.told) == 2)
    assert shown.told[1][1].done == 300
    assert sorted(await hosts_of(store, sweep.id)) == sorted(one.host for one in targets)


async def test_two_at_a_time_and_the_others_in_turn(store: Store) -> None:
    """The third waits until one ends; too many are not taken; one that waits is stopped at once."""
    vantage = CannedVantage()
    vantage.gate.clear()
    async with sweeping(store, vantage) as shown:
        before = []
        for number in range(10, 12 + MOST_WAITING):
            sweep, targets = sweep_of(number, 5)
            before.append(await store.sweeps.add(sweep, pack_targets(targets)))
            if number < 12:
                await until(lambda: len(vantage.asked) == 5 * len(before))
        assert before == [0, 0, *range(1, 1 + MOST_WAITING)]
        one_more, targets = sweep_of(99, 5)
        with pytest.raises(TooManySweepsError, match="are waiting"):
            await store.sweeps.add(one_more, pack_targets(targets))
        assert len(vantage.asked) == 10
        assert await store.sweeps.stop(sweep.id, "U0BEN") == "waiting"
        vantage.gate.set()
        await until(lambda: len(shown.told) == 1 + MOST_WAITING)
    stopped = await store.sweeps.standing(sweep.id)
    assert stopped is not None
    assert (stopped.state, stopped.by) == ("stopped", "U0BEN")


async def test_a_bot_that_ends_leaves_it_to_the_next_at_once(store: Store) -> None:
    """Nothing is asked twice that has a result, and nobody waits for the lease to end."""
    sweep, targets = sweep_of(3, 300)
    await store.sweeps.add(sweep, pack_targets(targets))
    async with sweeping(store, Gated(120)) as shown:
        await until(lambda: shown.shown and shown.shown[-1].done == 120)
    assert shown.told == []
    assert len(await hosts_of(store, sweep.id)) == 120
    second = CannedVantage()
    async with sweeping(store, second) as shown:
        await until(lambda: shown.told)
    assert len(second.asked) == 180
    assert sorted(await hosts_of(store, sweep.id)) == sorted(one.host for one in targets)


async def test_a_bot_that_lost_its_sweep_writes_nothing_more(redis_url: str) -> None:
    """Its lease ended (it hung); who took the sweep over has the only say."""
    sweep, targets = sweep_of(4, 60)
    async with open_store(redis_url, utc_now) as store:
        store.sweeps.lease = timedelta(milliseconds=200)
        await store.sweeps.add(sweep, pack_targets(targets))
        hung = await store.sweeps.claim()
        assert hung is not None
        vantage = CannedVantage()
        async with sweeping(store, vantage) as shown:
            await until(lambda: shown.told)
        parcels = await store.sweeps.rows(sweep.id)
        assert await store.sweeps.keep(hung) == ("lost", False)
        assert not await store.sweeps.leave(hung, "stopped")
        assert await store.sweeps.rows(sweep.id) == parcels
        assert sorted(await hosts_of(store, sweep.id)) == sorted(one.host for one in targets)


async def test_redis_forgets_everything_in_the_middle(fragile_server: FragileServer) -> None:
    """The bot that runs the sweep writes all of it again: one result each."""
    sweep, targets = sweep_of(5, 500)
    vantage = Gated(300)
    async with open_store(fragile_server.url, utc_now) as store, sweeping(store, vantage) as shown:
        await store.sweeps.add(sweep, pack_targets(targets))
        await until(lambda: shown.shown and shown.shown[-1].done == 300)
        fragile_server.stop()
        fragile_server.start()
        vantage.gate.set()
        await until(lambda: shown.told)
        assert sorted(await hosts_of(store, sweep.id)) == sorted(one.host for one in targets)
        standing = await store.sweeps.standing(sweep.id)
        assert standing is not None
        assert (standing.state, standing.done) == ("done", 500)


async def test_nobody_stands_where_it_is_to_be_asked(store: Store) -> None:
    """It ends by itself, says why, and can be continued; no other place answers in its stead."""
    sweep, targets = sweep_of(6, 3)
    vantage = CannedVantage()
    elsewhere = sweep.model_copy(update={"vantage": "prod-osaka"})
    async with sweeping(store, vantage, waits=()) as shown:
        await store.sweeps.add(elsewhere, pack_targets(targets))
        await until(lambda: shown.told)
    progress = shown.told[0][1]
    assert (progress.state, progress.reason, vantage.asked) == ("stopped", "nobody", [])


async def test_what_is_damaged_is_not_run(store: Store) -> None:
    """What stands in Redis is believed only in its form."""
    sweep, _ = sweep_of(7, 3)
    async with sweeping(store, CannedVantage()) as shown:
        await store.sweeps.add(sweep, b"no list")
        await until(lambda: shown.told)
    assert (shown.told[0][1].state, shown.told[0][1].reason) == ("stopped", "damaged")
    assert await Sweeps(store.connection).standing("no such") is None
    assert datetime.now(UTC) > sweep.asked_at


async def test_people_are_first(store: Store) -> None:
    """However many sweeps run and hosts wait: this process itself checks a few of them at a time."""
    vantage = CannedVantage()
    vantage.gate.clear()
    async with sweeping(store, vantage) as shown:
        for number in (20, 21):
            sweep, targets = sweep_of(number, 100)
            await store.sweeps.add(sweep, pack_targets(targets))
        await until(lambda: len(vantage.asked) == OWN_AT_ONCE)
        await until(lambda: len({id(one.tally) for one in shown.shown}) == 2)
        assert len(vantage.asked) == OWN_AT_ONCE < RUNNING_CHECKS / 4
