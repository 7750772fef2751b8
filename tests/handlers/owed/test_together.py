"""Several bots over one Redis: restarted one after another, paused, with Redis restarted, and what
they share.
"""

import asyncio
from pathlib import Path
from typing import Any

import redis.asyncio as redis

from bot.demo.slack.workspace import AIKO, BEN
from tests.handlers.owed.test_killed import RESTARTED, asked
from tests.handlers.owed.town import ANSWER, CHANNEL, SHOP, Town, open_town
from tests.handlers.waiting import until
from tests.store.conftest import FragileServer

WATCHED = "watched.example.jp"
DUE = "tlscheck:watches:due"


async def test_what_comes_to_a_bot_that_is_ending_goes_to_another(town: Town) -> None:
    """A rolling restart is not noticed: what was begun ends there, what still comes does not begin."""
    one = await town.start("one", drain=30.0)
    two = await town.start("two")
    town.ask(one)
    await asked(town)
    await town.checking(by="one")
    stopping = asyncio.create_task(one.stop())

    async def ending() -> bool:
        return await two.number("tlscheck_debts_open") == 0 and await town.takers() == 1

    await until(ending)
    await asked(town, BEN, "late.example.jp")
    await town.slack.say(BEN, CHANNEL, "@tlscheck said.example.jp")
    await town.checking("late.example.jp", by="two")
    await town.checking("said.example.jp", by="two")
    town.go()
    await stopping
    await town.paid()
    assert town.said(f"Broken: {SHOP}", AIKO) == 1
    assert town.said("Broken: late.example.jp", BEN) == 1
    assert town.said("Broken: said.example.jp", BEN) == 1
    assert town.said(RESTARTED, AIKO) + town.said(RESTARTED, BEN) == 0
    assert (SHOP, "two") not in [(host, bot) for bot, host in town.checks]


async def test_a_paused_bot_does_not_answer_as_well(town: Town) -> None:
    """Taken for dead, taken over from, and running again: it keeps quiet."""
    one = await town.start("one")
    await town.start("two")
    town.ask(one)
    await asked(town)
    await town.checking(by="one")
    one.freeze()
    await town.checking(by="two")
    town.go()
    await town.paid()
    one.freeze(thaw=True)

    async def quiet() -> bool:
        return await one.number("tlscheck_background_tasks") == 0

    await until(quiet)
    assert town.said(ANSWER, AIKO) == 1
    # And it is of use again.
    await asked(town, BEN, "next.example.jp")
    await town.hears("Broken: next.example.jp", BEN)


async def test_redis_is_restarted_and_then_a_bot_is_killed(
    tmp_path: Path, fragile_server: FragileServer
) -> None:
    """It comes back empty: what is owed is noted again."""
    async with open_town(tmp_path, fragile_server.url) as town:
        one = await town.start("one")
        await town.start("two")
        town.ask(one)
        await asked(town)
        await town.checking(by="one")
        fragile_server.stop()
        fragile_server.start()

        async def noted() -> bool:
            return await town.owed() == 1 and await town.takers() == 2

        await until(noted, 30)
        await one.kill()
        await town.checking(by="two")
        town.go()
        await town.paid()
        assert town.said(ANSWER, AIKO) == 1


async def test_a_change_is_told_once_though_its_watcher_is_killed(town: Town) -> None:
    """In the middle of the look that would have seen it."""
    one = await town.start("one", patience=20.0)
    await town.start("two", patience=20.0)
    town.go()
    await town.slack.command(AIKO, CHANNEL, f"watch {WATCHED}")
    town.hold()
    town.mend()
    begun = len(town.checks)
    await due(town)
    await until(lambda: len(town.checks) > begun, 30)
    killed = town.bots[town.checks[-1][0]]
    await killed.kill()
    # As if the lease of the look had ended.
    await due(town)
    await until(lambda: len(town.checks) > begun + 1, 30)
    assert town.bots[town.checks[-1][0]] is not killed
    town.go()
    await town.hears("Mended", AIKO)
    looks = len(town.checks)
    await due(town)
    await until(lambda: len(town.checks) > looks, 30)
    assert town.said("Mended", AIKO) == 1
    assert killed is one or killed.name == "two"


async def due(town: Town) -> None:
    """Every watch is to be looked at now."""
    async with redis.Redis.from_url(town.redis_url) as client:
        ids: list[Any] = list(await client.zrange(DUE, 0, -1))
        await client.zadd(DUE, dict.fromkeys(ids, 0.0))


async def test_rates_are_shared(town: Town) -> None:
    """What somebody has had checked by one bot counts with the other."""
    town.go()
    limit = {"TLSCHECK_RATE_PERSON": "2"}
    one = await town.start("one", patience=20.0, environment=limit)
    two = await town.start("two", patience=20.0, environment=limit)
    said = []
    for number, bot in enumerate((one, two, one, two)):
        town.ask(bot)
        delivery = await town.slack.command(AIKO, CHANNEL, f"host{number}.example.jp")
        assert delivery.message is not None
        said.append(delivery.message.text)
    assert ["Broken" in one for one in said] == [True, True, False, False]
    assert len(town.checks) == 2
    # What somebody else asks, and what is known, is not theirs to pay.
    assert (await town.slack.command(BEN, CHANNEL, "host0.example.jp")).outcome == "ok"
    assert len(town.checks) == 2
