"""The workflow step: a host in, the verdict out, once for each run."""

import asyncio
from typing import Any

import pytest

from bot.demo.slack.manifest import declared
from bot.demo.slack.values import Execution
from bot.demo.slack.workspace import AIKO
from handlers.asking.press import SHARE
from tests.handlers.asking.test_pressed import answer, shown_to_all
from tests.handlers.conftest import Run, Running
from tests.handlers.watches.test_watching import JOINED


async def ran(bot: Running, host: str) -> Execution:
    """Run a workflow with the step in it, to its end."""
    begun = await bot.slack.run_step(AIKO, "check_tls", {"host": host})
    return await ended(bot, begun)


async def ended(bot: Running, begun: Execution) -> Execution:
    """Wait for the end of a run."""

    def found() -> list[Execution]:
        return [
            one for one in bot.slack.executions if one.id == begun.id and one.status != "running"
        ]

    return (await bot.slack.wait_for(found))[0]


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_outputs(run: Run, via: str) -> None:
    """Verdict, cause, summary and a link to the bot; nothing is posted anywhere."""
    async with run(via=via, real=True, app=declared()) as bot:
        broken = await ran(bot, "https://shop.example.jp/cart")
        assert broken.status == "succeeded"
        assert broken.outputs["verdict"] == "broken"
        assert broken.outputs["cause"] == "missing_intermediate"
        assert "intermediate certificate" in broken.outputs["summary"]
        assert len(broken.outputs["summary"]) <= 200
        link = "https://slack.com/app_redirect?app=A0TLSCHECK&team=T0STANDIN"
        assert broken.outputs["permalink"] == link
        bot.vantage.mended = True
        fine = await ran(bot, "other.example.jp --lang ja")
        assert (fine.outputs["verdict"], fine.outputs["cause"]) == ("ok", "")
        assert bot.slack.refusals == ()
        assert not any(shown_to_all(bot, channel) for channel in bot.slack.workspace.channels)


async def test_the_link_leads_to_the_shared_message(run: Run) -> None:
    """Where this very result was shared; a deleted message is no place to go."""
    async with run(app=declared()) as bot:
        await bot.slack.press(AIKO, await answer(bot), SHARE)
        (shared,) = await bot.slack.wait_for(lambda: shown_to_all(bot, JOINED))
        link = (await ran(bot, "shop.example.jp")).outputs["permalink"]
        assert link.endswith(f"/archives/{shared.channel}/p{shared.ts.replace('.', '')}")
        assert len(bot.vantage.asked) == 1
        bot.slack.workspace.remove(shared)
        link = (await ran(bot, "shop.example.jp")).outputs["permalink"]
        assert link.startswith("https://slack.com/app_redirect?")


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("help", "needs a server's name"),
        ("watch shop.example.jp", "needs a server's name"),
        ("explain curl: (60)", "needs a server's name"),
        ("shop.example.jp --allow-network 10.0.0.0/8", "works only on the command line"),
        ("http://", ""),
        ("x" * 5000, ""),
    ],
    ids=["help", "a watch", "an error", "an option", "no host", "too long"],
)
async def test_a_bad_host_fails_with_a_sentence(run: Run, host: str, said: str) -> None:
    """For whoever built the workflow; nothing is checked."""
    async with run(real=True, app=declared()) as bot:
        failed = await ran(bot, host)
        assert failed.status == "failed"
        assert said in failed.error
        assert 10 < len(failed.error) <= 500
        assert "\n" not in failed.error
        assert bot.vantage.asked == []
        assert bot.slack.refusals == ()


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_delivered_twice_done_once(run: Run, via: str) -> None:
    """Slack's repetition of the event ends nothing a second time."""
    async with run(via=via, app=declared()) as bot:
        await ran(bot, "shop.example.jp")
        first = next(one for one in bot.slack.deliveries if one.kind == "events_api")
        again = await bot.slack.redeliver(first)
        assert again.outcome == "ok"
        await ran(bot, "other.example.jp")
        assert _ends(bot) == ["functions.completeSuccess"] * 2
        assert bot.slack.refusals == ()


def _ends(bot: Running) -> list[str]:
    return [one.method for one in bot.slack.calls if one.method.startswith("functions.")]


async def test_acknowledged_while_the_check_runs(run: Run) -> None:
    """The event is not held up by the check."""
    async with run(app=declared()) as bot:
        bot.vantage.gate.clear()
        begun = await bot.slack.run_step(AIKO, "check_tls", {"host": "shop.example.jp"})
        assert begun.status == "running"
        assert {one.outcome for one in bot.slack.deliveries} == {"ok"}
        bot.vantage.gate.set()
        assert (await ended(bot, begun)).status == "succeeded"


async def test_the_bot_ends_meanwhile(run: Run) -> None:
    """The run fails with a sentence, and does not hang until Slack gives it up."""
    async with run(app=declared(), drain_seconds=0.1) as bot:
        bot.vantage.gate.clear()
        begun = await bot.slack.run_step(AIKO, "check_tls", {"host": "shop.example.jp"})
        await bot.slack.wait_for(lambda: bot.vantage.asked)
        bot.stop.set()
        failed = await ended(bot, begun)
        assert "restarted" in failed.error
        async with asyncio.timeout(20):
            await bot.task


async def test_slack_takes_no_end(run: Run) -> None:
    """A run that was ended by somebody else is one line in the log; the next one works."""
    async with run(app=declared()) as bot:
        bot.slack.fail_next("functions.completeSuccess", error="execution_not_in_running_state")
        await bot.slack.run_step(AIKO, "check_tls", {"host": "shop.example.jp"})
        await bot.slack.wait_for(lambda: _ends(bot))
        assert (await ran(bot, "shop.example.jp")).status == "succeeded"


async def test_its_own_token_is_used(run: Run) -> None:
    """And the bot's own where the event brings none."""
    async with run(app=declared()) as bot:
        first = await ran(bot, "shop.example.jp")
        delivery = next(one for one in bot.slack.deliveries if one.kind == "events_api")
        event: dict[str, Any] = dict(delivery.payload["event"])
        assert event.pop("bot_access_token") == first.token
        other = await bot.slack.run_step(AIKO, "check_tls", {"host": "help"})
        await ended(bot, other)
        await bot.slack.event(event | {"function_execution_id": "Fx0GONE"})
        await bot.slack.wait_for(lambda: len(_ends(bot)) == 3)
        assert [one.error for one in bot.slack.refusals] == ["function_execution_not_found"]
