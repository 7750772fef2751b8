"""Asking from elsewhere, and from everywhere at once: real workers over a real Valkey."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.audit import Audited
from bot.compare import Seen, gather
from bot.compare.gather import presence_of
from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.service import PlaceFailedError
from bot.texts.catalogue import catalogue
from bot.worker.machine import Bundle, Machine
from tests.compare.conftest import OpenBot
from tests.compare.samples import bundle, presence, report
from tests.worker.process import Plan, worker_process

HEALTHY = "healthy.lab.test"
SILENT = "timeout-silent.lab.test"


def asked(host: str, timeout: float = 10.0) -> Question:
    """What a person asks."""
    return Question(target=parse_target(host), timeout=timeout)


async def test_a_question_to_a_place(open_bot: OpenBot, plan: Plan) -> None:
    """Each place has answers of its own in the one cache; whoever asks next gets that one."""
    async with worker_process(plan), open_bot() as (service, places), open_bot() as (other, _):
        assert await places.look() == ("office", "prod-tokyo")
        assert len(places.presences("prod-tokyo")) == 1
        there = await service.ask(asked(HEALTHY), vantage="prod-tokyo")
        assert (there.report.vantage, there.source) == ("prod-tokyo", "fresh")
        here = await service.ask(asked(HEALTHY))
        assert (here.report.vantage, here.source) == ("office", "fresh")
        again = await other.ask(asked(HEALTHY), vantage="Prod-Tokyo")
        assert (again.report.id, again.source) == (there.report.id, "cache")
        assert (await other.ask(asked(HEALTHY), vantage="office")).report.id == here.report.id


async def test_what_another_place_sees_is_no_change_of_the_host(
    open_bot: OpenBot, plan: Plan
) -> None:
    """A host that is refused from elsewhere has not become unreachable here."""
    async with worker_process(replace(plan, networks=())), open_bot() as (service, _):
        await service.ask(asked(HEALTHY))
        there = await service.ask(asked(HEALTHY), vantage="prod-tokyo")
        assert there.report.cause is Cause.EGRESS_DENIED
        assert there.record.changes == ()
        here = await service.ask(asked(HEALTHY), refresh=True)
        assert here.record.changes == ()


async def test_one_check_for_all_who_ask_a_place(open_bot: OpenBot, plan: Plan) -> None:
    """Two processes that ask one place the same at once are one check."""
    async with worker_process(plan), open_bot() as (one, _), open_bot() as (two, _):
        question = asked(SILENT, timeout=2.0)
        answers = await asyncio.gather(
            *(bot.ask(question, vantage="prod-tokyo") for bot in (one, two, one, two))
        )
    assert len({answer.report.id for answer in answers}) == 1


async def test_nobody_there(open_bot: OpenBot, plan: Plan) -> None:
    """A place that does not exist is one sentence, which names those that do."""
    async with worker_process(plan), open_bot() as (service, _):
        with pytest.raises(PlaceFailedError, match=HEALTHY) as caught:
            await service.ask(asked(HEALTHY), vantage="prod-osaka")
    reason = caught.value.reason
    text = catalogue("en").text(reason.key, n=None, **reason.values)
    assert "No worker runs at prod-osaka" in text
    assert "office, prod-tokyo" in text


async def test_the_log_says_which_place_was_asked(open_bot: OpenBot, plan: Plan) -> None:
    """Whoever has to answer "who had this checked, from where?" finds it."""
    async with worker_process(plan), open_bot() as (service, _):
        with capture_logs() as logs:
            await Audited(service).ask(asked(HEALTHY), vantage="prod-tokyo")
            await Audited(service).ask(asked(HEALTHY))
    lines = [one for one in logs if one["event"] == "audit"]
    assert [one.get("vantage") for one in lines] == ["prod-tokyo", None]


async def test_everybody_answers(open_bot: OpenBot, plan: Plan) -> None:
    """All places are asked, those that stand there now; the second time from the cache."""
    async with open_bot() as (service, places), AsyncExitStack() as stack:
        for name in ("prod-tokyo", "prod-osaka"):
            await stack.enter_async_context(worker_process(replace(plan, vantage=name)))
        seen = [one async for one in gather(service, places, asked(HEALTHY))]
        assert {one.vantage for one in seen} == {"office", "prod-tokyo", "prod-osaka"}
        assert all(one.report is not None and one.report.verdict == "ok" for one in seen)
        assert [one.vantage for one in seen if one.own] == ["office"]
        assert all(one.own or one.presence is not None for one in seen)
        again = [one async for one in gather(service, places, asked(HEALTHY))]
        assert {one.source for one in again} == {"cache"}


async def test_one_place_is_silent_and_one_dies(open_bot: OpenBot, plan: Plan) -> None:
    """Who answers is heard at once; who dies or keeps silent is named, within the bound."""
    loop = asyncio.get_running_loop()
    async with open_bot() as (service, places), AsyncExitStack() as stack:
        osaka = await stack.enter_async_context(worker_process(replace(plan, vantage="osaka")))
        oslo = await stack.enter_async_context(worker_process(replace(plan, vantage="oslo")))
        await stack.enter_async_context(worker_process(replace(plan, vantage="tokyo")))
        await places.look()
        oslo.pause()
        osaka.pause()
        begun, came = loop.time(), dict[str, float]()
        seen: list[Seen] = []
        # osaka dies under the question, oslo is alive by its last word and says nothing.
        async for one in gather(service, places, asked(HEALTHY, timeout=3.0), grace=1.0):
            seen.append(one)
            came[one.vantage] = loop.time() - begun
            if len(seen) == 1:
                osaka.kill()
    assert came["office"] < 2.0
    assert came["tokyo"] < 2.0
    assert max(came.values()) < 6.0
    failures = {one.vantage: one.failure for one in seen}
    assert failures["tokyo"] is failures["office"] is None
    assert {failures["osaka"], failures["oslo"]} <= {"silent", "nobody"}


def test_which_machine_of_a_place_it_was() -> None:
    """Several may share a name: the Report's bundles and its clock tell them apart."""
    old, new = (
        one.model_copy(update={"machine": machine_with(roots, openssl)})
        for one, roots, openssl in (
            (presence("prod-tokyo", 86_400.0), 110, "OpenSSL 1.0.2k"),
            (presence("prod-tokyo"), 140, "OpenSSL 3.0.19"),
        )
    )
    both = (old, new)
    by_bundle = bundle().model_copy(update={"roots": 140})
    assert presence_of(report("prod-tokyo", machine=(by_bundle,)), both) == new
    by_bundle = bundle().model_copy(update={"roots": 110})
    assert presence_of(report("prod-tokyo", machine=(by_bundle,)), both) == old
    behind = report("prod-tokyo", cause=Cause.CLOCK_SKEW, severity="warning")
    found = presence_of(behind, both)
    assert found is not None
    assert found.clock_offset == old.clock_offset
    # By its clock alone it is likely, and not sure enough to speak of its OpenSSL.
    assert found.machine is not None
    assert found.machine.openssl is None
    assert presence_of(behind, ()) is None


def machine_with(roots: int, openssl: str) -> Machine:
    """A machine with one bundle."""
    one = Bundle(path=bundle().store, kind="system", roots=roots, digest="d")
    return Machine(
        host="m",
        system="Linux",
        python="3.11.7",
        python_openssl=openssl,
        openssl=openssl,
        bundles=(one,),
    )
