"""What is said of a place that gave no answer; of one that is not there, which ones are.

Pure.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

from bot.texts.catalogue import Lang, catalogue
from bot.worker import RemoteError
from handlers.answers.sentences import sentence
from handlers.slack.blocks import Message
from handlers.slack.escape import shorten

NAMED = 8
"""Places that a sentence names; the list has the others."""


def place_trouble(error: RemoteError, names: Sequence[str], lang: Lang) -> Message:
    """Why a place gave no answer, as one sentence.

    Args:
        error: What came of asking it.
        names: The places that can be asked, the bot's own first.
        lang: The reader's language.
    """
    texts = catalogue(lang)
    if error.code != "nobody":
        return sentence(texts.text(error.key, dict(error.values)))
    place = shorten(error.vantage, 64)
    if len(names) < 2:
        own = names[0] if names else "here"
        return sentence(texts.text("vantage.unknown.alone", place=place, own=own))
    near = nearest(error.vantage, names)
    known = texts.text("vantage.comma").join(near[:NAMED])
    more = len(near) - NAMED
    if more > 0:
        return sentence(texts.text("vantage.unknown.more", n=more, place=place, known=known))
    return sentence(texts.text("vantage.unknown", place=place, known=known))


def nearest(typed: str, names: Sequence[str]) -> list[str]:
    """The names, those first that look most like what was typed."""

    def likeness(name: str) -> float:
        return SequenceMatcher(None, name.casefold(), typed.casefold()[:64]).ratio()

    return sorted(names, key=lambda name: -likeness(name))
