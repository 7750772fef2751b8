"""Questions that are answered elsewhere: by real worker processes, over a real Redis."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from bot.demo.lab import Lab
from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.store.connection import connect
from bot.vantage import Vantage
from bot.worker import Post, RemoteFailureError, VantageAwayError, open_post
from bot.worker.outgoing import GROUP
from bot.worker.presence import Round, living
from bot.worker.queue import stream_of, strike_off
from tests.store.conftest import FragileServer
from tests.worker.process import Plan, worker_process

HEALTHY = "healthy.lab.test"
SILENT = "timeout-silent.lab.test"


def asked(host: str, timeout: float = 10.0) -> Question:
    """What a person asks."""
    return Question(target=parse_target(host), timeout=timeout)


async def taken(url: str, count: int = 1) -> None:
    """Wait until workers have so many orders in their hands."""
    with Redis.from_url(url, protocol=2) as client:
        async with asyncio.timeout(30):
            while True:
                with suppress(ResponseError):
                    if client.xpending("tlscheck:tasks:prod-tokyo", "workers")["pending"] >= count:
                        return
                await asyncio.sleep(0.02)


async def test_a_check_from_elsewhere(post: Post, plan: Plan) -> None:
    """The Report is the worker's own, says where it comes from, and names the cause."""
    async with worker_process(plan):
        tokyo: Vantage = post.vantage("prod-tokyo")
        report = await tokyo.check(asked("missing-intermediate.lab.test"))
        assert (report.vantage, report.cause) == ("prod-tokyo", Cause.MISSING_INTERMEDIATE)
        assert (await post.vantage("any").check(asked(HEALTHY))).verdict == "ok"
        [worker] = post.workers
        assert worker.machine is not None
        assert worker.machine.python
        # The lab's root is in no bundle of this machine.
        lacking = [one for one in report.machine if one.lacks]
        assert len(lacking) == len(report.machine) == len(worker.machine.bundles) >= 1
        assert any(one.kind == "python" and one.since for one in worker.machine.bundles)
        assert tokyo.roots_digest(asked(HEALTHY)) == worker.roots_digest
        assert abs(worker.clock_offset) < 60


async def test_a_worker_leaves_nothing_behind(post: Post, plan: Plan, redis_url: str) -> None:
    """Told to end, it says goodbye: no consumer, no presence, no entry stays."""
    async with worker_process(plan) as worker:
        await post.vantage("prod-tokyo").check(asked(HEALTHY))
        assert await worker.stop() == 0
    assert await post.look() == ()
    with Redis.from_url(redis_url, protocol=2) as client:
        assert client.xlen("tlscheck:tasks:prod-tokyo") == 0
        assert client.xinfo_consumers("tlscheck:tasks:prod-tokyo", "workers") == []


async def test_consumers_that_were_killed_are_struck_off(redis_url: str) -> None:
    """Who holds nothing and is silent goes; who holds an order stays, for others to take it."""
    stream = stream_of("prod-tokyo")
    with Redis.from_url(redis_url) as client:
        client.xgroup_create(stream, GROUP, id="0", mkstream=True)
        client.xgroup_createconsumer(stream, GROUP, "killed")
        client.xadd(stream, {"data": "x"})
        client.xreadgroup(GROUP, "holding", {stream: ">"})
        connection = connect(redis_url)
        await strike_off(connection, stream, 60)
        assert len(client.xinfo_consumers(stream, GROUP)) == 2
        await strike_off(connection, stream, -1)
        await connection.aclose()
        [left] = client.xinfo_consumers(stream, GROUP)
    assert left["name"] == b"holding"


async def test_nobody_there(post: Post, plan: Plan) -> None:
    """A place without a worker is named at once, and so are those that exist."""
    async with worker_process(plan):
        with pytest.raises(VantageAwayError, match="prod-osaka: nobody") as caught:
            await asyncio.wait_for(post.vantage("prod-osaka").check(asked(HEALTHY)), 2)
    assert caught.value.values["known"] == "prod-tokyo"


async def test_redis_away() -> None:
    """Without Redis the asker is told at once."""
    async with open_post("unix:///nowhere/socket") as post:
        with pytest.raises(VantageAwayError, match="redis"):
            await asyncio.wait_for(post.vantage("prod-tokyo").check(asked(HEALTHY)), 3)


async def test_a_worker_decides_itself_where_it_connects(post: Post, plan: Plan) -> None:
    """What the sender would allow is refused, and the worker's own policy is applied."""
    async with worker_process(replace(plan, networks=())):
        tokyo = post.vantage("prod-tokyo")
        assert (await tokyo.check(asked(HEALTHY))).cause is Cause.EGRESS_DENIED
        wide = asked(HEALTHY).model_copy(update={"allow_networks": ("127.0.0.0/8",)})
        with pytest.raises(RemoteFailureError, match="networks"):
            await tokyo.check(wide)


async def test_a_killed_worker_loses_nobodys_answer(post: Post, plan: Plan, redis_url: str) -> None:
    """Of two workers one is killed in the middle of its checks: the other takes them over."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(worker_process(plan))
        await stack.enter_async_context(worker_process(plan))
        questions = [asked(SILENT, timeout=4.0) for _ in range(40)]
        checks = [asyncio.create_task(post.vantage("prod-tokyo").check(q)) for q in questions]
        await taken(redis_url, 40)
        one.kill()
        reports = await asyncio.wait_for(asyncio.gather(*checks), 30)
    assert [one.cause for one in reports] == [Cause.TIMEOUT] * 40


async def test_a_taken_over_check_is_answered(post: Post, plan: Plan, redis_url: str) -> None:
    """The answer comes in time where the question leaves the time for it."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(worker_process(plan))
        check = asyncio.create_task(post.vantage("prod-tokyo").check(asked(SILENT, timeout=30.0)))
        await taken(redis_url)
        # For the next one the name leads to a server that answers.
        found = replace(plan, names={SILENT: plan.names[HEALTHY]})
        await stack.enter_async_context(worker_process(found))
        one.kill()
        report = await asyncio.wait_for(check, 40)
    assert report.cause is Cause.HOSTNAME_MISMATCH


async def test_the_last_worker_dies(post: Post, plan: Plan, redis_url: str) -> None:
    """When nobody is left, the asker is told long before thirty seconds."""
    async with worker_process(plan) as worker:
        check = asyncio.create_task(post.vantage("prod-tokyo").check(asked(SILENT, timeout=25.0)))
        await taken(redis_url)
        worker.kill()
        with pytest.raises(VantageAwayError, match="nobody"):
            await asyncio.wait_for(check, 15)


async def test_redis_restarted_empty(plan: Plan, fragile_server: FragileServer, lab: Lab) -> None:
    """Redis comes back and knows nothing: who waited is answered all the same."""
    async with (
        worker_process(replace(plan, url=fragile_server.url)),
        open_post(fragile_server.url) as post,
    ):
        tokyo = post.vantage("prod-tokyo")
        await tokyo.check(asked(HEALTHY))
        check = asyncio.create_task(tokyo.check(asked(SILENT, timeout=4.0)))
        await taken(fragile_server.url)
        fragile_server.stop()
        fragile_server.start()
        assert (await asyncio.wait_for(check, 15)).cause is Cause.TIMEOUT
        assert (await asyncio.wait_for(tokyo.check(asked(HEALTHY)), 5)).verdict == "ok"


async def test_the_shared_key_is_demanded(redis_url: str, plan: Plan) -> None:
    """A worker with a key takes only orders that are signed with it."""
    key = b"0123456789abcdef-shared"
    async with worker_process(replace(plan, key=key.decode())):
        async with open_post(redis_url, key=key) as post:
            assert (await post.vantage("prod-tokyo").check(asked(HEALTHY))).verdict == "ok"
        for wrong in (None, b"another-key-of-16-bytes"):
            async with open_post(redis_url, key=wrong) as post:
                with pytest.raises(RemoteFailureError, match="signature"):
                    await post.vantage("prod-tokyo").check(asked(HEALTHY))


async def test_an_asker_with_a_key_believes_no_unsigned_reply(redis_url: str, plan: Plan) -> None:
    """A worker without the key cannot answer one who demands it."""
    async with worker_process(plan), open_post(redis_url, key=b"k" * 16) as post:
        with pytest.raises(RemoteFailureError, match="signature"):
            await post.vantage("prod-tokyo").check(asked(HEALTHY))


async def test_presence_of_another_form_is_passed_over(post: Post, redis_url: str) -> None:
    """What somebody else wrote into Redis does not break the list of workers."""
    with Redis.from_url(redis_url) as client:
        client.zadd("tlscheck:workers", {"f" * 32: 9e15, "x": 9e15})
        client.set(f"tlscheck:worker:{'f' * 32}", b"\x80\x04]\x94.")
        client.set("tlscheck:worker:x", b"{}")
    assert await living(post._connection) == Round()


async def test_the_later_report_follows(post: Post, plan: Plan) -> None:
    """What the CA says too late for the first answer arrives as a second one, without asking."""
    async with worker_process(plan):
        tokyo = post.vantage("prod-tokyo", patience=0.1)
        first = await tokyo.check(asked("revoked-late.lab.test"))
        assert (first.verdict, first.pending) == ("ok", ("revocation",))
        later = await tokyo.later(first)
        assert later is not None
        assert (later.id, later.cause, later.pending) == (first.id, Cause.REVOKED, ())
        assert await tokyo.later(first) is None


@pytest.mark.parametrize("days", [400, -400], ids=["behind", "ahead"])
async def test_a_machine_with_a_wrong_clock(post: Post, plan: Plan, days: int) -> None:
    """The server is not accused: Redis' clock is a witness; and the moment told is the true one."""
    async with worker_process(replace(plan, behind=days * 86_400.0)):
        question = asked(HEALTHY).model_copy(update={"fetch": False})
        report = await post.vantage("prod-tokyo").check(question)
        [worker] = post.workers
    assert abs(worker.clock_offset - days * 86_400) < 60
    assert (report.verdict, report.cause) == ("warning", Cause.CLOCK_SKEW)
    assert report.findings[0].evidence["source"] == "Redis"
    assert abs(report.checked_at - datetime.now(UTC)) < timedelta(minutes=5)


async def test_a_clock_that_is_a_little_wrong(post: Post, plan: Plan) -> None:
    """Half an hour accuses nobody and is said beside the answer."""
    async with worker_process(replace(plan, behind=1800.0)):
        report = await post.vantage("prod-tokyo").check(asked(HEALTHY))
    assert (report.verdict, report.cause) == ("ok", None)
    assert Cause.CLOCK_SKEW in [one.code for one in report.findings]
    assert abs(report.checked_at - datetime.now(UTC)) < timedelta(minutes=5)
