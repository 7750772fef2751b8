"""What changed at a host, in sentences of a language."""

from collections.abc import Callable, Sequence
from datetime import datetime

from babel.lists import format_list

from bot.history import Change
from bot.texts.catalogue import Catalogue, Lang, catalogue

_NAMES_SHOWN = 3


def change_sentences(
    changes: Sequence[Change], lang: Lang, moment: Callable[[datetime], str]
) -> tuple[str, ...]:
    """One sentence or two for each change.

    Args:
        changes: From `bot.history.changes_of`.
        lang: The reader's language.
        moment: Writes a moment as this surface's readers see it.

    Returns:
        Plain text with foreign names in it: escaping is the renderer's.
    """
    texts = catalogue(lang)
    said: list[str] = []
    for one in changes:
        values = {
            "since": moment(one.since),
            "until": moment(one.until),
            "title": _title(one, texts),
            "names": format_list(list(one.names[:_NAMES_SHOWN]), locale=lang),
        }
        said.append(texts.text(f"history.change.{_variant(one)}", values))
        if one.issuer:
            said.append(texts.text("history.change.new_issuer", issuer=one.issuer))
    return tuple(said)


def _variant(change: Change) -> str:
    if change.code != "new_certificate" or change.same_key is None:
        return change.code
    return f"{change.code}_same_key" if change.same_key else f"{change.code}_other_key"


def _title(change: Change, texts: Catalogue) -> str:
    if change.cause is None:
        return "—"
    key = f"cause.{change.cause.value}.title"
    return texts.text(key) if texts.has(key) else change.cause.value
