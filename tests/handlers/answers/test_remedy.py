"""The steps for one software: shown to whoever presses, and chosen from a menu."""

import json
from typing import Any

import pytest

from bot.demo.slack.values import Message as Posted
from bot.demo.slack.workspace import AIKO
from bot.diagnosis.causes import Cause
from bot.diagnosis.remedies import softwares_for
from bot.diagnosis.report import Software
from bot.texts import LANGS, Lang
from handlers.answers.remedy import fix_message, option_value, read_choice
from handlers.asking.press import CHOOSE_FIX, FIX, FULL_CHAIN, Press, PressError
from handlers.slack import limits
from handlers.slack.blocks import Message, weigh
from tests.diagnosis.test_software import TARGETS, report_of
from tests.handlers.asking.test_pressed import JOINED, answer
from tests.handlers.conftest import Running

RESULT = "0123456789abcdef0123456789abcdef"


def press_of(command: str = "shop.example.jp", lang: Lang = "en") -> Press:
    """What the button on an answer carries."""
    return Press(result=RESULT, command=command, lang=lang)


def menu_of(message: Message | Posted) -> dict[str, Any]:
    """The menu under the steps."""
    (menu,) = (
        element
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == CHOOSE_FIX
    )
    found: dict[str, Any] = menu
    return found


def chosen_in(menu: dict[str, Any]) -> str:
    """The name that the menu shows."""
    return str(menu["initial_option"]["text"]["text"])


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("cause", Cause)
def test_every_choice_fits_into_a_message(cause: Cause, lang: Lang) -> None:
    """For every cause, port and software the message is within Slack's limits, with its menu."""
    for target in TARGETS.values():
        report = report_of(cause, target)
        codes = softwares_for(report)
        for code in (None, *codes):
            message = fix_message(report, press_of(lang=lang), code)
            assert weigh(message.blocks) + len(message.text) <= limits.MESSAGE_CHARACTERS
            assert len(message.blocks) <= limits.MESSAGE_BLOCKS
            if codes:
                groups = menu_of(message)["option_groups"]
                options = [one for group in groups for one in group["options"]]
                assert [read_choice(one["value"]).software for one in options] == sorted(
                    codes, key=[read_choice(one["value"]).software for one in options].index
                )
                assert all(len(one["value"]) <= limits.OPTION_VALUE for one in options)


def test_the_guess_is_chosen_already() -> None:
    """The menu shows what was guessed, and the message says from what."""
    report = report_of(Cause.EXPIRED, TARGETS["web"])
    evidence = {"sign": "server", "value": "Apache/2.4.62 <!channel>"}
    report = report.model_copy(update={"software": Software(code="apache", evidence=evidence)})
    message = fix_message(report, press_of())
    assert chosen_in(menu_of(message)) == "Apache httpd"
    said = json.dumps(message.blocks)
    assert "the server calls itself" in said
    assert "nginx -s reload" not in said
    assert '"1. Renew the certificate"' in said
    # What a server says stands in plain text only, where nothing is obeyed.
    marked = [
        element
        for block in message.blocks
        for element in block.get("elements", ())
        if element.get("type") == "mrkdwn"
    ]
    assert marked == []


@pytest.mark.parametrize("length", [1, 40, 100, 2000])
def test_an_option_asks_again_as_long_as_it_can(length: int) -> None:
    """A long command is left out of the value, the result's id never."""
    value = option_value(press_of("x" * length), "kubernetes-ingress")
    assert value is not None
    choice = read_choice(value)
    assert (choice.result, choice.software) == (RESULT, "kubernetes-ingress")
    assert choice.command == ("x" * length if length < 41 else None)
    without = press_of("x" * length).model_copy(update={"result": None})
    assert (option_value(without, "nginx") is None) is (length > 100)


@pytest.mark.parametrize(
    "value", [None, 7, "", "nginx", "{}", '{"lang":"en","software":"<x>"}', "x" * 151]
)
def test_a_foreign_value_is_refused(value: object) -> None:
    """What comes back through Slack is checked like any other input."""
    with pytest.raises(PressError):
        read_choice(value)


async def test_steps_are_shown_to_whoever_presses(bot: Running) -> None:
    """The button answers with the fix and the menu; nobody else sees it."""
    message = await answer(bot)
    assert (await bot.slack.press(AIKO, message, FIX)).outcome == "ok"
    shown = await _steps(bot, "How to mend shop.example.jp")
    assert shown.ephemeral_to == AIKO.id
    assert "initial_option" not in menu_of(shown)
    assert "ssl_certificate " in str(shown.blocks)
    # nginx or Apache: alternatives have no order.
    assert "1. " not in str(shown.blocks)
    assert any(FULL_CHAIN in str(block) for block in shown.blocks)
    assert bot.slack.refusals == ()


async def test_another_software_takes_its_place(bot: Running) -> None:
    """A choice replaces the steps; the menu remembers it, and the next choice works, too."""
    message = await answer(bot)
    await bot.slack.press(AIKO, message, FIX)
    shown = await _steps(bot, "How to mend shop.example.jp")
    for name, words in (("HAProxy", "/etc/haproxy/certs/"), ("Debian, Ubuntu", "Price: ")):
        (option,) = (
            one["value"]
            for group in menu_of(shown)["option_groups"]
            for one in group["options"]
            if one["text"]["text"] == name
        )
        await bot.slack.press(AIKO, shown, CHOOSE_FIX, option=option)
        shown = await _steps(bot, words)
        assert chosen_in(menu_of(shown)) == name
        assert "ssl_certificate " not in str(shown.blocks)
    steps = [one for one in bot.slack.messages(shown.channel, AIKO) if "How to mend" in one.text]
    assert len(steps) == 1
    assert bot.slack.refusals == ()


async def _steps(bot: Running, words: str) -> Posted:
    def found() -> Posted | None:
        every = bot.slack.messages(JOINED, AIKO)
        return next((one for one in every if words in f"{one.text} {one.blocks}"), None)

    message = await bot.slack.wait_for(found)
    assert message is not None
    return message
