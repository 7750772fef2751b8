"""Reading what was typed behind `/tlscheck`: help, one question, or a sentence that says why not.

Pure: text in, value out. What a target may look like is `bot.diagnosis.target`'s; here belong the
words and options of the Slack command. An asker can never widen what the bot may reach: the
options that would are refused by name.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final, Literal

from bot.diagnosis.question import ConnectTo, Question
from bot.diagnosis.target import TargetError, parse_target
from bot.texts.catalogue import LANGS, Lang
from handlers.slack import limits

OPTIONS: Final = (
    "--address",
    "--at",
    "--starttls",
    "--no-fetch",
    "--timeout",
    "--vantage",
    "--lang",
)
# They would let an asker reach other networks or choose what to trust, or make no sense in Slack.
TERMINAL_ONLY: Final = frozenset({"--allow-network", "--roots", "--json"})
# Words of the command that this version does not have; alone they may be the name of a host.
NOT_YET: Final = frozenset({"letter"})
# Words before a host that ask for something else than a check of it.
_VERBS: Final[Mapping[str, "Verb"]] = MappingProxyType(
    {
        "watch": "watch",
        "監視": "watch",
        "unwatch": "unwatch",
        "history": "history",
        "履歴": "history",
        "share": "share",
        "共有": "share",
        "compare": "compare",
        "比較": "compare",
    }
)
# The same behind the host, as people write it there.
_VERBS_BEHIND: Final = frozenset({"share", "compare"})
_UNTIL_RENEWED: Final = frozenset({"expiry", "expires", "expiration", "期限"})
_WATCHES: Final = frozenset({"watches", "監視一覧"})
_RECENT: Final = frozenset({"recent", "最近"})
_VANTAGES: Final = frozenset({"vantages", "拠点", "拠点一覧"})
# In the place of a name: all of them.
_EVERYWHERE: Final = frozenset({"all", "everywhere", "*", "全部", "すべて", "全拠点"})
_VANTAGE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_HELP: Final = frozenset({"help", "?", "-h", "-?", "--help", "-help", "ヘルプ", "使い方"})
# A pasted line of these has options of its own; the target's parser finds the address in it.
_PASTED: Final = frozenset({"curl", "wget", "openssl", "$", "get", "post"})

# Phones and word processors make one long dash of "--"; Japanese keyboards make wide ones.
_DASHES: Final = "-‐‑‒–—―−﹣－"
_OPTION = re.compile(rf"[{_DASHES}]+(?=[A-Za-zＡ-Ｚａ-ｚ?？])")
_LONG_DASHES: Final = frozenset("—―")
_EXPLAIN = re.compile(r"\s*(?:explain|説明)(?![\w.:-])", re.IGNORECASE)
# Behind it hosts may stand, and no lone port: that is a host with the name.
_SWEEP = re.compile(r"\s*(?:sweep|一括確認)(?![\w.:-])(?!\s+[0-9]{1,5}\s*\Z)", re.IGNORECASE)
# At its beginning or its end the option is ours; elsewhere it belongs to what was pasted.
_EXPLAIN_LANG = re.compile(
    rf"\A\s*[{_DASHES}]{{1,2}}lang[= ](en|ja)(?!\S)|\s[{_DASHES}]{{1,2}}lang[= ](en|ja)\s*\Z"
)
_QUOTES: Final = "\"'“”„‟‘’‚‛«»「」『』`´＂＇"
# docs.slack.dev/messaging/formatting-message-text#links-in-retrieved-messages
_LINK = re.compile(r"<(?![@#!])([^<>|]*)(?:\|[^<>]*)?>")


@dataclass(frozen=True)
class Help:
    """The help text is wanted."""

    lang: Lang


@dataclass(frozen=True)
class Refused:
    """What was typed cannot be done: `key` names the sentence, `values` (from outside) fill it."""

    lang: Lang
    key: str
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


Verb = Literal[
    "check", "watch", "watch_expiry", "unwatch", "history", "share", "compare", "compare_share"
]


@dataclass(frozen=True)
class Ask:
    """A question for the service, the language of its answer, and what is wanted of it.

    `vantages` are the places to ask by name: at most one but for a comparison; none: the bot's own,
    or for a comparison all.
    """

    lang: Lang
    question: Question
    verb: Verb = "check"
    vantages: tuple[str, ...] = ()

    @property
    def vantage(self) -> str | None:
        """The one place to ask; None: the bot's own."""
        return self.vantages[0] if self.vantages else None


@dataclass(frozen=True)
class Explain:
    """A pasted error is to be explained; an empty `text`: the window to paste it into is wanted."""

    lang: Lang
    text: str


@dataclass(frozen=True)
class Watches:
    """The list of what this channel watches is wanted."""

    lang: Lang


@dataclass(frozen=True)
class RecentChecks:
    """The list of what was checked last here, and by the asker, is wanted."""

    lang: Lang


@dataclass(frozen=True)
class SweepList:
    """A list is to be checked: the window for it is wanted; `text` stands in it already."""

    lang: Lang
    text: str


@dataclass(frozen=True)
class Vantages:
    """The list of the places that can be asked is wanted."""

    lang: Lang


Command = Help | Refused | Ask | Explain | Watches | RecentChecks | SweepList | Vantages


class _RefusedError(Exception):
    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def parse_command(text: str, default_lang: Lang) -> Command:
    """Read the text of a slash command.

    Args:
        text: As Slack hands it over: unescaped, or with links as `<url|label>`.
        default_lang: The language when the text names none.

    Returns:
        What to do; never an exception for anything that a person can type.
    """
    explained = _EXPLAIN.match(text)
    if explained:
        return _explain(text[explained.end() :], default_lang)
    swept = _SWEEP.match(text)
    if swept:
        lang, rest = _with_lang(text[swept.end() :], default_lang)
        # Hosts have no spaces in them; a window's box has one a line.
        return SweepList(lang, "\n".join(_LINK.sub(r"\1", rest).split()))
    if len(text) > limits.COMMAND_CHARACTERS:
        return Refused(
            default_lang, "slack.command.too_long", {"limit": str(limits.COMMAND_CHARACTERS)}
        )
    # Invisible characters come with pasted text and mean nothing in an option.
    words = [word for word in _LINK.sub(r"\1", text).split() if word.strip("\u200b\u2060\ufeff")]
    lang = _chosen_lang(words, default_lang)
    try:
        return _read(words, lang, text)
    except _RefusedError as refused:
        return Refused(lang, refused.key, refused.values)
    except TargetError as error:
        return Refused(lang, f"error.target.{error.code}", dict(error.values))


def command_text(question: Question, lang: Lang, *vantages: str | None) -> str:
    """The text behind `/tlscheck` that asks this question again, there; `parse_command` reads it."""
    target = question.target
    host = f"[{target.host}]" if ":" in target.host else target.host
    words = [f"{host}:{target.port}"]
    if target.starttls:
        words.append(f"--starttls {target.starttls}")
    for connect in question.addresses:
        address = f"[{connect.address}]" if ":" in connect.address else connect.address
        words.append(f"--address {address}" + (f":{connect.port}" if connect.port else ""))
    if question.at is not None:
        words.append(f"--at {question.at.isoformat()}")
    if not question.fetch:
        words.append("--no-fetch")
    if question.timeout != Question.model_fields["timeout"].default:
        words.append(f"--timeout {question.timeout:g}")
    words += [f"--vantage {one}" for one in vantages if one]
    words.append(f"--lang {lang}")
    return " ".join(words)


def _explain(text: str, default_lang: Lang) -> Explain:
    lang, rest = _with_lang(text, default_lang)
    return Explain(lang, rest)


def _with_lang(text: str, lang: Lang) -> tuple[Lang, str]:
    """The language that `--lang` at the beginning or the end chose, and the text without it."""
    found = _EXPLAIN_LANG.search(text)
    if found:
        lang = "ja" if "ja" in found.groups() else "en"
        text = text[: found.start()] + text[found.end() :]
    return lang, text.strip()


def _read(words: list[str], lang: Lang, text: str) -> Command:
    if not words:
        return Help(lang)
    first = unicodedata.normalize("NFKC", words[0]).casefold()
    pasted = first in _PASTED
    target_words: list[str] = []
    options: dict[str, str] = {}
    addresses: list[ConnectTo] = []
    vantages: list[str] = []
    rest = iter(words)
    for word in rest:
        name, given = ("", "") if pasted else _option(word)
        if not name:
            target_words.append(word)
        elif name in _HELP:
            return Help(lang)
        elif name in TERMINAL_ONLY:
            raise _RefusedError("slack.command.terminal_only", option=name)
        elif name not in OPTIONS:
            raise _RefusedError(
                "slack.command.unknown_option", option=name, known=", ".join(OPTIONS)
            )
        elif name == "--no-fetch":
            options[name] = name
        else:
            value = given or _next_value(rest, name)
            if name == "--address":
                addresses.append(_address(value))
            elif name == "--vantage":
                vantages += _vantages(value)
            elif name == "--lang" and value.casefold() not in LANGS:
                raise _RefusedError("slack.command.bad_lang", value=value)
            else:
                options[name] = value
    if not target_words:
        if options or addresses or vantages:
            raise _RefusedError("slack.command.no_target")
        return Help(lang)
    if first in _HELP and len(target_words) == 1:
        return Help(lang)
    if first in NOT_YET and len(target_words) > 1:
        raise _RefusedError("slack.command.not_yet", word=first)
    if first in _WATCHES and len(target_words) == 1:
        return Watches(lang)
    if first in _RECENT and len(target_words) == 1:
        return RecentChecks(lang)
    if first in _VANTAGES and len(target_words) == 1:
        return Vantages(lang)
    verb, target_words = _verb(first, target_words)
    verb, places = _where(verb, vantages)
    if len(addresses) > limits.COMMAND_ADDRESSES:
        raise _RefusedError("slack.command.too_many_addresses", limit=str(limits.COMMAND_ADDRESSES))
    # Nothing was taken out: the target's parser may see the text as it was typed, with its lines.
    typed = text if len(target_words) == len(words) else " ".join(target_words)
    target = parse_target(typed, starttls=options.get("--starttls"))
    return Ask(
        lang,
        Question(
            target=target,
            addresses=tuple(addresses),
            at=_moment(options["--at"]) if "--at" in options else None,
            fetch="--no-fetch" not in options,
            timeout=_timeout(options["--timeout"]) if "--timeout" in options else 10.0,
        ),
        verb,
        places,
    )


def _where(verb: Verb, typed: list[str]) -> tuple[Verb, tuple[str, ...]]:
    """What is wanted, with the places that were typed: to check from several is to compare."""
    everywhere = any(one in _EVERYWHERE for one in typed)
    places = () if everywhere else tuple(dict.fromkeys(typed))
    if verb == "check" and (everywhere or len(places) > 1):
        return "compare", places
    if len(places) > 1 and verb not in ("compare", "compare_share"):
        raise _RefusedError("vantage.command.one")
    return verb, places


def _vantages(value: str) -> list[str]:
    """The places of one `--vantage`; a list with commas is understood, too."""
    names = [one for one in re.split("[,、]", value) if one]
    for one in names:
        if one.casefold() not in _EVERYWHERE and not _VANTAGE.fullmatch(one):
            raise _RefusedError("vantage.command.name", value=one)
    return [one.casefold() if one.casefold() in _EVERYWHERE else one for one in names]


def _verb(first: str, words: list[str]) -> tuple[Verb, list[str]]:
    """What is wanted of the host, and the words that name it; a lone word is always the host."""
    if len(words) < 2:
        return "check", words
    verb = _VERBS.get(first)
    if verb is None:
        behind = _VERBS.get(unicodedata.normalize("NFKC", words[-1]).casefold())
        # Behind "host" or "host port" only: nothing that was pasted is posted by its last word.
        pasted = len(words) > 3 or first in _PASTED
        if behind is None or behind not in _VERBS_BEHIND or pasted:
            return "check", words
        return behind, words[:-1]
    words = words[1:]
    if len(words) > 1:
        last = unicodedata.normalize("NFKC", words[-1]).casefold()
        if verb == "watch" and last in _UNTIL_RENEWED:
            return "watch_expiry", words[:-1]
        if verb == "compare" and _VERBS.get(last) == "share":
            return "compare_share", words[:-1]
    return verb, words


def _option(word: str) -> tuple[str, str]:
    """The option that this word is, as `--name`, and the value behind its `=`; ("", "") if none."""
    bare = word.strip(_QUOTES)
    dashes = _OPTION.match(bare)
    if dashes is None:
        return "", ""
    name, _, value = unicodedata.normalize("NFKC", bare[dashes.end() :]).partition("=")
    double = len(dashes[0]) > 1 or dashes[0] in _LONG_DASHES or f"--{name}" in OPTIONS
    return ("--" if double else "-") + name.casefold(), value.strip(_QUOTES)


def _next_value(words: Iterator[str], name: str) -> str:
    value = next(words, "").strip(_QUOTES)
    if not value or _option(value)[0]:
        raise _RefusedError("slack.command.no_value", option=name)
    return unicodedata.normalize("NFKC", value)


def _chosen_lang(words: list[str], default: Lang) -> Lang:
    """The language of `--lang`, found first so that also a refusal speaks it."""
    for index, word in enumerate(words):
        name, value = _option(word)
        if name == "--lang":
            value = value or (words[index + 1] if index + 1 < len(words) else "")
            for lang in LANGS:
                if unicodedata.normalize("NFKC", value.strip(_QUOTES)).casefold() == lang:
                    return lang
            return default
    return default


def _address(value: str) -> ConnectTo:
    value = value.removeprefix("http://").removeprefix("https://").rstrip("/,;")
    host, port = value, ""
    if value.startswith("["):
        host, _, port = value[1:].partition("]")
        port = port.removeprefix(":")
    elif value.count(":") == 1:
        host, _, port = value.partition(":")
    try:
        address = ip_address(host)
    except ValueError:
        raise _RefusedError("slack.command.bad_address", value=value) from None
    number: int | None = None
    if port:
        if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65535):
            raise _RefusedError("slack.command.bad_address", value=value)
        number = int(port)
    if getattr(address, "scope_id", None) is not None:
        raise _RefusedError("slack.command.bad_address", value=value)
    return ConnectTo(address=str(address), port=number)


def _moment(value: str) -> datetime:
    """An RFC 3339 moment; without an offset nobody can tell which hour is meant."""
    try:
        moment = datetime.fromisoformat(value.upper())
        if moment.tzinfo is not None:
            moment.astimezone(tz=None)
            return moment
    except (ValueError, OverflowError, OSError):
        pass
    raise _RefusedError("slack.command.bad_moment", value=value)


def _timeout(value: str) -> float:
    try:
        seconds = float(value.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not 0.1 <= seconds <= 60.0:
        raise _RefusedError("slack.command.bad_timeout", value=value)
    return seconds
