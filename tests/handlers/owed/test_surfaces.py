"""Whatever was under way on a bot that is killed: buttons, mentions, shortcuts, steps, watches."""

import pytest

from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO, BEN
from handlers.asking.press import CHECK, DETAILS, RECHECK, SHARE
from handlers.home.tab import CHECK_TYPED, HOST
from handlers.talking.shortcut import MESSAGE_SHORTCUT
from tests.handlers.asking.test_pressed import action_ids
from tests.handlers.owed.town import ANSWER, CHANNEL, SHOP, Town
from tests.handlers.waiting import until

BROKEN = "Broken: {}"


def seen(town: Town, text: str, channel: str = CHANNEL) -> list[Message]:
    """The messages in which Aiko reads the text."""
    where = town.slack.workspace.channel(channel, user=AIKO)
    found = town.slack.messages(where, AIKO)
    return [one for one in found if text in f"{one.text} {one.blocks}"]


def threads(town: Town, text: str) -> list[str | None]:
    """Under which messages the text stands."""
    return [one.thread_ts for one in seen(town, text)]


async def test_everything_that_can_be_in_flight(town: Town) -> None:
    """One bot has it all under way when it is killed; another finishes each, once."""
    slack = town.slack
    one = await town.start("one")
    town.go()
    await slack.command(AIKO, CHANNEL, SHOP)
    await town.hears(ANSWER, AIKO)
    own = seen(town, ANSWER)[0]
    await slack.command(AIKO, CHANNEL, "living.example.jp share")
    await town.hears(BROKEN.format("living.example.jp"), AIKO)
    living = seen(town, BROKEN.format("living.example.jp"))[0]
    alert = slack.alert("Monitor", CHANNEL, "alert.example.jp:443 certificate verify failed")
    await town.paid()
    town.hold()
    begun = len(town.checks)

    await slack.press(AIKO, own, RECHECK)
    await slack.press(BEN, living, RECHECK)
    mention = await slack.say(AIKO, CHANNEL, "@tlscheck mention.example.jp")
    await slack.say(AIKO, "dm", "direct.example.jp")
    step = await slack.run_step(AIKO, "check_tls", {"host": "step.example.jp"})
    await slack.command(AIKO, CHANNEL, "watch watched.example.jp")
    await slack.command(AIKO, CHANNEL, "shared.example.jp share")
    await slack.shortcut(AIKO, alert, MESSAGE_SHORTCUT)
    await until(lambda: len(town.checks) == begun + 8, 30)
    hosts = sorted(host for _, host in town.checks[begun:])
    # What was announced is found again, and no second announcement stands beside it.
    await until(lambda: threads(town, "Checking mention.example.jp") == [mention.ts])
    await until(lambda: len(seen(town, "Checking direct.example.jp", "dm")) == 1)

    async def noted() -> bool:
        return [list(one.notes) for one in await town.kept()].count(["announced 0"]) == 2

    await until(noted)
    await one.kill()
    two = await town.start("two")
    await until(lambda: sorted(host for bot, host in town.checks if bot == "two") == hosts, 60)
    town.go()
    town.mend()
    await town.paid()

    assert slack.executions[-1].id == step.id
    assert slack.executions[-1].status == "succeeded"
    for text, channel in (
        ("OK: shop.example.jp", CHANNEL),
        ("OK: living.example.jp", CHANNEL),
        ("OK: mention.example.jp", CHANNEL),
        ("OK: direct.example.jp", "dm"),
        ("I watch watched.example.jp", CHANNEL),
        ("OK: shared.example.jp", CHANNEL),
        ("OK: alert.example.jp", CHANNEL),
    ):
        assert len(seen(town, text, channel)) == 1, text
    assert threads(town, "OK: mention.example.jp") == [mention.ts]
    assert not seen(town, "Checking mention.example.jp")
    assert not seen(town, "Checking direct.example.jp", "dm")
    assert [one.ts for one in seen(town, "OK: living.example.jp")] == [living.ts]
    assert [one.ts for one in seen(town, "OK: shop.example.jp")] == [own.ts]
    town.ask(two)
    listed = await slack.command(AIKO, CHANNEL, "watches")
    assert listed.message is not None
    assert str(listed.message.blocks).count("watched.example.jp") >= 1
    assert len([one for one in listed.message.blocks if "accessory" in one]) == 1
    assert await two.number('tlscheck_debts_taken_over_total{outcome="resumed"}') == 8


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_killed_before_the_acknowledgement(town: Town, via: str) -> None:
    """Slack sends the event again; that it was seen is known, and it is answered all the same."""
    town.go()
    one = await town.start("one", via=via, crash="1")
    await town.slack.say(AIKO, CHANNEL, "@tlscheck shop.example.jp")
    await one.process.wait()
    two = await town.start("two", via=via)
    await town.hears(BROKEN.format(SHOP), AIKO)
    await town.paid()
    await until(lambda: _acknowledged(town))
    assert town.said(BROKEN.format(SHOP), AIKO) == 1
    assert await two.number('tlscheck_debts_taken_over_total{outcome="resumed"}') == 1
    assert await two.number("tlscheck_slack_repeated_deliveries_total") == 1


@pytest.mark.parametrize("when", ["take", "owe"])
async def test_a_command_that_comes_again(town: Town, when: str) -> None:
    """A proxy or Slack sends it to another bot, after the first had died over it: one answer."""
    town.go()
    one = await town.start("one", crash=when)
    sent = await town.slack.command(AIKO, CHANNEL, SHOP)
    await one.process.wait()
    assert sent.outcome == "dispatch_failed"
    two = await town.start("two")
    again = [await town.slack.redeliver(sent) for _ in range(2)]
    assert [one.outcome for one in again] == ["ok", "ok"]
    await town.hears(ANSWER, AIKO)
    await town.paid()
    assert town.said(ANSWER, AIKO) == 1
    assert await two.number("tlscheck_slack_repeated_deliveries_total") == 2


async def test_a_command_that_comes_again_while_its_bot_lives(town: Town) -> None:
    """It is answered by that bot, and by no other."""
    town.go()
    await town.start("one", patience=30.0)
    sent = await town.slack.command(AIKO, CHANNEL, SHOP)
    assert town.said(ANSWER, AIKO) == 1
    two = await town.start("two")
    assert (await town.slack.redeliver(sent)).body == ""

    async def sure() -> bool:
        return await two.number("tlscheck_background_tasks") == 0

    await until(sure, 20)
    assert await town.owed() == 0
    assert town.said(ANSWER, AIKO) == 1


def _acknowledged(town: Town) -> bool:
    events = [one for one in town.slack.deliveries if one.kind == "events_api"]
    return bool(events) and events[-1].outcome == "ok"


async def test_a_window_that_nobody_can_open_any_more(town: Town) -> None:
    """Its presser is told so, with the very button; that works then."""
    slack = town.slack
    answer = await answered(town)
    dying = await town.start("dying", crash="1")
    await slack.press(AIKO, answer, DETAILS)
    await dying.process.wait()
    await town.start("two")
    await town.paid()
    [told] = seen(town, "press the button once more")
    assert action_ids(told) == [DETAILS]
    await slack.press(AIKO, told, DETAILS)
    await until(lambda: slack.views and "shop.example.jp" in slack.views[-1].words(), 20)


async def test_a_check_from_the_home_tab(town: Town) -> None:
    """Its window is gone, too: told in the direct messages, with a button that checks."""
    slack = town.slack
    one = await town.start("one")
    await slack.open_home(AIKO)
    await until(lambda: slack.home(AIKO) is not None)
    await one.kill()
    town.go()
    dying = await town.start("dying", crash="1")
    home = slack.home(AIKO)
    assert home is not None
    await slack.press(AIKO, home, CHECK_TYPED, values={HOST: "typed.example.jp"})
    await dying.process.wait()
    await town.start("two")
    await town.paid()
    [lost] = seen(town, "nobody could finish it", "dm")
    assert action_ids(lost) == [CHECK]
    await slack.press(AIKO, lost, CHECK)
    await until(lambda: seen(town, BROKEN.format("typed.example.jp"), "dm"), 20)


async def answered(town: Town) -> Message:
    """An answer of a bot that is no more."""
    town.go()
    one = await town.start("one")
    await town.slack.command(AIKO, CHANNEL, SHOP)
    await town.hears(ANSWER, AIKO)
    await town.paid()
    await one.kill()
    return seen(town, ANSWER)[0]


async def test_share_is_done_once_by_who_takes_it_over(town: Town) -> None:
    """The dead bot had marked it as shared: that was its own mark."""
    slack = town.slack
    answer = await answered(town)
    dying = await town.start("dying", crash="share")
    await slack.press(AIKO, answer, SHARE)
    await dying.process.wait()
    await town.start("two")
    await town.paid()
    assert len([one for one in seen(town, ANSWER) if one.ephemeral_to is None]) == 1
    assert not seen(town, "already been shared")


async def test_what_is_pasted_is_not_stored(town: Town) -> None:
    """The window says so: its asker is told to paste it again."""
    slack = town.slack
    await town.start("one", crash="owe")
    await slack.command(AIKO, CHANNEL, "explain")
    await until(lambda: slack.views)
    pasted = "curl: (60) SSL certificate problem: certificate has expired"
    sent = await slack.submit(AIKO, slack.views[0], {"tlscheck_explain_text": pasted})
    assert sent.outcome == "dispatch_failed"
    [kept] = await town.kept()
    assert "expired" not in str(kept.payload)
    await town.start("two")
    await town.hears("nobody could finish it", AIKO)
