"""What changed at a host since it was last seen otherwise, as small print of an answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.history import Change
from bot.texts.catalogue import Lang
from bot.texts.changes import change_sentences
from handlers.slack import blocks
from handlers.slack.blocks import Block
from handlers.slack.escape import mrkdwn, shorten

_LONGEST = 1200
_NAME = 80


def moment(at: datetime) -> str:
    """A moment in the reader's own time zone (docs.slack.dev, "Formatting message text": dates)."""
    form = "{date_short_pretty} {time}"
    return f"<!date^{int(at.timestamp())}^{form}|{at:%Y-%m-%d %H:%M} UTC>"


def news(changes: Sequence[Change], lang: Lang) -> tuple[str, ...]:
    """The sentences as mrkdwn: foreign names are inert, moments are the reader's own."""
    safe = [
        replace(
            one,
            issuer=mrkdwn(shorten(one.issuer, _NAME)),
            names=tuple(mrkdwn(shorten(name, _NAME)) for name in one.names),
        )
        for one in changes
    ]
    return change_sentences(safe, lang, moment)


def news_block(changes: Sequence[Change], lang: Lang) -> Block | None:
    """One block of small print, or None when nothing changed."""
    said: list[str] = []
    for sentence in news(changes, lang):
        if sum(map(len, said)) + len(sentence) <= _LONGEST:
            said.append(sentence)
    return blocks.context(blocks.marked(" ".join(said))) if said else None
