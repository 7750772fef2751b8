"""From a paste to one line that patterns can be matched against, and the lines to quote from.

Here belongs what terminals, log collectors, chat and keyboards do to a text: colour codes,
timestamps, JSON within JSON, entities, links, full-width letters. Nothing about TLS.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from urllib.parse import unquote

MOST_CHARACTERS = 20_000
MOST_LINES = 400

_ANSI = re.compile(
    r"(?:\x1b|\x9b|\\u001b|\\x1b|\\033|\\e|\^\[)\][^\x07\x1b\n]{0,300}(?:\x07|\x1b\\)?"
    r"|(?:\x1b\[|\x9b|\\u001b\[|\\x1b\[|\\033\[|\\e\[|\^\[\[)[0-9;:?]{0,40}[A-Za-z]"
    r"|\x1b[()][A-Z0-9]"
    r"|\[[0-9]{1,3}(?:;[0-9]{1,3}){0,4}m",
    re.IGNORECASE,
)
# docs.slack.dev/messaging/formatting-message-text#links-in-retrieved-messages
_SLACK_LINK = re.compile(
    r"<(https?://[^<>|\s]{1,2000}|mailto:[^<>|\s]{1,300})(?:\|[^<>]{0,2000})?>"
)
# Escapes of JSON and of languages' string literals, however often they were escaped again. `\x16`
# stays: an access log quotes a handshake like that.
_ESCAPED_BREAK = re.compile(r"\\{1,9}(?:r\\{1,9}n|n|r)(?![a-z]{2,}[\\/])")
_ESCAPED_TAB = re.compile(r"\\{1,9}t(?=[\s\\\"'(\[{A-Z0-9]|at )")
_ESCAPED_QUOTE = re.compile(r"\\{1,9}([\"'/])")
_ESCAPED_LETTER = re.compile(
    r"\\{1,9}u(00[2-7][0-9a-fA-F]|[1-9a-cA-CfF][0-9a-fA-F]{3}|0[1-9a-fA-F][0-9a-fA-F]{2})"
)
# An error page's address carries its words: about:neterror?d=An%20error%20occurred
_PERCENT = re.compile(r"%(?:20|0A|3A|27|22)", re.IGNORECASE)
_QUOTES = dict.fromkeys(map(ord, "‘’‚‛`´′＇"), "'") | dict.fromkeys(map(ord, "“”„‟″＂«»"), '"')
_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

# What loggers put before a message. Each is tried at the start of a line, several in a row.
_PREFIXES = tuple(
    re.compile(prefix)
    for prefix in (
        r"\s*>+\s?",
        r"\s*\[?\d{4}[-/]\d\d[-/]\d\d[T _]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|JST|GMT|[+-]\d\d:?\d\d))?\]?[:,]?\s*",
        r"\s*\[?\d\d[:h]\d\d:\d\d(?:[.,]\d{1,9})?\]?:?\s+",
        r"\s*(?:[A-Z][a-z]{2}\s+)?[A-Z][a-z]{2}\s{1,2}\d{1,2}\s\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:\s\d{4})?\s+(?:[A-Za-z0-9_.-]{1,100}\s+(?=[A-Za-z0-9_./-]{1,60}(?:\[\d{1,9}\])?:\s))?",
        r"\s*\[[A-Z][a-z]{2}\s[A-Z][a-z]{2}\s\d{1,2}\s\d\d:\d\d:\d\d(?:\.\d{1,9})?\s\d{4}\]\s*",
        r"\s*[IWEF]\d{4}\s\d\d:\d\d:\d\d\.\d{1,9}\s+\d{1,9}\s+(?=[\w.]{1,80}:\d{1,6}\])",
        r"\s*[A-Za-z0-9_.-]{1,60}\s+\|\s+",
    )
)


@dataclass(frozen=True)
class Cleaned:
    """A prepared text.

    `lines` are whole; `flat` is all of them on one line, `folded` the same with ASCII letters in
    lower case: both have the same length, and `line_at` finds the line of a place in them.
    """

    lines: tuple[str, ...]
    flat: str
    folded: str
    starts: tuple[int, ...]

    def line_at(self, place: int) -> str:
        """The line that the character at `place` of `flat` is from."""
        if not self.lines:
            return ""
        return self.lines[max(bisect_right(self.starts, place) - 1, 0)]


_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def clean(text: str) -> Cleaned:
    """Prepare a pasted text; what is too long loses its middle."""
    text = _bounded(text)
    text = _SLACK_LINK.sub(r"\1", _ANSI.sub("", text))
    if len(_PERCENT.findall(text)) >= 5:
        text = unquote(text, errors="replace")
    if "&" in text:
        text = html.unescape(html.unescape(text))
    text = _ESCAPED_LETTER.sub(lambda found: chr(int(found[1], 16)), text)
    text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).translate(_QUOTES)
    text = _ESCAPED_BREAK.sub("\n", text)
    text = _ESCAPED_TAB.sub(" ", text)
    text = _ESCAPED_QUOTE.sub(r"\1", text)
    text = _CONTROL.sub("", _ANSI.sub("", text))
    return _assembled(_bounded(text).splitlines())


def joined(cleaned: Cleaned) -> Cleaned:
    """The same text with its lines put together: a terminal may have broken it within a word."""
    return _assembled(["".join(cleaned.lines)])


def _assembled(lines: list[str]) -> Cleaned:
    whole = []
    for line in lines:
        shown = " ".join(_without_prefix(line).split())
        if shown and not shown.startswith("```"):
            whole.append(shown)
        elif shown.strip("`"):
            whole.append(shown.strip("`"))
    if len(whole) > MOST_LINES:
        whole = whole[: MOST_LINES // 2] + whole[-MOST_LINES // 2 :]
    starts = []
    place = 0
    for line in whole:
        starts.append(place)
        place += len(line) + 1
    flat = " ".join(whole)
    return Cleaned(tuple(whole), flat, flat.translate(_LOWER), tuple(starts))


def _without_prefix(line: str) -> str:
    for _ in range(3):
        for prefix in _PREFIXES:
            found = prefix.match(line)
            if found and found.end():
                line = line[found.end() :]
                break
        else:
            break
    return line


def _bounded(text: str) -> str:
    """At most `MOST_CHARACTERS`: the beginning and the end, where errors stand."""
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[:half]}\n{text[-half:]}"
