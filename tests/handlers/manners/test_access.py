"""Who may use the bot: by channel, by user group, by workspace, on every surface."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from bot.demo.slack.manifest import declared
from bot.demo.slack.workspace import AIKO, BEN
from bot.settings import SettingsError
from handlers.asking.press import DETAILS, RECHECK
from handlers.manners.access import AGAIN
from handlers.talking.shortcut import MESSAGE_SHORTCUT
from tests.handlers.asking.test_step import ran
from tests.handlers.conftest import Run
from tests.handlers.waiting import until

CHANNEL = "incident-shop"
GROUP = "S0ONCALL"


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_outside_the_channels_one_polite_line(run: Run, via: str) -> None:
    """It names the channels, is for the asker alone, and leaves an audit line; inside all is well."""
    async with run(via=via, real=True, tlscheck_channels="C0INCIDENT") as bot:
        with structlog.testing.capture_logs() as logs:
            refused = await bot.slack.command(AIKO, "general", "shop.example.jp")
        assert refused.message is not None
        assert refused.message.ephemeral_to == AIKO.id
        assert "certain channels only: <#C0INCIDENT>" in refused.message.text
        assert bot.vantage.asked == []
        (line,) = [one for one in logs if one["event"] == "audit"]
        assert (line["what"], line["reason"], line["user"]) == ("refused", "channel", AIKO.id)
        await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
        assert len(bot.vantage.asked) == 1
        assert bot.slack.refusals == ()


async def test_outside_the_channels_on_every_surface(run: Run) -> None:
    """Mention, direct message, shortcut and Home: each says it where the asker is."""
    async with run(real=True, tlscheck_channels="C0INCIDENT") as bot:
        slack = bot.slack
        slack.invite("general")
        await slack.say(AIKO, "general", "@tlscheck shop.example.jp")
        await slack.wait_for(lambda: len(slack.messages("general", AIKO)) == 2)
        line = slack.messages("general", AIKO)[-1]
        assert line.ephemeral_to == AIKO.id
        assert "certain channels only" in line.text

        await slack.say(AIKO, "dm", "shop.example.jp")
        await slack.wait_for(lambda: len(slack.messages("dm", AIKO)) == 2)
        assert "certain channels only" in slack.messages("dm", AIKO)[-1].text

        said = await slack.say(BEN, "general", "https://shop.example.jp is down")
        await slack.shortcut(BEN, said, MESSAGE_SHORTCUT)
        await slack.wait_for(lambda: "certain" in slack.messages("general", BEN)[-1].text)
        assert bot.vantage.asked == []
        assert slack.refusals == ()


async def test_home_and_workflows_are_closed_then(run: Run) -> None:
    """Neither has a channel; Home shows the line, and the step fails with it."""
    async with run(real=True, app=declared(), tlscheck_channels="C0INCIDENT") as bot:
        await bot.slack.open_home(AIKO)
        home = await bot.slack.wait_for(lambda: bot.slack.home(AIKO))
        assert home is not None
        assert "certain channels only" in home.body["blocks"][0]["text"]["text"]
        step = await ran(bot, "shop.example.jp")
        assert step.status == "failed"
        assert "Workflows may not use tlscheck here" in step.error
        assert bot.vantage.asked == []
        assert bot.slack.refusals == ()


async def test_an_event_that_slack_repeats_is_refused_once(run: Run) -> None:
    """The same event id: one line."""
    async with run(real=True, tlscheck_channels="C0INCIDENT") as bot:
        slack = bot.slack
        await slack.say(AIKO, "dm", "shop.example.jp")
        await slack.wait_for(lambda: len(slack.messages("dm", AIKO)) == 2)
        await slack.redeliver(slack.deliveries[-1])
        await slack.command(BEN, CHANNEL, "help")
        assert len(slack.messages("dm", AIKO)) == 2


async def test_windows_opened_where_one_may_go_on(run: Run) -> None:
    """Their payloads name no channel."""
    async with run(tlscheck_channels="C0INCIDENT") as bot:
        slack = bot.slack
        await slack.command(AIKO, CHANNEL, "explain")
        await slack.wait_for(lambda: slack.views)
        name = next(iter(slack.views[0].body["blocks"]))["element"]["action_id"]
        await slack.submit(AIKO, None, {name: "unable to get local issuer certificate"})
        await slack.wait_for(lambda: slack.messages(CHANNEL, AIKO))


async def test_only_the_members_of_a_group_may_ask(run: Run) -> None:
    """Also with a button that somebody else's answer carries."""
    async with run(real=True, tlscheck_user_groups=GROUP) as bot:
        slack = bot.slack
        asked = await slack.command(AIKO, CHANNEL, "shop.example.jp share")
        assert asked.outcome == "ok"
        shared = await slack.wait_for(lambda: slack.messages(CHANNEL))
        refused = await slack.command(BEN, CHANNEL, "shop.example.jp")
        assert refused.message is not None
        assert "members of certain user groups" in refused.message.text
        await slack.press(BEN, shared[0], RECHECK)
        await slack.wait_for(lambda: len(slack.messages(CHANNEL, BEN)) == 3)
        assert len(bot.vantage.asked) == 1
        await slack.press(AIKO, shared[0], DETAILS)
        await slack.wait_for(lambda: slack.views)


async def test_a_new_member_is_known_soon_and_an_old_list_holds(run: Run) -> None:
    """Asked again a minute later; while Slack is away, the last list counts."""
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    async with run(real=True, tlscheck_user_groups=GROUP, clock=lambda: now) as bot:
        slack = bot.slack
        await slack.command(BEN, CHANNEL, "shop.example.jp")
        group = slack.workspace.groups[GROUP]
        slack.workspace.groups[GROUP] = type(group)(
            group.id, group.handle, group.name, frozenset({AIKO.id, BEN.id})
        )
        now += AGAIN + timedelta(seconds=1)
        await slack.command(BEN, CHANNEL, "shop.example.jp")
        assert len(bot.vantage.asked) == 1
        now += timedelta(hours=2)
        slack.fail_next("usergroups.users.list", error="fatal_error")
        await slack.command(BEN, CHANNEL, "other.example.jp")
        assert len(bot.vantage.asked) == 2


@pytest.mark.parametrize("error", ["missing_scope", "no_such_subteam"])
async def test_groups_that_cannot_be_read_end_the_start(run: Run, error: str) -> None:
    """By name of the setting and of the scope, and not by refusing everybody later."""
    group = "S0NOBODY" if error == "no_such_subteam" else GROUP
    with pytest.raises(SettingsError, match=r"^TLSCHECK_USER_GROUPS: .*usergroups:read"):
        async with run(tlscheck_user_groups=group, failing={"usergroups.users.list": error}):
            pass


async def test_people_of_another_workspace_are_not_answered(run: Run) -> None:
    """A channel shared with another company: its people press a button of ours."""
    body: dict[str, Any] = {}
    async with run(real=True) as bot:
        slack = bot.slack
        await slack.command(AIKO, CHANNEL, "shop.example.jp share")
        shared = (await slack.wait_for(lambda: slack.messages(CHANNEL)))[0]
        slack.team = "T0OTHER"
        body = (await slack.press(BEN, shared, RECHECK)).payload
        await slack.wait_for(lambda: len(slack.messages(CHANNEL, BEN)) == 2)
        assert "belongs to the other workspace" in slack.messages(CHANNEL, BEN)[-1].text
        assert len(bot.vantage.asked) == 1
    assert body["user"]["team_id"] == "T0OTHER"


async def test_people_of_another_workspace_may_be_let_in(run: Run) -> None:
    """By a setting."""
    async with run(tlscheck_other_workspaces=True) as bot:
        bot.slack.team = "T0OTHER"
        await bot.slack.command(BEN, CHANNEL, "shop.example.jp")
        await until(lambda: len(bot.vantage.asked) == 1)
