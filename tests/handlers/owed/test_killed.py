"""Bots killed and stopped in the middle of a check: everybody gets their answer, once."""

import asyncio
from dataclasses import replace

import pytest

from bot.demo.slack.values import User
from bot.demo.slack.workspace import AIKO
from tests.handlers.owed.town import ANSWER, CHANNEL, SHOP, Town

WAYS = pytest.mark.parametrize("via", ["http", "socket"])
RESTARTED = "being restarted"


async def asked(town: Town, user: User = AIKO, host: str = SHOP) -> None:
    """Ask, and be told that the check is under way."""
    delivery = await town.slack.command(user, CHANNEL, host)
    assert delivery.message is not None
    assert "Checking" in delivery.message.text


@WAYS
async def test_another_bot_answers_for_one_that_was_killed(town: Town, via: str) -> None:
    """SIGKILL between acknowledgement and answer."""
    await town.start("one", via=via)
    await town.start("two", via=via)
    await asked(town)
    killed = await town.checking()
    await killed.kill()
    left = next(bot for bot in town.bots.values() if bot is not killed)
    await town.checking(by=left.name)
    town.go()
    await town.paid()
    assert town.said(ANSWER, AIKO) == 1
    assert await left.number('tlscheck_debts_taken_over_total{outcome="resumed"}') == 1
    assert await left.number("tlscheck_debts_open") == 0


@WAYS
async def test_a_bot_that_is_stopped_hands_over_at_once(town: Town, via: str) -> None:
    """SIGTERM in the middle of a check that does not end within the drain."""
    await town.start("one", via=via)
    await town.start("two", via=via)
    await asked(town)
    stopped = await town.checking()
    await stopped.stop()
    left = next(bot for bot in town.bots.values() if bot is not stopped)
    await town.checking(by=left.name)
    town.go()
    await town.paid()
    assert town.said(ANSWER, AIKO) == 1
    assert town.said(RESTARTED, AIKO) == 0


@WAYS
async def test_all_are_killed_and_one_is_started_anew(town: Town, via: str) -> None:
    """Nobody was there; the new one knows."""
    one = await town.start("one", via=via)
    await asked(town)
    await town.checking()
    await one.kill()
    await town.start("two", via=via)
    await town.checking(by="two")
    town.go()
    await town.paid()
    assert town.said(ANSWER, AIKO) == 1


async def test_the_last_bot_tells_its_askers_itself(town: Town) -> None:
    """SIGTERM, and nobody to hand over to: told at once, and not a second time after a restart."""
    one = await town.start("one")
    await asked(town)
    await town.checking()
    await one.stop()
    assert town.said(RESTARTED, AIKO) == 1
    assert await town.owed() == 0


async def test_a_hundred_askers_and_one_bot_killed(town: Town) -> None:
    """Each gets one answer; the question is checked once by each bot that lives to check it."""
    one, two = await town.start("one"), await town.start("two")
    people = [
        replace(AIKO, id=f"U0ASKER{number:03}", name=f"asker{number}") for number in range(100)
    ]
    for person in people:
        town.slack.workspace.users[person.id] = person
    for bot, half in ((one, people[:50]), (two, people[50:])):
        town.ask(bot)
        await asyncio.gather(*(asked(town, person) for person in half))
    await town.checking()
    assert len(town.checks) == 1
    first = town.bots[town.checks[0][0]]
    await first.kill()
    left = two if first is one else one
    await town.checking(by=left.name)
    town.go()
    await town.paid()
    assert [town.said(ANSWER, person) for person in people] == [1] * 100
    assert town.checks == [(first.name, SHOP), (left.name, SHOP)]
