"""Checking from another place, in Slack: asked by name, asked again, shared, watched, listed."""

import json

import pytest

from bot.demo.slack.values import Message
from bot.demo.slack.workspace import AIKO, BEN
from bot.worker import Presence
from handlers.asking.command import Ask, Refused, Vantages, command_text, parse_command
from handlers.asking.press import RECHECK, SHARE, WATCH
from handlers.places.listing import vantages_message
from handlers.places.unknown import nearest
from handlers.slack import limits
from tests.handlers.conftest import Running
from tests.handlers.places.conftest import WithPlaces

CHANNEL = "incident-shop"


async def say(bot: Running, text: str, channel: str = CHANNEL) -> Message:
    """Type a command and take its answer."""
    delivery = await bot.slack.command(AIKO, channel, text)
    assert delivery.message is not None
    return delivery.message


def small_print(message: Message) -> str:
    """The blocks, as JSON."""
    return json.dumps(message.blocks, ensure_ascii=False)


@pytest.mark.parametrize("via", ["http", "socket"])
async def test_a_place_is_asked_by_name(with_places: WithPlaces, via: str) -> None:
    """The office's gateway is seen from the office only; its answer says from where."""
    async with with_places(via=via) as bot:
        own = await say(bot, "crm.lab.test")
        assert own.text.startswith("✓ OK: crm.lab.test")
        there = await say(bot, "crm.lab.test --vantage office")
        assert "Zscaler" in there.text
        assert "from office" in small_print(there)
        assert bot.slack.refusals == ()


async def test_again_means_the_same_place(with_places: WithPlaces) -> None:
    """Check again, share, check that again, watch: all of it from the office."""
    async with with_places() as bot:
        slack = bot.slack
        there = await say(bot, "crm.lab.test --vantage OFFICE")
        await slack.press(AIKO, there, RECHECK)
        await slack.wait_for(lambda: slack.messages(CHANNEL, AIKO)[-1].blocks != there.blocks)
        again = slack.messages(CHANNEL, AIKO)[-1]
        assert "Zscaler" in again.text
        await slack.press(AIKO, again, SHARE)
        await slack.wait_for(lambda: any("Zscaler" in one.text for one in slack.messages(CHANNEL)))
        shared = slack.messages(CHANNEL, BEN)[-1]
        await slack.press(BEN, shared, RECHECK)
        await slack.wait_for(lambda: slack.messages(CHANNEL, BEN)[-1].edited_ts)
        renewed = slack.messages(CHANNEL, BEN)[-1]
        assert "Zscaler" in renewed.text
        assert "from office" in small_print(renewed)
        await slack.press(AIKO, renewed, WATCH)
        await slack.wait_for(lambda: "(from office)" in str(slack.messages(CHANNEL, AIKO)))
        listed = await say(bot, "watches")
        assert "crm.lab.test (from office)" in small_print(listed)
        assert slack.refusals == ()


@pytest.mark.parametrize(
    ("lang", "headline", "sentence"),
    [
        ("en", "✗ Refused on prod-tokyo: pay.lab.test", "is from about 2019 and lacks"),
        ("ja", "✗ prod-tokyo では接続不可: pay.lab.test", "2019 年ごろのもの"),
    ],
)
async def test_a_machine_with_an_old_bundle(
    with_places: WithPlaces, lang: str, headline: str, sentence: str
) -> None:
    """The server is fine and the programs there refuse it: the answer begins with that."""
    async with with_places() as bot:
        answer = await say(bot, f"pay.lab.test --vantage prod-tokyo --lang {lang}")
        assert answer.text.startswith(headline)
        assert sentence in answer.words()
        assert bot.slack.refusals == ()


async def test_a_place_that_is_not_there(with_places: WithPlaces) -> None:
    """One sentence that names those that are, the likeliest first."""
    async with with_places() as bot:
        answer = await say(bot, "healthy.lab.test --vantage prod-tokio")
        assert answer.text.startswith(
            "No worker runs at prod-tokio. You can check from: prod-tokyo, "
        )
        answer = await say(bot, "healthy.lab.test --vantage prod-tokio --lang ja")
        assert answer.text.startswith("prod-tokio で動いているワーカーがありません。")


async def test_who_is_there(with_places: WithPlaces) -> None:
    """Each place with its OpenSSL, bundle and clock; the bot's own first."""
    async with with_places() as bot:
        words = (await say(bot, "vantages")).words()
        assert words.index("here") < words.index("prod-tokyo")
        assert "CA bundle of 2019-09" in words
        assert "OpenSSL 1.1.1  11 Sep 2018" in words
        assert "clock 26 hours behind" in words
        assert "region=tokyo" in words
        words = (await say(bot, "拠点 --lang ja")).words()
        assert "2019-09 のCAバンドル" in words
        assert bot.slack.refusals == ()


async def test_nobody_elsewhere(bot: Running) -> None:
    """Without workers it is said how to have one."""
    assert "tlscheck worker --vantage prod-tokyo" in (await say(bot, "vantages")).words()
    answer = await say(bot, "shop.example.jp --vantage prod-tokyo")
    assert "tlscheck worker --vantage prod-tokyo" in answer.text


async def test_asked_on_in_a_thread(with_places: WithPlaces) -> None:
    """A mention with the option is answered from there."""
    async with with_places() as bot:
        slack = bot.slack
        await slack.say(AIKO, CHANNEL, "@tlscheck crm.lab.test --vantage office")
        await slack.wait_for(lambda: "Zscaler" in str(slack.messages(CHANNEL)))
        assert slack.refusals == ()


def test_hundreds_of_places_fit() -> None:
    """Slack's limits hold, and those without a line of their own are named."""
    presences = {
        f"region-{n:03}": [
            Presence(
                id="0" * 32,
                vantage=f"region-{n:03}",
                roots_digest="",
                signed=True,
                at_once=1,
                labels={f"label{m}": "x" * 64 for m in range(16)},
            )
        ]
        for n in range(400)
    }
    message = vantages_message("here", {"here": [], **presences}, "en")
    assert len(message.blocks) <= limits.MESSAGE_BLOCKS
    assert message.size() <= limits.MESSAGE_CHARACTERS
    assert "more places: region-0" in json.dumps(message.blocks, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "verb", "places"),
    [
        ("shop.example.jp --vantage prod-tokyo", "check", ("prod-tokyo",)),
        ("shop.example.jp —vantage=prod-tokyo", "check", ("prod-tokyo",)),
        ("shop.example.jp --vantage ａ --vantage b", "compare", ("a", "b")),
        ("shop.example.jp --vantage a,b", "compare", ("a", "b")),
        ("shop.example.jp --vantage all", "compare", ()),
        ("compare shop.example.jp", "compare", ()),
        ("比較 shop.example.jp", "compare", ()),
        ("shop.example.jp compare", "compare", ()),
        ("compare shop.example.jp share", "compare_share", ()),
        ("compare shop.example.jp --vantage a", "compare", ("a",)),
        ("watch shop.example.jp --vantage a", "watch", ("a",)),
        ("compare", "check", ()),
    ],
)
def test_what_is_typed(text: str, verb: str, places: tuple[str, ...]) -> None:
    """Places and what is wanted of them, in the ways people type it."""
    command = parse_command(text, "en")
    assert isinstance(command, Ask)
    assert (command.verb, command.vantages) == (verb, places)
    again = parse_command(command_text(command.question, "en", *command.vantages), "en")
    assert isinstance(again, Ask)
    assert again.vantages == places


@pytest.mark.parametrize(
    "text", ["shop.example.jp --vantage a/b", "watch shop.example.jp --vantage a,b"]
)
def test_what_cannot_be(text: str) -> None:
    """A name that is none, and a watch from two places, are refused."""
    command = parse_command(text, "ja")
    assert isinstance(command, Refused)
    assert command.key.startswith("vantage.command.")


def test_the_list_by_its_words() -> None:
    """Alone, in both languages."""
    assert parse_command("vantages", "en") == Vantages("en")
    assert parse_command("拠点一覧", "ja") == Vantages("ja")


def test_the_likeliest_first() -> None:
    """By letters, however they are written."""
    names = ("here", "dmz", "prod-osaka", "prod-tokyo")
    assert nearest("Prod-Tokio", names)[0] == "prod-tokyo"
