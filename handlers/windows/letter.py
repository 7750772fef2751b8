"""The window with a letter: its text to copy or change, its language, the server's software.

Pure. Slack takes 3,000 characters in one field, so a longer letter stands in several, cut between
paragraphs. The ids of the fields change with what was chosen: else Slack would keep the old text
in them (docs.slack.dev/surfaces/modals, "Updating views").
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.diagnosis.report import Report
from bot.letter import Letter, softwares_of
from bot.texts.catalogue import LANGS, Catalogue, Lang, catalogue
from bot.texts.phrase import software_name
from handlers.asking.press import Press
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element, Message
from handlers.slack.escape import shorten, visible
from handlers.windows.details import View

CALLBACK_ID = "tlscheck_letter_view"
CHOOSE_LANG = "tlscheck_letter_lang"
CHOOSE_SOFTWARE = "tlscheck_letter_software"
_SUBJECT = "tlscheck_letter_subject"
_TEXT = "tlscheck_letter_text"
# Of a select's value; no code of a software reads like it.
UNKNOWN = "-"


class Wish(BaseModel):
    """What a window shows: whose result, in which language, for which software."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    press: Press
    lang: Lang
    software: Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,40}$")] | None = None


class WishError(ValueError):
    """A window's metadata is not ours, or of another version."""


def read_wish(view: Any) -> Wish:
    """What the window of a payload shows.

    Raises:
        WishError: It is not one of ours.
    """
    text = view.get("private_metadata") if isinstance(view, Mapping) else None
    if not isinstance(text, str) or len(text) > limits.VIEW_PRIVATE_METADATA:
        raise WishError
    try:
        return Wish.model_validate_json(text)
    except ValidationError as error:
        raise WishError from error


def letter_view(letter: Letter, report: Report, wish: Wish) -> View:
    """The window of one letter."""
    texts = catalogue(wish.lang)
    which = f"{wish.lang}.{wish.software or UNKNOWN}"
    parts = in_parts(letter.body)
    body: list[Block] = [
        _said(texts.text("slack.letter.intro", host=report.target.host)),
        blocks.actions(*_menus(report, wish, texts)),
        _field(f"{_SUBJECT}.{which}", texts.text("slack.letter.subject"), letter.subject),
    ]
    for number, part in enumerate(parts, start=1):
        label = texts.text("slack.letter.text")
        if len(parts) > 1:
            label = texts.text("slack.letter.part", number=number, total=len(parts))
        body.append(_field(f"{_TEXT}.{which}.{number}", label, part, multiline=True))
    key = "attached" if letter.attachments else "unattached"
    body.append(blocks.context(texts.text(f"slack.letter.{key}", file=_files(letter))))
    return {
        **_frame(texts),
        "submit": blocks.plain(texts.text("slack.letter.send"), limits.VIEW_SUBMIT),
        "private_metadata": wish.model_dump_json(exclude_none=True),
        "blocks": body,
    }


def note_view(lang: Lang, note: str | Message) -> View:
    """A sentence in the place of a letter."""
    body = list(note.blocks) if isinstance(note, Message) else [_said(note)]
    return {**_frame(catalogue(lang)), "blocks": body}


def written_in(view: Any) -> tuple[str, str]:
    """Subject and body as they stand in a submitted window, with what the person changed."""
    values = view.get("state", {}).get("values", {}) if isinstance(view, Mapping) else {}
    found: dict[str, str] = {}
    for block in values.values() if isinstance(values, Mapping) else ():
        for name, field in block.items() if isinstance(block, Mapping) else ():
            value = field.get("value") if isinstance(field, Mapping) else None
            if isinstance(value, str) and len(value) <= limits.INPUT_VALUE:
                found[str(name)] = value
    subject = next((value for name, value in found.items() if name.startswith(_SUBJECT)), "")
    parts = sorted(
        (int(name.rpartition(".")[2]), value)
        for name, value in found.items()
        if name.startswith(_TEXT) and name.rpartition(".")[2].isdecimal()
    )
    return subject, "\n\n".join(value.strip("\n") for _, value in parts)


def in_parts(text: str, limit: int = limits.INPUT_VALUE) -> list[str]:
    """A text in as few parts of at most `limit` characters as its paragraphs allow."""
    parts = [""]
    for paragraph in text.split("\n\n"):
        piece = paragraph
        longer = f"{parts[-1]}\n\n{piece}" if parts[-1] else piece
        if len(longer) <= limit:
            parts[-1] = longer
            continue
        while len(piece) > limit:
            parts.append(piece[:limit])
            piece = piece[limit:]
        parts.append(piece)
    return [one for one in parts if one.strip()] or ["-"]


def _frame(texts: Catalogue) -> View:
    return {
        "type": "modal",
        "callback_id": CALLBACK_ID,
        "title": blocks.plain(texts.text("slack.letter.title"), limits.VIEW_TITLE),
        "close": blocks.plain(texts.text("slack.details.close"), limits.VIEW_CLOSE),
    }


def _said(text: str) -> Block:
    return {"type": "section", "text": blocks.plain(text)}


def _files(letter: Letter) -> str:
    return ", ".join(shorten(one.name, 200) for one in letter.attachments)


def _field(action_id: str, label: str, value: str, *, multiline: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": shorten(f"b.{action_id}", limits.BLOCK_ID),
        "optional": True,
        "label": blocks.plain(label, limits.INPUT_LABEL),
        "element": {
            "type": "plain_text_input",
            "action_id": action_id,
            "multiline": multiline,
            "initial_value": shorten(value, limits.INPUT_VALUE) or "-",
        },
    }


def _menus(report: Report, wish: Wish, texts: Catalogue) -> list[Element]:
    languages = [(one, texts.text(f"slack.letter.lang.{one}")) for one in LANGS]
    menus = [_menu(CHOOSE_LANG, texts.text("slack.letter.lang"), languages, wish.lang)]
    codes = softwares_of(report)
    if codes:
        named = [(one, software_name(one, texts)) for one in codes[: limits.SELECT_OPTIONS - 1]]
        named.append((UNKNOWN, texts.text("slack.letter.software.unknown")))
        chosen = wish.software if wish.software in codes else UNKNOWN
        menus.append(_menu(CHOOSE_SOFTWARE, texts.text("slack.letter.software"), named, chosen))
    return menus


def _menu(action_id: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> Element:
    made = [
        {"text": blocks.plain(visible(text), limits.OPTION_TEXT), "value": value}
        for value, text in options
    ]
    return {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": blocks.plain(label, limits.PLACEHOLDER),
        "options": made,
        "initial_option": next(one for one in made if one["value"] == chosen),
    }
