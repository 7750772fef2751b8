"""How often an error text is understood, measured on the corpus of real pastes.

The marks are what the product promises; the message of a failing test lists the lines. An answer
is right when an honest expert could give it: the entry's own label or one of its alternatives.
Lines that are no error of TLS do not count for the client.
"""

import json
from collections.abc import Callable
from functools import cache

import pytest

from bot.explain import Explanation, explain
from tests.explain.corpus import PARTS, Entry, entries, family

CAUSE_MARK = 0.92
CLIENT_MARK = 0.85
HOST_MARK = 0.90
BUILD_CLIENT_MARK = 0.80

Right = Callable[[Entry, Explanation], bool]


@cache
def _plain(text: str) -> Explanation:
    return explain(text)


def _cause(entry: Entry, found: Explanation) -> bool:
    return found.cause in {entry.cause, *entry.also}


def _client(entry: Entry, found: Explanation) -> bool:
    if entry.client is None or found.client is None:
        return entry.client == found.client
    wanted = {entry.client, *entry.also_clients}
    return found.client in wanted or family(found.client) in {family(one) for one in wanted}


def _host(entry: Entry, found: Explanation) -> bool:
    if entry.host is None or found.host is None:
        return entry.host == found.host
    return found.host.lower() in {one.lower() for one in (entry.host, *entry.also_hosts)}


def _score(part: str, right: Right, *, tls_only: bool = False) -> tuple[float, str]:
    """How many of a part's entries are right, and a line of text for each that is not."""
    chosen = [e for e in entries(part) if not (tls_only and e.cause == "not_a_tls_error")]
    results = [(entry, _plain(entry.text)) for entry in chosen]
    wrong = [(entry, found) for entry, found in results if not right(entry, found)]
    share = 1 - len(wrong) / len(chosen)
    lines = [
        f"{entry.cause}/{entry.client}/{entry.host} but got {found.cause}/{found.client}/"
        f"{found.host}: {entry.text[:300]!r}"
        for entry, found in wrong
    ]
    return share, "\n".join([f"{part}: {share:.1%} of {len(chosen)}", *lines])


@pytest.mark.parametrize(
    ("part", "mark"), [("build", CAUSE_MARK), ("held", CAUSE_MARK)], ids=list(PARTS)
)
def test_the_cause_is_named(part: str, mark: float) -> None:
    """The cause is one that an expert would name from the text alone."""
    share, report = _score(part, _cause)
    assert share >= mark, report


@pytest.mark.parametrize(
    ("part", "mark"), [("build", BUILD_CLIENT_MARK), ("held", CLIENT_MARK)], ids=list(PARTS)
)
def test_who_printed_it_is_named(part: str, mark: float) -> None:
    """The software that printed the words, or the library whose words it passed on, is named."""
    share, report = _score(part, _client, tls_only=True)
    assert share >= mark, report


@pytest.mark.parametrize(
    ("part", "mark"), [("build", HOST_MARK), ("held", HOST_MARK)], ids=list(PARTS)
)
def test_the_server_is_found_in_the_text(part: str, mark: float) -> None:
    """The server that was to be reached is found, and none is made up where none is named."""
    share, report = _score(part, _host)
    assert share >= mark, report


def _lines(text: str, around: Callable[[str], str]) -> str:
    return "\n".join(around(line) for line in text.split("\n"))


NOISES: dict[str, Callable[[str], str]] = {
    # A logger stamps a message, not each of its lines; a collector stamps every line.
    "timestamp": lambda t: f"2026-02-03T04:05:06.789Z ERROR {t}",
    "syslog": lambda t: f"Feb  3 04:05:06 app01 worker[4711]: {t}",
    "compose": lambda t: _lines(t, lambda line: f"web-1  | {line}"),
    "colours": lambda t: _lines(t, lambda line: f"\x1b[1;31m{line}\x1b[0m"),
    "json": lambda t: json.dumps({"level": "error", "ts": 1770091506.789, "msg": t}),
    "japanese": lambda t: (
        f"お疲れさまです。昨夜から本番で次のログが出ています。\n{t}\n原因がわかる方はいますか?"
    ),
    "crlf": lambda t: t.replace("\n", "\r\n") + "\r\n",
    "indented": lambda t: _lines(t, lambda line: f"        {line}"),
    "quoted": lambda t: _lines(t, lambda line: f"> {line}"),
    "fenced": lambda t: f"```\n{t}\n```",
}


@pytest.mark.parametrize("noise", NOISES)
def test_noise_around_it_changes_no_cause(noise: str) -> None:
    """What loggers, terminals, chats and colleagues put around a text changes no answer."""
    wrap = NOISES[noise]
    changed = [
        f"{plain} became {wrapped}: {entry.text[:300]!r}"
        for part in PARTS
        for entry in entries(part)
        if (plain := _plain(entry.text).cause) != (wrapped := explain(wrap(entry.text)).cause)
    ]
    assert not changed, "\n".join([f"{len(changed)} changed", *changed])


def test_a_program_passes_on_only_words_that_it_can_have() -> None:
    """Java prints nothing in Python's words, and Go nothing in OpenSSL's."""
    languages = {
        "python",
        "java",
        "go",
        "node",
        "ruby",
        "php",
        "perl",
        "dotnet",
        "rustls",
        "erlang",
    }
    absurd = [
        f"{found.client} in the words of {found.library}: {entry.text[:200]!r}"
        for part in PARTS
        for entry in entries(part)
        if (found := _plain(entry.text)).library is not None
        and (
            ({family(found.client)} <= languages and {found.library} <= languages)
            or (family(found.client) == "go" and found.library in {"openssl", "gnutls"})
        )
        and family(found.client) != found.library
    ]
    assert not absurd, "\n".join(absurd)
