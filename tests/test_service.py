"""The service: one check for many askers, in one process and in several, with and without Redis."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.freshness import PENDING_FRESH, UNREACHABLE_FRESH, cache_for
from bot.metrics import Metrics
from bot.service import CheckFailedError, Service, ServiceClosedError
from bot.store import Store, open_store
from tests.store.conftest import FragileServer, fragile_server, utc_now
from tests.store.samples import question, report
from tests.store.test_connection import until

__all__ = ["fragile_server"]  # a fixture is used by its name


class CountingVantage:
    """Makes real Reports, counts them, and waits while `held`."""

    name = "here"

    def __init__(self) -> None:
        self.checks: list[Question] = []
        self.running = 0
        self.most = 0
        self.verdict: Verdict = "broken"
        self.error: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()
        self._released: dict[str, asyncio.Event] = {}

    def release(self, host: str) -> None:
        """Let the checks of one host end that are held."""
        self._released[host].set()

    def roots_digest(self, question: Question) -> str:
        """One trust store for all."""
        return "roots"

    async def check(self, question: Question) -> Report:
        """Count, wait until let go, answer."""
        self.checks.append(question)
        self.running += 1
        self.most = max(self.most, self.running)
        mine = self._released.setdefault(question.target.host, asyncio.Event())
        ends = [asyncio.create_task(event.wait()) for event in (self.go, mine)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.running -= 1
            for end in ends:
                end.cancel()
        if self.error is not None:
            raise self.error
        return report(question, verdict=self.verdict)

    async def later(self, report: Report) -> Report | None:
        """Nothing is open."""
        return None

    async def aclose(self) -> None:
        """Nothing is held."""


@pytest.fixture
def vantage() -> CountingVantage:
    """A vantage that answers at once until it is held."""
    return CountingVantage()


@asynccontextmanager
async def bot(
    url: str,
    vantage: CountingVantage,
    cache_seconds: int = 300,
    running_checks: int = 200,
    lease_seconds: float = 0.5,
) -> AsyncIterator[Service]:
    """What one bot process has: a store of its own and a service over it."""
    async with open_store(url, utc_now, lease_seconds=lease_seconds) as store:
        service = Service(
            vantage,
            store,
            clock=utc_now,
            cache_seconds=cache_seconds,
            running_checks=running_checks,
        )
        yield service
        await service.aclose(drain_seconds=0)


def store_of(service: Service) -> Store:
    """The store behind a service."""
    return service._store


async def test_a_look_is_kept_for_long_only_when_somebody_sees_it(
    redis_url: str, vantage: CountingVantage
) -> None:
    """By asking, by joining, by pressing an old button, or as a watch's news."""

    async def hours(service: Service, result_id: str) -> float:
        left = await store_of(service).connection.execute("PTTL", f"tlscheck:result:{result_id}")
        return round(int(left) / 3_600_000)

    async with bot(redis_url, vantage) as service:
        seen_by_asking = await service.ask(question("a.example"), refresh=True, unseen=True)
        assert await hours(service, seen_by_asking.report.id) == 0
        assert (await service.ask(question("a.example"))).source == "cache"
        assert await hours(service, seen_by_asking.report.id) == 24

        told = await service.ask(question("b.example"), refresh=True, unseen=True)
        await service.keep(told)
        assert await hours(service, told.report.id) == 24

        pressed = await service.ask(question("c.example"), refresh=True, unseen=True)
        await service.recall(pressed.report.id)
        assert await hours(service, pressed.report.id) == 24

        vantage.go.clear()
        look = asyncio.create_task(service.ask(question("d.example"), refresh=True, unseen=True))
        await until(lambda: len(vantage.checks) == 4)
        person = asyncio.create_task(service.ask(question("d.example")))
        await asyncio.sleep(0.05)
        vantage.go.set()
        assert (await look).report.id == (await person).report.id
        assert await hours(service, (await person).report.id) == 24


async def test_the_second_asker_gets_the_cached_answer(
    redis_url: str, vantage: CountingVantage
) -> None:
    """A question is checked once; afterwards the answer says where it comes from and how old it is."""
    async with bot(redis_url, vantage) as service:
        fresh = await service.ask(question())
        cached = await service.ask(question())
    assert (fresh.source, fresh.stored, fresh.age) == ("fresh", True, timedelta(0))
    assert (cached.source, cached.stored) == ("cache", True)
    assert timedelta(0) <= cached.age < timedelta(seconds=5)
    assert cached.report.id == fresh.report.id
    assert len(vantage.checks) == 1


async def test_age_is_told_by_the_clock(redis_url: str, vantage: CountingVantage) -> None:
    """An answer of four minutes ago says so; another machine's fast clock makes no negative age."""
    offset = timedelta(0)
    async with open_store(redis_url, utc_now) as store:
        service = Service(
            vantage, store, clock=lambda: datetime.now(UTC) + offset, cache_seconds=300
        )
        await service.ask(question())
        offset = timedelta(minutes=4)
        four = (await service.ask(question())).age
        assert timedelta(minutes=4) <= four < timedelta(minutes=4, seconds=5)
        offset = timedelta(minutes=-4)
        assert (await service.ask(question())).age == timedelta(0)


async def test_each_asker_reads_what_they_typed_themselves(
    redis_url: str, vantage: CountingVantage
) -> None:
    """Equal questions share a check, not the addresses that people pasted."""
    mine, theirs = question(typed="https://shop.example.jp/?token=hunter2"), question()
    async with bot(redis_url, vantage) as service:
        first = await service.ask(mine)
        second = await service.ask(theirs)
        recalled = await service.recall(first.report.id)
    assert len(vantage.checks) == 1
    assert first.report.target.input == mine.target.input
    assert second.report.target.input == second.record.question.target.input == "shop.example.jp"
    assert recalled is not None
    assert recalled.report.target.input == "shop.example.jp:443"


async def test_many_askers_at_once_cause_one_check(
    redis_url: str, vantage: CountingVantage
) -> None:
    """Five hundred people in an incident ask the same thing."""
    vantage.go.clear()
    async with bot(redis_url, vantage) as service:
        asked = [asyncio.create_task(service.ask(question())) for _ in range(500)]
        await until(lambda: vantage.running == 1)
        vantage.go.set()
        answers = await asyncio.gather(*asked)
    assert len(vantage.checks) == 1
    assert [answer.source for answer in answers].count("fresh") == 1
    assert {answer.source for answer in answers} == {"fresh", "joined"}
    assert len({answer.report.id for answer in answers}) == 1


async def test_two_bots_do_one_check(
    redis_url: str, vantage: CountingVantage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes' services with stores of their own share one lock and one result.

    With a lease this long only the notice can end the wait in time.
    """
    monkeypatch.setattr("bot.service.LOOK_SECONDS", 60)
    vantage.go.clear()
    async with (
        bot(redis_url, vantage, lease_seconds=60) as one,
        bot(redis_url, vantage, lease_seconds=60) as two,
    ):
        asked = [
            asyncio.create_task(service.ask(question()))
            for service in (one, two)
            for _ in range(50)
        ]
        await until(lambda: vantage.running == 1 and bool(_waiters(one) or _waiters(two)))
        vantage.go.set()
        async with asyncio.timeout(5):
            answers = await asyncio.gather(*asked)
    assert len(vantage.checks) == 1
    assert [answer.source for answer in answers].count("fresh") == 1
    assert len({answer.report.id for answer in answers}) == 1
    assert all(answer.stored for answer in answers)


def _waiters(service: Service) -> int:
    """How many wait for a notice that will really reach them."""
    notices = store_of(service).notices
    return len(notices._waiters) if notices._subscribed.is_set() else 0


async def test_two_bots_share_a_check_even_with_caching_off(
    redis_url: str, vantage: CountingVantage
) -> None:
    """The notice names the result, so waiters need no cache; later askers get a new check."""
    vantage.go.clear()
    async with bot(redis_url, vantage, 0) as one, bot(redis_url, vantage, 0) as two:
        asked = [asyncio.create_task(service.ask(question())) for service in (one, two)]
        await until(lambda: vantage.running == 1 and bool(_waiters(one) or _waiters(two)))
        vantage.go.set()
        answers = await asyncio.gather(*asked)
        assert {answer.source for answer in answers} == {"fresh", "joined"}
        assert (await one.ask(question())).source == "fresh"
    assert len(vantage.checks) == 2


async def test_different_questions_are_not_mixed_up(
    redis_url: str, vantage: CountingVantage
) -> None:
    """Another port, moment or trust store is another question."""
    asked = [
        question(),
        question(port=8443),
        question("other.example.jp"),
        question().model_copy(update={"at": datetime(2030, 1, 1, tzinfo=UTC)}),
        question().model_copy(update={"roots_pem": "PEM"}),
    ]
    async with bot(redis_url, vantage) as service:
        answers = await asyncio.gather(*(service.ask(one) for one in asked * 3))
    assert len(vantage.checks) == len(asked)
    assert [answer.record.question for answer in answers] == asked * 3


async def test_a_refresh_passes_over_the_cache(redis_url: str, vantage: CountingVantage) -> None:
    """Re-check gives a new result, and the next asker gets that one."""
    async with bot(redis_url, vantage) as service:
        old = await service.ask(question())
        new = await service.ask(question(), refresh=True)
        assert (new.source, len(vantage.checks)) == ("fresh", 2)
        assert new.report.id != old.report.id
        assert (await service.ask(question())).report.id == new.report.id


async def test_refreshes_at_once_cause_one_check(redis_url: str, vantage: CountingVantage) -> None:
    """Two bots, many people pressing Re-check: one check, and nobody gets the old answer."""
    async with bot(redis_url, vantage) as one, bot(redis_url, vantage) as two:
        old = await one.ask(question())
        vantage.go.clear()
        asked = [
            asyncio.create_task(service.ask(question(), refresh=True))
            for service in (one, two)
            for _ in range(20)
        ]
        await until(lambda: vantage.running == 1 and bool(_waiters(one) or _waiters(two)))
        # Who does not ask for a refresh still gets the cached answer meanwhile.
        assert (await one.ask(question())).report.id == old.report.id
        vantage.go.set()
        answers = await asyncio.gather(*asked)
    assert len(vantage.checks) == 2
    assert old.report.id not in {answer.report.id for answer in answers}
    assert len({answer.report.id for answer in answers}) == 1


async def test_a_refresh_joins_a_check_under_way(redis_url: str, vantage: CountingVantage) -> None:
    """A check that has not answered yet is new enough."""
    vantage.go.clear()
    async with bot(redis_url, vantage) as service:
        first = asyncio.create_task(service.ask(question()))
        await until(lambda: vantage.running == 1)
        second = asyncio.create_task(service.ask(question(), refresh=True))
        await asyncio.sleep(0.05)
        vantage.go.set()
        assert (await first).report.id == (await second).report.id
    assert len(vantage.checks) == 1


async def test_what_another_bot_found_meanwhile_is_taken(
    redis_url: str, vantage: CountingVantage
) -> None:
    """Between looking into the cache and getting a turn another bot may have finished.

    Who asked before that takes its result; who asks for a refresh afterwards gets a new check,
    although the run that it joins ends with the older result.
    """
    async with bot(redis_url, vantage, running_checks=1) as one, bot(redis_url, vantage) as two:
        vantage.go.clear()
        occupying = asyncio.create_task(one.ask(question("other.example.jp")))
        await until(lambda: vantage.running == 1)
        before = asyncio.create_task(one.ask(question()))
        await until(lambda: len(one._runs) == 2)
        elsewhere = asyncio.create_task(two.ask(question()))
        await until(lambda: vantage.running == 2)
        # Only the other bot's check ends now: the first one goes on to occupy its bot.
        vantage.release("shop.example.jp")
        found = await elsewhere
        refreshed = asyncio.create_task(one.ask(question(), refresh=True))
        await asyncio.sleep(0.05)
        vantage.go.set()
        await occupying
        assert ((await before).source, (await before).report.id) == ("joined", found.report.id)
        assert (await refreshed).report.id != found.report.id
    assert [one.target.host for one in vantage.checks] == [
        "other.example.jp",
        "shop.example.jp",
        "shop.example.jp",
    ]


async def test_an_asker_who_gives_up_stops_nobody(redis_url: str, vantage: CountingVantage) -> None:
    """The check goes on for the others, also when its first asker goes away."""
    vantage.go.clear()
    async with bot(redis_url, vantage) as service:
        asked = [asyncio.create_task(service.ask(question())) for _ in range(3)]
        await until(lambda: vantage.running == 1)
        asked[0].cancel()
        await asyncio.wait(asked[:1])
        vantage.go.set()
        answers = await asyncio.gather(*asked[1:])
    assert {answer.source for answer in answers} == {"joined"}
    assert len(vantage.checks) == 1


async def test_a_check_that_breaks_is_told_to_all(redis_url: str, vantage: CountingVantage) -> None:
    """Every waiter learns it, nothing is cached, and the next asker may try at once."""
    vantage.error = RuntimeError("a defect")
    vantage.go.clear()
    async with bot(redis_url, vantage) as service:
        asked = [asyncio.create_task(service.ask(question())) for _ in range(20)]
        await until(lambda: vantage.running == 1)
        vantage.go.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(answer, CheckFailedError) for answer in answers)
        assert len({id(answer) for answer in answers}) == 20
        assert all(isinstance(answer.__cause__, RuntimeError) for answer in answers)  # type: ignore[union-attr] # checked above
        vantage.error = None
        async with asyncio.timeout(0.3):
            assert (await service.ask(question())).source == "fresh"


async def test_a_vantage_that_never_ends_is_given_up(
    redis_url: str, vantage: CountingVantage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question's timeout binds the vantage too."""
    monkeypatch.setattr("bot.service.OVERTIME_SECONDS", 0.1)
    vantage.go.clear()
    async with bot(redis_url, vantage) as service:
        with pytest.raises(CheckFailedError, match=r"shop\.example\.jp failed"):
            await service.ask(question().model_copy(update={"timeout": 0.1}))


async def test_running_checks_are_bounded(redis_url: str, vantage: CountingVantage) -> None:
    """Further checks wait for their turn, in the order they came."""
    vantage.go.clear()
    async with bot(redis_url, vantage, running_checks=5) as service:
        asked = [asyncio.create_task(service.ask(question(f"h{n}.test"))) for n in range(30)]
        await until(lambda: vantage.running == 5)
        await asyncio.sleep(0.05)
        vantage.go.set()
        await asyncio.gather(*asked)
    assert vantage.most == 5
    assert [one.target.host for one in vantage.checks] == [f"h{n}.test" for n in range(30)]


async def test_without_redis_checks_run_and_say_so(
    fragile_server: FragileServer, vantage: CountingVantage
) -> None:
    """Nothing is cached, askers at once still share one check, and recall knows the last answers."""
    fragile_server.stop()
    vantage.go.clear()
    async with bot(fragile_server.url, vantage) as service:
        asked = [asyncio.create_task(service.ask(question())) for _ in range(20)]
        await until(lambda: vantage.running == 1)
        vantage.go.set()
        answers = await asyncio.gather(*asked)
        assert not any(answer.stored for answer in answers)
        assert len(vantage.checks) == 1
        assert (await service.ask(question())).source == "fresh"
        recalled = await service.recall(answers[0].report.id)
        assert recalled is not None
        assert await service.recall("unknown") is None


async def test_a_restart_in_the_middle_costs_nobody_the_answer(
    fragile_server: FragileServer, vantage: CountingVantage
) -> None:
    """Redis goes away during a check and comes back: askers are answered, then caching works."""
    vantage.go.clear()
    async with bot(fragile_server.url, vantage) as one, bot(fragile_server.url, vantage) as two:
        asked = [asyncio.create_task(service.ask(question())) for service in (one, two)]
        await until(lambda: vantage.running == 1 and bool(_waiters(one) or _waiters(two)))
        await asyncio.to_thread(fragile_server.stop)
        await until(lambda: vantage.running == 2)
        vantage.go.set()
        answers = await asyncio.gather(*asked)
        assert not any(answer.stored for answer in answers)

        await asyncio.to_thread(fragile_server.start)
        for service in (one, two):
            await until(lambda: not store_of(service).away)  # noqa: B023 - awaited in the same turn
        assert (await one.ask(question())).stored
        assert (await two.ask(question())).source == "cache"


@pytest.mark.parametrize("poison", [b"", b"\xff\x00", b"{}", b"null", b"[" * 5000, b"gone-id"])
async def test_poison_in_the_cache_is_a_miss(
    redis_url: str, vantage: CountingVantage, poison: bytes
) -> None:
    """Whatever stands under our keys, the asker gets a real answer."""
    async with bot(redis_url, vantage) as one, bot(redis_url, vantage) as two:
        fresh = await one.ask(question())
        connection = store_of(one).connection
        for pattern in ("tlscheck:result:*", "tlscheck:newest:*"):
            for name in await connection.execute("KEYS", pattern):
                await connection.execute("SET", name, poison)
            answer = await two.ask(question())
            assert answer.source == "fresh"
            assert answer.report.id != fresh.report.id


async def test_recall(redis_url: str, vantage: CountingVantage) -> None:
    """A result is found again by its id, from another process too; any other id is absent."""
    async with bot(redis_url, vantage) as one, bot(redis_url, vantage) as two:
        asked = await one.ask(question())
        recalled = await two.recall(asked.report.id)
        assert recalled is not None
        assert (recalled.source, recalled.report.findings) == ("cache", asked.report.findings)
        assert await two.recall("another") is None
        assert await two.recall("not an id\n") is None


async def test_closing_lets_checks_finish_within_the_bound(
    redis_url: str, vantage: CountingVantage
) -> None:
    """What finishes in time is answered; what does not is ended, and its lock given back."""
    async with open_store(redis_url, utc_now) as store:
        quick = Service(vantage, store, clock=utc_now, cache_seconds=300)
        vantage.go.clear()
        asked = asyncio.create_task(quick.ask(question()))
        await until(lambda: vantage.running == 1)
        asyncio.get_running_loop().call_later(0.05, vantage.go.set)
        await quick.aclose(drain_seconds=5)
        assert (await asked).source == "fresh"
        with pytest.raises(ServiceClosedError, match="failed"):
            await quick.ask(question())

        slow = Service(vantage, store, clock=utc_now, cache_seconds=300)
        vantage.go.clear()
        asked = asyncio.create_task(slow.ask(question(), refresh=True))
        await until(lambda: vantage.running == 1)
        await slow.aclose(drain_seconds=0.05)
        with pytest.raises(ServiceClosedError, match="failed"):
            await asked
        assert not await store.connection.execute("KEYS", "tlscheck:lock:*")


class OtherProcess:
    """A bot in a process of its own; `checks` has a line for each check of any process."""

    def __init__(self, url: str, directory: Path) -> None:
        self._url = url
        self._directory = directory
        self.checks = directory / "checks"
        self.go = directory / "go"

    async def start(self) -> asyncio.subprocess.Process:
        """Start a process that asks the question and prints the answer's id and source."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.store.other_process",
            self._url,
            str(self._directory),
            stdout=asyncio.subprocess.PIPE,
        )

    def lines(self) -> int:
        """How many checks were begun."""
        return len(self.checks.read_text().splitlines()) if self.checks.exists() else 0


async def test_real_processes_do_one_check(
    redis_url: str, vantage: CountingVantage, tmp_path: Path
) -> None:
    """Two other processes and this one ask together: one check, one id."""
    other = OtherProcess(redis_url, tmp_path)
    children = [await other.start() for _ in range(2)]
    async with bot(redis_url, vantage) as service:
        await until(lambda: other.lines() > 0, 20)
        mine = asyncio.create_task(service.ask(question()))
        await until(lambda: _waiters(service) == 1)
        other.go.touch()
        answer = await mine
        printed = [(await child.communicate())[0].decode().split() for child in children]
    assert answer.source == "joined"
    assert {result_id for result_id, _ in printed} == {answer.report.id}
    assert [source for _, source in printed].count("fresh") == 1
    assert (other.lines(), vantage.checks) == (1, [])


async def test_a_waiter_takes_over_from_a_killed_holder(
    redis_url: str, vantage: CountingVantage, tmp_path: Path
) -> None:
    """A process that is killed during its check is replaced when its lease ends."""
    other = OtherProcess(redis_url, tmp_path)
    child = await other.start()
    async with bot(redis_url, vantage) as service:
        await until(lambda: other.lines() == 1, 20)
        mine = asyncio.create_task(service.ask(question()))
        await until(lambda: _waiters(service) == 1)
        assert not vantage.checks
        child.kill()
        await child.communicate()
        async with asyncio.timeout(5):
            assert (await mine).source == "fresh"
    assert len(vantage.checks) == 1


async def test_answers_are_counted(redis_url: str, vantage: CountingVantage) -> None:
    """The metrics tell cached from fresh and name the cause."""
    metrics = Metrics()
    async with open_store(redis_url, utc_now, on_away=metrics.redis_away) as store:
        service = Service(vantage, store, clock=utc_now, cache_seconds=300, metrics=metrics)
        for _ in range(3):
            await service.ask(question())
    text = metrics.render().decode()
    assert 'tlscheck_answers_total{source="cache"} 2.0' in text
    assert 'tlscheck_checks_total{cause="missing_intermediate",verdict="broken"} 1.0' in text


def test_what_changes_soon_is_not_cached_long() -> None:
    """Unreachable servers for 15 s, a verdict on dates until the date, the rest as set."""
    now = datetime.now(UTC)
    long, short = timedelta(seconds=300), timedelta(seconds=5)
    asked = question()
    assert cache_for(report(asked), 300) == long
    unreachable = report(asked, verdict="unreachable", cause=Cause.CONNECTION_REFUSED)
    assert cache_for(unreachable, 300) == UNREACHABLE_FRESH
    assert cache_for(unreachable, 5) == short
    assert cache_for(report(asked, cause=Cause.TIMEOUT), 300) == UNREACHABLE_FRESH
    ends = report(asked, verdict="ok", cause=None, ends=now + timedelta(seconds=60))
    assert timedelta(seconds=55) < cache_for(ends, 300) <= timedelta(seconds=60)
    assert cache_for(report(asked, ends=now - timedelta(days=1)), 300) == long
    assert cache_for(report(asked), 0) == timedelta(0)
    open_one = report(asked).model_copy(update={"pending": ("revocation",)})
    assert cache_for(open_one, 300) == PENDING_FRESH
