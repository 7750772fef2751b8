"""Whatever Slack refuses, nobody is shown its raw word for it: over everything that can be pressed.

The places are opened while Slack takes everything; then it refuses every call with one word, and
each element of each place is pressed, each window sent off, each command typed. What the bot said
to anybody by then, or tried to say, is searched for the word.
"""

import json
from collections.abc import Iterator

import pytest
import structlog

from bot.demo.slack.manifest import declared
from bot.demo.slack.methods import METHODS
from bot.demo.slack.values import Json, Message, View, walk
from bot.demo.slack.workspace import AIKO, BOT
from handlers.asking.press import (
    CHECK,
    COMPARE,
    COMPARE_AGAIN,
    COMPARE_SHARE,
    DETAILS,
    FIX,
    LETTER,
    SHARE,
)
from handlers.asking.pressed import listeners
from handlers.slack.trouble import KIND_OF
from handlers.talking.shortcut import MESSAGE_SHORTCUT
from handlers.windows.details import PICTURES
from tests.handlers.conftest import Run, Running

CHANNEL = "incident-shop"
ERROR = "curl: (60) SSL certificate problem: unable to get local issuer certificate"

# Pressed where there are other places: tests/handlers/places/test_refusals.py.
ELSEWHERE = {COMPARE, COMPARE_AGAIN, COMPARE_SHARE}

# The first of each kind, and two more: the best known, and one that nobody has seen yet.
WORDS = (
    *{kind: word for word, kind in reversed(tuple(KIND_OF.items()))}.values(),
    "channel_not_found",
    "a_brand_new_error",
)


async def opened(bot: Running) -> tuple[list[Message | View], Message, Message]:
    """Every kind of place with something to press; the shared answer, and an alert."""
    slack = bot.slack
    for text in (
        "shop.example.jp",
        f"explain {ERROR} https://shop.example.jp/",
        "watch a.example.jp",
    ):
        await slack.command(AIKO, CHANNEL, text)
    await slack.command(AIKO, CHANNEL, "watches")
    messages = await slack.wait_for(lambda: _with_elements(bot, 4))
    answer = next(one for one in messages if SHARE in one.action_ids)
    for number, action in enumerate((DETAILS, LETTER), start=1):
        await slack.press(AIKO, answer, action)
        await _filled(bot, number)
    await slack.press(AIKO, answer, FIX)
    messages = await slack.wait_for(lambda: _with_elements(bot, 5))
    await slack.press(AIKO, answer, SHARE)
    [shared] = await slack.wait_for(
        lambda: [one for one in slack.messages(CHANNEL) if one.user == BOT.id]
    )
    await slack.open_home(AIKO)
    home = await slack.wait_for(lambda: slack.home(AIKO))
    assert home is not None
    alert = slack.alert("Datadog", CHANNEL, f"{ERROR} at https://shop.example.jp/")
    return [*messages, shared, *slack.views, home], shared, alert


def _with_elements(bot: Running, n: int) -> list[Message]:
    found = [one for one in bot.slack.messages(CHANNEL, AIKO) if one.action_ids]
    return found if len(found) >= n else []


async def _filled(bot: Running, n: int) -> None:
    """Wait for so many windows, none of which still says that it is being worked on."""
    slack = bot.slack
    await slack.wait_for(lambda: len(slack.views) == n and slack.views[-1].action_ids)


def elements(place: Message | View) -> Iterator[Json]:
    """Everything to press there."""
    blocks = place.blocks if isinstance(place, Message) else place.body["blocks"]
    for block in blocks:
        for part in walk(block):
            if "action_id" in part and (block["type"] != "input" or block.get("dispatch_action")):
                yield part


def choice(element: Json) -> str | None:
    """What to choose or to type there."""
    options = element.get("options") or [
        one for group in element.get("option_groups", []) for one in group["options"]
    ]
    if options:
        return str(options[-1]["value"])
    return "other.example.jp" if element["type"] == "plain_text_input" else None


def said(bot: Running) -> str:
    """Everything that the bot said to anybody, or tried to say."""
    slack = bot.slack
    told = [
        *(
            one.to_api("T", "A")
            for channel in slack.workspace.channels
            for who in ("U0AIKO",)
            for one in slack.workspace.messages(channel, who)
            if one.user == BOT.id
        ),
        *(one.body for one in slack.views),
        *(one.body for one in slack.workspace.homes.values()),
        *(one.body for one in slack.deliveries),
        *(one.error for one in slack.executions),
        *(one.args for one in slack.calls),
    ]
    return json.dumps(told, ensure_ascii=False)


async def refused(run: Run, word: str) -> tuple[Running, set[str]]:
    """Open everything, then have Slack refuse everything; the bot, ended, and what was pressed."""
    async with run(real=True, app=declared()) as bot:
        places, shared, alert = await opened(bot)
        slack = bot.slack
        assert slack.refusals == ()
        for method in METHODS:
            slack.fail_next(method, error=word, times=300)
        pressed: set[str] = set()
        for place in places:
            for element in elements(place):
                pressed.add(element["action_id"])
                await slack.press(AIKO, place, element["action_id"], option=choice(element))
        for view in slack.views:
            if view.body.get("submit"):
                await slack.submit(AIKO, view)
        for command in (
            "share shop.example.jp",
            "shop.example.jp share",
            "explain",
            "recent",
            "help",
            "unwatch a.example.jp",
            "new.example.jp",
        ):
            await slack.command(AIKO, CHANNEL, command)
        await slack.shortcut(AIKO, alert, MESSAGE_SHORTCUT)
        for question in ("why?", "clients", "fix nginx", "letter", "recheck", "watch", "what?"):
            await slack.say(AIKO, CHANNEL, f"@tlscheck {question}", thread_ts=shared.ts)
        await slack.say(AIKO, "dm", "shop.example.jp")
        await slack.open_home(AIKO)
        await slack.run_step(AIKO, "check_tls", {"host": "shop.example.jp"})
    return bot, pressed


@pytest.mark.parametrize("word", WORDS)
async def test_no_raw_word_of_slack_reaches_a_person(run: Run, word: str) -> None:
    """From the listeners of buttons, menus, windows, commands, mentions, Home and the step."""
    # Tracebacks drawn for a terminal take seconds.
    with structlog.testing.capture_logs():
        bot, pressed = await refused(run, word)
    # The bot has ended, and with it all that it did in the background.
    assert (set(listeners()) - ELSEWHERE) | {CHECK, FIX, LETTER, PICTURES} <= pressed
    assert any(one.error == word for one in bot.slack.calls)
    text = said(bot)
    at = text.find(word)
    assert at < 0, text[max(0, at - 300) : at + 100]
