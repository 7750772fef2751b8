"""What a Slack message says, and which servers it names: alerts of apps, pasted errors, plain words.

A message's text stands in many places: `text`, blocks of every kind, attachments of older apps
with their fields (docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments).
All of it is untrusted, and bounded here before anything reads it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Target
from bot.diagnosis.target import TargetError, parse_target
from bot.explain import Explanation, explain
from bot.explain.host import names_code

LONGEST = 12_000
"""Characters that are read of one message."""
MOST_TARGETS = 8
_DEEPEST = 12
_MOST_PIECES = 2_000

_TEXTS = ("pretext", "title", "text", "alt_text", "value", "description", "name", "footer")
_LINKS = ("title_link", "url", "from_url", "original_url", "author_link")
_PARTS = (
    "blocks",
    "attachments",
    "fields",
    "elements",
    "accessory",
    "rows",
    "message_blocks",
    "message",
)

# The pages that alerts link to for more: they are asked about last.
_MONITORING = re.compile(
    r"(?:^|\.)(?:slack\.com|slack-edge\.com|datadoghq\.(?:com|eu)|grafana\.net|pagerduty\.com|"
    r"opsgenie\.com|sentry\.io|newrelic\.com|statuspage\.io|splunkcloud\.com|honeycomb\.io|"
    r"atlassian\.net|atlassian\.com|github\.com|gitlab\.com|mackerel\.io|uptimerobot\.com|"
    r"pingdom\.com|statuscake\.com|betterstack\.com|elastic\.co|console\.aws\.amazon\.com|"
    r"console\.cloud\.google\.com|portal\.azure\.com|runbooks?\.[\w.-]+|wiki\.[\w.-]+)$"
)
_URL = re.compile(
    r"\b(?:https|wss|ldaps|imaps|smtps|ftps|http)://[^\s<>|\"'`]{3,500}", re.IGNORECASE
)
_HOST = re.compile(
    r"(?<![\w@./\\:-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z][a-z0-9-]{0,61}[a-z0-9]"
    r"(?::\d{2,5})?(?![\w@\\-]|\.\w|\()",
    # ASCII: Japanese follows a name without a space ("shop.example.jpを確認して").
    re.IGNORECASE | re.ASCII,
)
_IP = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?(?![\w.])")
_MARKS = re.compile(r"[`*~]{1,3}")


@dataclass(frozen=True, slots=True)
class Alert:
    """A message as it is read: its words, the servers it names (the likeliest first), its error.

    `explanation` is None when the message states no error of TLS.
    """

    text: str
    targets: tuple[Target, ...]
    explanation: Explanation | None


def read_alert(message: Mapping[str, Any]) -> Alert:
    """Read a message as Slack sends it to a shortcut or in an event; anything may be missing."""
    pieces: list[str] = []
    links: list[str] = []
    for kind, piece in _pieces(message):
        (links if kind == "link" else pieces).append(piece)
    text = "\n".join(dict.fromkeys(pieces))[:LONGEST]
    links += [
        one.split("|", 1)[0] for one in re.findall(r"<((?:https?|wss)://[^<>]{3,500})>", text)
    ]
    plain = _plain(text)
    explanation: Explanation | None = explain(plain)
    if explanation is not None and explanation.cause in (Cause.NOT_A_TLS_ERROR, None):
        explanation = None
    return Alert(plain, _targets(plain, links, explanation), explanation)


def _targets(
    text: str, links: Sequence[str], explanation: Explanation | None
) -> tuple[Target, ...]:
    named: list[str] = []
    if explanation is not None and explanation.host is not None:
        host = f"[{explanation.host}]" if ":" in explanation.host else explanation.host
        named.append(f"{host}:{explanation.port}" if explanation.port else host)
    named += links
    named += _URL.findall(text)
    without_urls = _URL.sub(" ", text)
    named += [one for one in _HOST.findall(without_urls) if not names_code(one.partition(":")[0])]
    named += _IP.findall(without_urls)
    found: dict[tuple[str, int, str | None], Target] = {}
    for one in named[:200]:
        try:
            target = parse_target(one)
        except TargetError:
            continue
        if "." in target.host or ":" in target.host:
            found.setdefault((target.host, target.port, target.starttls), target)
    # A name with a port says more than the same name without.
    ported = {host for host, port, _ in found if port != 443}
    kept = [one for one in found.values() if one.port != 443 or one.host not in ported]
    own = [one for one in kept if not _MONITORING.search(one.host)]
    return tuple((own or kept)[:MOST_TARGETS])


def _pieces(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text and link of a message, in the order of reading, within bounds."""
    waiting: list[tuple[int, Any]] = [(0, message)]
    seen = 0
    while waiting and seen < _MOST_PIECES:
        depth, part = waiting.pop()
        seen += 1
        if isinstance(part, Mapping):
            yield from _own_words(part)
            if depth < _DEEPEST:
                below = [part[name] for name in _PARTS if name in part]
                below += [
                    part[name] for name in ("text", "title") if isinstance(part.get(name), Mapping)
                ]
                waiting += [(depth + 1, one) for one in reversed(below)]
        elif isinstance(part, list | tuple):
            if part and all(_is_inline(one) for one in part):
                # The elements of one rich text line belong together: "host" and ":443".
                yield "text", "".join(_inline_word(one) for one in part)
                yield from (("link", one["url"]) for one in part if isinstance(one.get("url"), str))
            elif depth < _DEEPEST:
                waiting += [(depth + 1, one) for one in reversed(part[:500])]


def _own_words(part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _TEXTS:
        value = part.get(name)
        if isinstance(value, str) and value:
            yield "text", value[:LONGEST]
    for name in _LINKS:
        value = part.get(name)
        if isinstance(value, str) and value and part.get("type") != "button":
            yield "link", value[:1000]


def _is_inline(one: object) -> bool:
    return isinstance(one, Mapping) and one.get("type") in (
        "text",
        "link",
        "emoji",
        "user",
        "channel",
        "usergroup",
        "broadcast",
        "date",
        "color",
        "team",
    )


def _inline_word(one: Mapping[str, Any]) -> str:
    value = one.get("text") or one.get("url") or ""
    return value[:LONGEST] if isinstance(value, str) else ""


def _plain(text: str) -> str:
    """Without Slack's marks: links become what they show, mentions go."""
    text = re.sub(r"<(?:https?|wss|mailto|tel):[^<>|]{1,1000}\|([^<>]{1,500})>", r"\1", text)
    text = re.sub(r"<((?:https?|wss)://[^<>|]{1,1000})>", r"\1", text)
    text = re.sub(r"<[@#!][^<>]{1,200}>", " ", text)
    return _MARKS.sub(" ", unescape(text))
