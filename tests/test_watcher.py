"""The watcher over a real Redis: one notice a change, whoever looks, and none that is lost."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.metrics import Metrics
from bot.service import Answer, CheckFailedError, PlaceFailedError
from bot.store import Record, Store, open_store
from bot.store.results import question_key
from bot.watch import Asked, Notice, Watch, begin
from bot.watcher import Told, Watcher
from bot.worker import VantageAwayError
from tests.store.conftest import utc_now
from tests.store.samples import question, report

BOUND = 10.0
LEASE_MS = 50_000


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """An open store on an empty server."""
    async with open_store(redis_url, utc_now) as opened:
        yield opened


@dataclass
class Hosts:
    """Hosts that are broken until they are mended; counts the looks at each."""

    clock: Callable[[], datetime]
    mended: set[str] = field(default_factory=set)
    failing: bool = False
    revoked: bool = False
    silent: bool = False
    empty: set[str] = field(default_factory=set)
    looks: dict[str, int] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)

    async def ask(
        self,
        question: Question,
        *,
        refresh: bool = False,
        unseen: bool = False,
        vantage: str | None = None,
    ) -> Answer:
        """What a check would answer; nobody does at an empty place."""
        assert refresh
        assert unseen
        asked, host = question, question.target.host
        self.looks[host] = self.looks.get(host, 0) + 1
        await asyncio.sleep(0)
        if vantage in self.empty:
            raise PlaceFailedError(asked, VantageAwayError("nobody", vantage or ""))
        if self.failing:
            raise CheckFailedError(asked)
        shown = self.report(asked)
        if self.revoked:
            shown = shown.model_copy(update={"pending": ("revocation",)})
        record = Record(key=question_key(asked, "here", "roots"), question=asked, report=shown)
        return Answer(record, timedelta(0), "fresh", stored=True)

    async def keep(self, answer: Answer) -> None:
        """Note what will be shown."""
        self.kept.append(answer.report.id)

    async def later(self, answer: Answer) -> Answer | None:
        """Revoked, says the CA a moment later; nothing when it is `silent`."""
        if self.silent:
            return None
        changes = {"verdict": "broken", "cause": Cause.REVOKED, "pending": ()}
        shown = answer.report.model_copy(update=changes)
        record = answer.record.model_copy(update={"report": shown})
        return Answer(record, answer.age, answer.source, stored=True)

    def report(self, asked: Question) -> Report:
        """What the host shows now."""
        if asked.target.host in self.mended:
            shown = report(asked, verdict="ok", cause=None)
        else:
            shown = report(asked, verdict="broken", cause=Cause.MISSING_INTERMEDIATE)
        return shown.model_copy(update={"checked_at": self.clock()})


@dataclass
class Listener:
    """Hears what is told, and answers as Slack would."""

    answers: list[Told] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)

    async def tell(self, watch: Watch, notice: Notice) -> Told:
        """Hear it, or answer as Slack would when it cannot be posted."""
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if self.answers else "told"
        if answer == "told":
            self.heard.append((watch.question.target.host, notice.code))
        return answer


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        """The moment that was set."""
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that has to come."""
    end = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.005)


async def add(
    store: Store, hosts: Hosts, host: str, clock: Clock, vantage: str | None = None
) -> Watch:
    """Begin a watch of a host as it is now, due at once."""
    asked = question(host)
    watch = begin(
        secrets.token_hex(8),
        "state",
        asked,
        report=hosts.report(asked),
        asked=Asked(channel="C024BE91L", user="U2147483697", lang="en"),
        now=clock(),
        vantage=vantage,
    )
    await store.watches.add(watch, clock())
    return watch


def watcher(store: Store, hosts: Hosts, listener: Listener, clock: Clock) -> Watcher:
    """A watcher that looks for work all the time."""
    return Watcher(
        store.watches,
        hosts,
        listener,
        clock,
        metrics=Metrics(),
        pause_seconds=0.01,
        lease=timedelta(milliseconds=LEASE_MS),
    )


async def test_a_change_is_told_once_by_many_bots(store: Store, redis_url: str) -> None:
    """Three bots on one Redis, thirty hosts that are mended: thirty notices."""
    clock = Clock()
    hosts, listener = Hosts(clock), Listener()
    names = [f"h{n}.example.jp" for n in range(30)]
    for name in names:
        await add(store, hosts, name, clock)
    hosts.mended.update(names)
    async with open_store(redis_url, utc_now) as second, open_store(redis_url, utc_now) as third:
        bots = [watcher(one, hosts, listener, clock) for one in (store, second, third)]
        for bot in bots:
            bot.start()
        await until(lambda: len(listener.heard) >= 30)
        clock.forward(30)
        await asyncio.sleep(0.1)
        for bot in bots:
            await bot.aclose()
    assert sorted(listener.heard) == sorted((name, "changed") for name in names)
    assert set(hosts.looks.values()) == {1}
    # What is told is shown for a day; looks without news are not.
    assert len(hosts.kept) >= 30


async def test_looks_come_again_and_the_watch_ends(store: Store) -> None:
    """Broken, mended, stays well: told once, then nobody looks any more."""
    clock = Clock()
    hosts, listener = Hosts(clock), Listener()
    await add(store, hosts, "shop.example.jp", clock)
    bot = watcher(store, hosts, listener, clock)
    bot.start()
    for _ in range(3):
        looks = hosts.looks.get("shop.example.jp", 0)
        await until(partial(looked_more, hosts, looks))
        await settled(store, clock)
        clock.forward(70)
    hosts.mended.add("shop.example.jp")
    await until(lambda: listener.heard == [("shop.example.jp", "changed")])
    await settled(store, clock)
    clock.forward(31 * 60)
    await emptied(store)
    await bot.aclose()
    assert listener.heard == [("shop.example.jp", "changed")]


async def test_a_place_where_nobody_answers_is_told_once(store: Store) -> None:
    """Its watch says after three looks that it sees nothing, goes on, and ends in its time."""
    clock = Clock()
    hosts, listener = Hosts(clock, empty={"prod-tokyo"}), Listener()
    await add(store, hosts, "shop.example.jp", clock, "prod-tokyo")
    bot = watcher(store, hosts, listener, clock)
    bot.start()
    for _ in range(5):
        looks = hosts.looks.get("shop.example.jp", 0)
        await until(partial(looked_more, hosts, looks))
        await settled(store, clock)
        clock.forward(15 * 60)
    await until(lambda: listener.heard == [("shop.example.jp", "blind")])
    hosts.empty.clear()
    hosts.mended.add("shop.example.jp")
    clock.forward(15 * 60)
    await until(lambda: listener.heard[1:] == [("shop.example.jp", "changed")])
    await settled(store, clock)
    hosts.empty.add("prod-tokyo")
    clock.forward(8 * 24 * 3600)
    await until(lambda: listener.heard[2:] == [("shop.example.jp", "gave_up")])
    await emptied(store)
    await bot.aclose()


async def test_a_watch_judges_only_what_is_complete(store: Store) -> None:
    """Mended and then revoked, which the CA says late: "changed" is told once, never "well"."""
    clock = Clock()
    hosts, listener = Hosts(clock, mended={"shop.example.jp"}), Listener()
    watch = await add(store, hosts, "shop.example.jp", clock)
    assert watch.question.target.host == "shop.example.jp"
    hosts.revoked = hosts.silent = True
    bot = watcher(store, hosts, listener, clock)
    bot.start()
    for _ in range(2):
        looks = hosts.looks.get("shop.example.jp", 0)
        await until(partial(looked_more, hosts, looks))
        await settled(store, clock)
        assert listener.heard == []
        clock.forward(6 * 3600)
    hosts.silent = False
    await until(lambda: listener.heard == [("shop.example.jp", "changed")])
    await bot.aclose()


async def test_what_was_not_told_is_told_later(store: Store) -> None:
    """Slack is away for two attempts: the news waits, and is told once."""
    clock = Clock()
    hosts = Hosts(clock)
    listener = Listener(answers=["later", "later"])
    await add(store, hosts, "shop.example.jp", clock)
    hosts.mended.add("shop.example.jp")
    bot = watcher(store, hosts, listener, clock)
    bot.start()
    for left, wait in ((1, 61), (0, 181)):
        await until(partial(answered, listener, left))
        await settled(store, clock)
        clock.forward(wait)
    await until(lambda: len(listener.heard) == 1)
    await bot.aclose()
    assert hosts.looks == {"shop.example.jp": 1}


async def test_news_outlives_the_bot_that_found_it(store: Store) -> None:
    """Killed between looking and telling: whoever takes the watch next tells."""
    clock = Clock()
    hosts = Hosts(clock)

    class Stuck(Listener):
        async def tell(self, watch: Watch, notice: Notice) -> Told:
            self.answers.append("told")
            await asyncio.Event().wait()
            return "told"

    stuck, listener = Stuck(), Listener()
    await add(store, hosts, "shop.example.jp", clock)
    hosts.mended.add("shop.example.jp")
    dying = watcher(store, hosts, stuck, clock)
    dying.start()
    await until(lambda: bool(stuck.answers))
    await dying.aclose(drain_seconds=0)
    clock.forward(61)
    bot = watcher(store, hosts, listener, clock)
    bot.start()
    await until(lambda: listener.heard == [("shop.example.jp", "changed")])
    await bot.aclose()
    assert hosts.looks == {"shop.example.jp": 1}


async def test_a_channel_that_is_gone_ends_its_watches(store: Store) -> None:
    """Nobody can be told: nobody looks."""
    clock = Clock()
    hosts = Hosts(clock)
    listener = Listener(answers=["never"])
    await add(store, hosts, "shop.example.jp", clock)
    hosts.mended.add("shop.example.jp")
    bot = watcher(store, hosts, listener, clock)
    bot.start()
    await emptied(store)
    await bot.aclose()
    assert listener.heard == []


async def test_a_check_that_breaks_is_tried_again(store: Store) -> None:
    """A defect of a check is no news of the host."""
    clock = Clock()
    hosts, listener = Hosts(clock, failing=True), Listener()
    await add(store, hosts, "shop.example.jp", clock)
    bot = watcher(store, hosts, listener, clock)
    bot.start()
    await until(lambda: hosts.looks.get("shop.example.jp") == 1)
    await settled(store, clock)
    hosts.failing = False
    hosts.mended.add("shop.example.jp")
    clock.forward(70)
    await until(lambda: listener.heard == [("shop.example.jp", "changed")])
    await bot.aclose()


def looked_more(hosts: Hosts, looks: int) -> bool:
    """Whether there was a look since."""
    return hosts.looks.get("shop.example.jp", 0) > looks


def answered(listener: Listener, left: int) -> bool:
    """Whether so few of the listener's answers are left."""
    return len(listener.answers) <= left


async def settled(store: Store, clock: Clock) -> None:
    """Wait until no look is due or under way."""
    end = time.monotonic() + BOUND
    while True:
        now = int(clock().timestamp() * 1000)
        due = "tlscheck:watches:due"
        late = await store.connection.execute("ZCOUNT", due, "-inf", now)
        leased = await store.connection.execute("ZCOUNT", due, now + LEASE_MS, now + LEASE_MS)
        if not late and not leased:
            return
        assert time.monotonic() < end, "a look did not end"
        await asyncio.sleep(0.005)


async def emptied(store: Store) -> None:
    """Wait until nothing is watched."""
    end = time.monotonic() + BOUND
    while await store.watches.count():
        assert time.monotonic() < end, "something is still watched"
        await asyncio.sleep(0.005)


async def test_closing_without_work(store: Store) -> None:
    """A bot without watches ends at once."""
    bot = watcher(store, Hosts(Clock()), Listener(), Clock())
    bot.start()
    await bot.aclose(drain_seconds=0)
