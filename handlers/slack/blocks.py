"""Builders of Block Kit: each returns a plain dictionary that Slack accepts, whatever goes in.

Texts from outside go into plain_text and rich_text, where there is no markup to escape; the few
mrkdwn texts are our own sentences with escaped values, marked verbatim. Lengths come from
`limits`. What to say is not decided here.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.slack import limits
from handlers.slack.escape import shorten, visible, visible_lines

Block = dict[str, Any]
Element = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """What is sent to Slack: blocks, and the text for notifications and screen readers."""

    text: str
    blocks: tuple[Block, ...]

    def size(self) -> int:
        """Characters of blocks and text together, as they count against the budget."""
        return weigh(self.blocks) + len(self.text)


def weigh(blocks: Iterable[Block]) -> int:
    """How many characters the JSON of these blocks takes."""
    return sum(len(json.dumps(block, ensure_ascii=False)) + 2 for block in blocks)


def _filled(text: str) -> str:
    # Slack refuses an empty text ("must be more than 0 characters"), also one of spaces only.
    return text if text.strip() else "-"


def plain(text: str, limit: int = limits.TEXT_OBJECT) -> Element:
    """A plain_text object; `emoji: false` keeps `:lock:` in a name from becoming a picture."""
    return {"type": "plain_text", "text": _filled(shorten(visible(text), limit)), "emoji": False}


def header(text: str) -> Block:
    """A headline."""
    return {"type": "header", "text": plain(text, limits.HEADER_TEXT)}


def context(*lines: str | Element) -> Block:
    """Small print: each string a plain text, each element as it is."""
    elements = [plain(line) if isinstance(line, str) else line for line in lines]
    return {"type": "context", "elements": elements[: limits.CONTEXT_ELEMENTS] or [plain("-")]}


def marked(text: str) -> Element:
    """Our own mrkdwn as an element of `context`; values in it are already escaped."""
    return {
        "type": "mrkdwn",
        "text": _filled(shorten(text, limits.TEXT_OBJECT)),
        "verbatim": True,
    }


def divider() -> Block:
    """A line across."""
    return {"type": "divider"}


def word(text: str, *, bold: bool = False, code: bool = False) -> Element:
    """A piece of rich text; line feeds stay, all else that is hidden is shown."""
    piece: Element = {
        "type": "text",
        "text": shorten(visible_lines(text), limits.RICH_TEXT) or "-",
    }
    style = {name: True for name, wanted in (("bold", bold), ("code", code)) if wanted}
    if style:
        piece["style"] = style
    return piece


def paragraph(*pieces: Element) -> Element:
    """A rich_text_section."""
    return {"type": "rich_text_section", "elements": list(pieces)}


def bullets(items: Sequence[Element], *, ordered: bool = False) -> Element:
    """A list of paragraphs."""
    return {
        "type": "rich_text_list",
        "style": "ordered" if ordered else "bullet",
        "elements": list(items),
    }


def numbered(items: Sequence[Element], before: int = 0) -> Element:
    """Paragraphs of a numbered list, of which so many stand above something that interrupts it."""
    made = bullets(items, ordered=True)
    return made | {"offset": before} if before else made


def preformatted(text: str, limit: int = limits.RICH_TEXT) -> Element:
    """Fixed-width lines, to be read or copied as they are."""
    return {
        "type": "rich_text_preformatted",
        "elements": [{"type": "text", "text": _filled(shorten(visible_lines(text), limit))}],
    }


def rich(*elements: Element) -> Block:
    """A rich_text block."""
    return {"type": "rich_text", "elements": list(elements)}


def button(action_id: str, text: str, value: str, *, style: str | None = None) -> Element:
    """A button; `value` is checked by the caller, since a cut one would be no JSON."""
    made: Element = {
        "type": "button",
        "action_id": action_id,
        "text": plain(text, limits.BUTTON_TEXT),
        "value": value,
    }
    if style is not None:
        made["style"] = style
    return made


def actions(*buttons: Element) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)[: limits.ACTIONS_ELEMENTS]}
