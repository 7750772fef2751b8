"""Whose request it is, how often they may have a check, and the line that stays of it."""

import asyncio
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.demo.slack.manifest import declared
from bot.demo.slack.workspace import AIKO, BEN, TEAM
from handlers.asking.press import RECHECK
from tests.handlers.asking.test_step import ran
from tests.handlers.conftest import Run, Running

CHANNEL = "incident-shop"


def audits(logs: list[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    """The audit lines among what was logged."""
    return [one for one in logs if one["event"] == "audit"]


async def test_every_check_leaves_one_line(bot: Running) -> None:
    """Who, from where, what, its outcome, and whether a check ran for it."""
    with structlog.testing.capture_logs() as logs:
        await bot.slack.command(AIKO, CHANNEL, "shop.example.jp:8443 --no-fetch")
        await bot.slack.command(BEN, CHANNEL, "shop.example.jp:8443 --no-fetch")
        await bot.slack.command(BEN, CHANNEL, "help")
    first, second = audits(logs)
    ms = first.pop("ms")
    assert isinstance(ms, int)
    assert first == {
        "event": "audit",
        "log_level": "info",
        "what": "check",
        "surface": "command",
        "user": AIKO.id,
        "team": TEAM,
        "channel": "C0INCIDENT",
        "host": "shop.example.jp",
        "port": 8443,
        "fetch": False,
        "refresh": False,
        "verdict": "broken",
        "cause": "missing_intermediate",
        "source": "fresh",
    }
    assert (second["user"], second["source"]) == (BEN.id, "cache")


async def test_a_press_is_written_down_as_the_one_who_pressed(bot: Running) -> None:
    """Not as the one who typed the command; the two are different people's tasks."""
    asked = await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
    assert asked.message is not None
    with structlog.testing.capture_logs() as logs:
        await bot.slack.press(AIKO, asked.message, RECHECK)
        await bot.slack.wait_for(lambda: audits(logs))
    (line,) = audits(logs)
    assert (line["surface"], line["user"], line["channel"]) == ("press", AIKO.id, "C0INCIDENT")
    assert line["refresh"] is True


async def test_a_failed_check_is_written_down_too(run: Run) -> None:
    """That it was asked for is what counts."""
    async with run() as bot:
        bot.vantage.error = RuntimeError("broken")
        with structlog.testing.capture_logs() as logs:
            await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
    (line,) = audits(logs)
    assert (line["verdict"], line["source"]) == (None, "failed")


async def test_a_person_who_had_many_checks_is_told_how_long_to_wait(run: Run) -> None:
    """In their language; what was checked just now is still answered, and others still ask."""
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    async with run(tlscheck_rate_person=2, clock=lambda: now, real=True) as bot:
        await bot.slack.command(AIKO, CHANNEL, "a.example.jp")
        await bot.slack.command(AIKO, CHANNEL, "b.example.jp")
        with structlog.testing.capture_logs() as logs:
            refused = await bot.slack.command(AIKO, CHANNEL, "c.example.jp --lang ja")
        assert len(bot.vantage.asked) == 2
        assert refused.message is not None
        assert "30 秒後" in refused.message.text
        assert audits(logs)[0]["source"] == "refused"
        cached = await bot.slack.command(AIKO, CHANNEL, "a.example.jp")
        assert cached.message is not None
        assert "a.example.jp" in cached.message.text
        await bot.slack.command(BEN, CHANNEL, "c.example.jp")
        assert len(bot.vantage.asked) == 3
        assert 'tlscheck_slack_told_to_wait_total{whose="person"} 1.0' in await bot.numbers()

        now += timedelta(seconds=30)
        await bot.slack.command(AIKO, CHANNEL, "d.example.jp")
        assert len(bot.vantage.asked) == 4


async def test_a_channel_has_an_allowance_of_its_own(run: Run) -> None:
    """All who ask there together; elsewhere people go on."""
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    async with run(tlscheck_rate_channel=1, clock=lambda: now, real=True) as bot:
        await bot.slack.command(AIKO, CHANNEL, "a.example.jp")
        refused = await bot.slack.command(BEN, CHANNEL, "b.example.jp")
        assert refused.message is not None
        assert "This channel has had many checks" in refused.message.text
        await bot.slack.command(BEN, "dm", "b.example.jp")
        assert len(bot.vantage.asked) == 2


async def test_five_hundred_who_ask_the_same_are_one_check(run: Run) -> None:
    """An incident: the allowance of the channel is one check, and nobody is told to wait."""
    # The machine may be busy: how fast it is acknowledged is not asked here.
    async with run(tlscheck_rate_channel=1, tlscheck_rate_person=1, ack_seconds=30) as bot:
        bot.vantage.gate.clear()
        asking = [
            asyncio.create_task(bot.slack.command((AIKO, BEN)[n % 2], CHANNEL, "shop.example.jp"))
            for n in range(500)
        ]
        await bot.slack.wait_for(lambda: bot.vantage.asked, timeout=30)
        bot.vantage.gate.set()
        answered = await asyncio.gather(*asking)
        texts = {one.message.text for one in answered if one.message is not None}
        assert len(bot.vantage.asked) == 1
        assert len(texts) == 1
        assert 'told_to_wait_total{whose="channel"} 0.0' in await bot.numbers()


async def test_the_check_of_one_who_may_is_not_lost_by_one_who_may_not(run: Run) -> None:
    """Both ask for the same at the same time, and the first of them has to wait."""
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    async with run(tlscheck_rate_person=1, clock=lambda: now, real=True) as bot:
        await bot.slack.command(AIKO, CHANNEL, "a.example.jp")
        refused, answered = await asyncio.gather(
            bot.slack.command(AIKO, CHANNEL, "b.example.jp"),
            bot.slack.command(BEN, CHANNEL, "b.example.jp"),
        )
        assert answered.message is not None
        assert refused.message is not None
        assert "b.example.jp" in answered.message.text
        assert len(bot.vantage.asked) == 2


async def test_nobody_is_silenced_while_redis_is_away(run: Run) -> None:
    """Nothing can be counted then, and every question is answered."""
    async with run(redis_url="redis://127.0.0.1:1/0", tlscheck_rate_person=1) as bot:
        for host in ("a.example.jp", "b.example.jp", "c.example.jp"):
            assert (await bot.slack.command(AIKO, CHANNEL, host)).message is not None
        assert len(bot.vantage.asked) == 3


async def test_workflows_have_an_allowance_together(run: Run) -> None:
    """Nobody's and no channel's; a step that has to wait fails with the sentence."""
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    async with run(app=declared(), tlscheck_rate_channel=1, clock=lambda: now, real=True) as bot:
        assert (await ran(bot, "a.example.jp")).status == "succeeded"
        waits = await ran(bot, "b.example.jp")
        assert waits.status == "failed"
        assert "Workflows here have had many checks" in waits.error
        await bot.slack.command(AIKO, CHANNEL, "b.example.jp")
        assert len(bot.vantage.asked) == 2


async def test_being_told_to_wait_is_no_failure_of_ours(run: Run) -> None:
    """No error line, and no traceback, which would cost more than the check."""
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    async with run(tlscheck_rate_person=1, clock=lambda: now) as bot:
        await bot.slack.command(AIKO, CHANNEL, "a.example.jp")
        with structlog.testing.capture_logs() as logs:
            await bot.slack.command(AIKO, CHANNEL, "b.example.jp")
        assert [one for one in logs if one["log_level"] != "info"] == []


async def test_zero_is_no_limit(run: Run) -> None:
    """For whoever wants none."""
    async with run(tlscheck_rate_person=0, tlscheck_rate_channel=0) as bot:
        for number in range(130):
            await bot.slack.command(AIKO, CHANNEL, f"h{number}.example.jp")
        assert len(bot.vantage.asked) == 130
