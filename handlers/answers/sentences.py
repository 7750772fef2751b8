"""Messages that are no answer to a check: help, one clear sentence, "checking …".

Pure; the words are in the catalogues (`slack.po`, `error.po`).
"""

from typing import Any

from bot.texts.catalogue import Lang, catalogue
from handlers.asking.command import Refused
from handlers.slack import blocks, limits
from handlers.slack.blocks import Message
from handlers.slack.escape import mrkdwn, shorten, visible

_WORDS = (
    "check",
    "share",
    "watch",
    "watches",
    "history",
    "recent",
    "compare",
    "vantages",
    "explain",
    "sweep",
)
_OPTIONS = ("vantage", "address", "at", "starttls", "no_fetch", "timeout", "lang")


def sentence(text: str) -> Message:
    """One sentence; values from outside may stand in it as they are."""
    shown = shorten(visible(text), limits.TEXT_OBJECT)
    return Message(
        shorten(mrkdwn(text), limits.MESSAGE_TEXT),
        ({"type": "section", "text": blocks.plain(shown)},),
    )


def say(lang: Lang, key: str, *, n: int | None = None, **values: str) -> Message:
    """The sentence `key` of the catalogues."""
    return sentence(catalogue(lang).text(key, n=n, **values))


def refusal(refused: Refused) -> Message:
    """Why the command cannot be done, and what to type instead."""
    values: dict[str, Any] = {name: shorten(value, 120) for name, value in refused.values.items()}
    return sentence(catalogue(refused.lang).text(refused.key, **values))


def help_message(lang: Lang, command: str = "/tlscheck") -> Message:
    """What can be typed, the options, and the other ways to ask."""
    texts = catalogue(lang)
    words = [
        blocks.paragraph(
            blocks.word(f"{command} {texts.text(f'slack.help.word.{name}.name')}", code=True),
            blocks.word(" " + texts.text(f"slack.help.word.{name}.text")),
        )
        for name in _WORDS
    ]
    options = [
        blocks.paragraph(
            blocks.word(texts.text(f"slack.help.option.{name}.name"), code=True),
            blocks.word(" " + texts.text(f"slack.help.option.{name}.text")),
        )
        for name in _OPTIONS
    ]
    return Message(
        texts.text("slack.help.text"),
        (
            blocks.header(texts.text("slack.help.title")),
            blocks.rich(
                blocks.paragraph(blocks.word(texts.text("slack.help.intro"))),
                blocks.bullets(words),
                blocks.paragraph(blocks.word(texts.text("slack.help.options"), bold=True)),
                blocks.bullets(options),
            ),
            blocks.context(texts.text("slack.help.private")),
        ),
    )
