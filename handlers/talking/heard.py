"""What somebody said to the bot, read from Slack's event: a mention, or a direct message.

Pure. What apps say, what was changed or deleted, and who came or went is not for the bot.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.diagnosis.question import Question
from bot.texts.catalogue import Lang
from handlers.asking.command import Ask, Refused, parse_command
from handlers.slack.uploaded import Uploaded, read_files
from handlers.talking.alert import Alert, read_alert
from handlers.talking.followup import FollowUp, read_followup

MOST_CHECKED = 3
"""Servers of one message that are checked unasked; the others are named."""

# Words of a person come without a subtype, or with these (docs.slack.dev/reference/events/message).
_OF_PEOPLE = frozenset({None, "file_share", "thread_broadcast"})
_USER = re.compile(r"[UW][A-Z0-9]{1,30}")
_CHANNEL = re.compile(r"[A-Z0-9]{2,32}")
_TS = re.compile(r"\d{1,20}\.\d{1,10}")
_MENTION = re.compile(r"<@[UW][A-Z0-9]{1,30}(?:\|[^<>]{0,100})?>")
_OPTION = re.compile(r"(?:^|\s)(?:--|—|–)[a-z]")
# A lone name in letters of another script.
_NAME = re.compile(r"[^\s/:。、]{1,100}\.[a-z]{2,20}")
# "Is it revoked?" is asked about the result; an error line is not put as a question.
_QUESTION = re.compile(r"[^`\"“”:]{1,80}[?？]\s*")
_JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")


@dataclass(frozen=True)
class Heard:
    """A message to the bot. `thread_ts` is the thread that it was said in, if any."""

    user: str
    channel: str
    ts: str
    thread_ts: str | None
    direct: bool
    text: str
    team: str = ""
    files: tuple[Uploaded, ...] = ()

    @property
    def thread(self) -> str | None:
        """The thread that is answered in: a mention's own message heads one."""
        return self.thread_ts or (None if self.direct else self.ts)


def read_heard(event: Mapping[str, Any]) -> Heard | None:
    """The words of a person to the bot; None when the event is something else."""

    def word(name: str, form: re.Pattern[str]) -> str | None:
        value = event.get(name)
        return value if isinstance(value, str) and form.fullmatch(value) else None

    direct = event.get("channel_type") == "im"
    if event.get("type") == "message" and not direct:
        return None
    if event.get("subtype") not in _OF_PEOPLE or event.get("bot_id"):
        return None
    user, channel, ts = word("user", _USER), word("channel", _CHANNEL), word("ts", _TS)
    text = event.get("text")
    if user is None or channel is None or ts is None or not isinstance(text, str):
        return None
    return Heard(
        user=user,
        channel=channel,
        ts=ts,
        thread_ts=word("thread_ts", _TS),
        direct=direct,
        text=_MENTION.sub(" ", text).strip(),
        team=word("team", _CHANNEL) or "",
        files=read_files(event.get("files")),
    )


@dataclass(frozen=True)
class Wish:
    """What somebody wants: servers checked, an error explained, or a question answered.

    `asks` and `alert.explanation` go together; without them it is `follow`. `more` servers were
    named beyond those. `refused` says what is wrong with the options of a command. `place` is the place
    that is to be asked, by name.
    """

    alert: Alert
    asks: tuple[Ask, ...]
    follow: FollowUp
    more: int = 0
    refused: Refused | None = None
    place: str | None = None


def read_wish(text: str, lang: Lang, about: str | None = None) -> Wish:
    """What a message to the bot wants.

    Args:
        text: Without the mention.
        lang: Of the answer.
        about: The host that the conversation is about: naming it is no new question.
    """
    alert = read_alert({"text": text})
    follow = read_followup(_without_hosts(text, alert))
    if about is not None and follow.intent != "help" and not _OPTION.search(text):
        others = [one for one in alert.targets if one.host != about]
        if not others and (alert.explanation is None or _QUESTION.fullmatch(text)):
            return Wish(replace(alert, explanation=None), (), follow)
    command = parse_command(text, lang)
    if not alert.targets and not (isinstance(command, Ask) and _NAME.fullmatch(text)):
        return Wish(alert, (), follow)
    hosts = {one.host for one in alert.targets}
    if isinstance(command, Ask) and (not hosts or command.question.target.host in hosts):
        plain = command.verb == "check" and not command.question.addresses
        plain = plain and not command.vantages
        if len(alert.targets) <= 1 or not plain:
            return Wish(alert, (command,), follow)
    if isinstance(command, Refused) and _OPTION.search(text) and alert.explanation is None:
        return Wish(alert, (), follow, refused=command)
    asks = tuple(Ask(lang, Question(target=one)) for one in alert.targets[:MOST_CHECKED])
    return Wish(alert, asks, follow, more=len(alert.targets) - len(asks))


def placed(wish: Wish, text: str, names: Sequence[str]) -> Wish:
    """The wish with the place that a message names, if any.

    Args:
        wish: From `read_wish`.
        text: The same.
        names: The places that can be asked.
    """
    place = _place(text, names)
    if place is None:
        found = _FROM.fullmatch(text.strip())
        # A place that is not there, where nothing else can be meant.
        if found is None or wish.asks or wish.follow.intent not in ("help", "recheck"):
            return wish
        place = found[1]
    asks = tuple(
        replace(one, vantages=(place,)) if one.verb != "compare" and not one.vantages else one
        for one in wish.asks
    )
    return replace(wish, asks=asks, place=place)


_FROM = re.compile(
    r"(?:(?:check|try|look|again|it|and|now) ){0,4}from ([A-Za-z0-9._-]{2,64})[?.!]?", re.IGNORECASE
)


def _place(text: str, names: Sequence[str]) -> str | None:
    # Longer ones first: "prod" may be a place as well as "prod-tokyo".
    for name in sorted(names, key=len, reverse=True):
        word = rf"(?<![A-Za-z0-9._-]){re.escape(name)}(?![A-Za-z0-9_-])"
        english = rf"\b(?:from|at|on|via|by)\s+{word}"
        japanese = rf"{word}\s*(?:から|では|で|より|だと)"
        if re.search(f"{english}|{japanese}", text, re.IGNORECASE):
            return name
    return None


def _without_hosts(text: str, alert: Alert) -> str:
    """The words about servers without their names: "shop.example.jp" is no wish for Japanese."""
    for one in alert.targets:
        text = re.sub(re.escape(one.host), " ", text, flags=re.IGNORECASE)
    return text


def language_of(text: str, lang: Lang) -> Lang:
    """The language to answer in: whoever writes Japanese reads it."""
    return "ja" if _JAPANESE.search(text) else lang
