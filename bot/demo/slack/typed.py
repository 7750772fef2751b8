"""What Slack makes of what a person types: escapes, links, mentions, and the rich text beside it.

Source: Slack's documents "Formatting text for app surfaces" (escaping, links, mentions) and "Rich
text block". Pure functions.
"""

import re
from collections.abc import Iterable
from typing import Any

_ADDRESS = re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)\]}'\"。、）」]")
_TOKEN = re.compile(r"<([@#!]?)([^<>|\s]+)(?:\|([^<>]*))?>")


def as_sent(text: str, names: Iterable[tuple[str, str]]) -> str:
    """The message's text as it leaves the composer.

    Args:
        text: What was typed.
        names: What follows an "@", and the id that Slack puts in its place.
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    linked = _ADDRESS.sub(lambda found: f"<{found[0]}>", escaped)
    return mentioned(linked, names)


def mentioned(text: str, names: Iterable[tuple[str, str]]) -> str:
    """The text with each "@name" as the mention that Slack sends."""
    for name, user in names:
        text = re.sub(rf"(^|[\s(（、。])@{re.escape(name)}(?![\w.-])", rf"\1<@{user}>", text)
    return text


def rich_text(text: str, block_id: str) -> dict[str, Any]:
    """The rich text block that stands beside a person's text in events and payloads."""
    elements: list[dict[str, Any]] = []
    at = 0
    for found in _TOKEN.finditer(text):
        _words(elements, text[at : found.start()])
        kind, target, label = found.groups()
        if kind == "@":
            elements.append({"type": "user", "user_id": target})
        elif kind == "#":
            elements.append({"type": "channel", "channel_id": target})
        elif kind == "!" and target in ("here", "channel", "everyone"):
            elements.append({"type": "broadcast", "range": target})
        elif kind:
            _words(elements, found[0])
        else:
            link = {"type": "link", "url": _plain(target)}
            elements.append(link | ({"text": _plain(label)} if label else {}))
        at = found.end()
    _words(elements, text[at:])
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def _words(elements: list[dict[str, Any]], text: str) -> None:
    if text:
        elements.append({"type": "text", "text": _plain(text)})


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
