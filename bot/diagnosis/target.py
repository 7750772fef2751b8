"""From what a person pastes to a Target: a host and a port that can be checked.

Here belongs everything about reading a target: what chat, mail and Japanese keyboards do to it,
what a URL's scheme says, and which names can exist at all. No lookups, no policy: whether an
address may be reached is decided elsewhere, on the address. For that to be true, no spelling of
an IP address may leave here as a name.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from types import MappingProxyType
from typing import Any, NamedTuple

import idna

from bot.diagnosis.causes import STARTTLS_PROTOCOLS
from bot.diagnosis.report import Target

MAX_TEXT = 2_000
MAX_NAME = 253  # RFC 1035 section 2.3.4, written without the final dot
MAX_LABEL = 63
_SHOWN = 100

_DASHES = dict.fromkeys(map(ord, "‐‑‒–−"), "-")
_QUOTES = dict.fromkeys(map(ord, "“”„‟«»「」『』〝〞〟"), '"') | dict.fromkeys(
    map(ord, "‘’‚‛`´"), "'"
)
_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_DOTS = dict.fromkeys(map(ord, "。．｡"), ".")
_SPACES = dict.fromkeys(map(ord, "\t\u00a0\u1680\u202f\u205f\u3000"), " ") | dict.fromkeys(
    range(0x2000, 0x200B), " "
)
# Invisible in a paste and without meaning in a name (UTS 46 passes over them, too).
_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF))
_AS_TYPED = (
    _FULL_WIDTH | _DASHES | _QUOTES | _DOTS | _SPACES | _INVISIBLE | {ord("、"): ",", ord("､"): ","}
)

# Marks that a clipboard puts around text of another direction, and joiners without neighbours.
_EDGE_MARKS = "\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c"
_BIDI_MARKS = frozenset(_EDGE_MARKS) - {"\u200c", "\u200d"}

_OPENING = "\"'(<{*~,"
_CLOSING = "\"')>}*~.,;!?…"

# <https://host/path|label>, <mailto:a@host|a@host>; the link itself is what counts.
# https://docs.slack.dev/messaging/formatting-message-text#links-in-retrieved-messages
_SLACK_LINK = re.compile(r"<([^<>|]*)(?:\|[^<>]*)?>")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\Z")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_SCHEME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+.-")


class _Service(NamedTuple):
    port: int
    starttls: str | None = None


_WEB = _Service(443)
_MESSAGE_QUEUE = _Service(5671)

_SCHEMES: dict[str, _Service] = {
    "https": _WEB,
    "http": _WEB,  # whoever asks about TLS means the site's TLS port
    "wss": _WEB,
    "ws": _WEB,
    "smtp": _Service(25, "smtp"),
    "submission": _Service(587, "smtp"),
    "smtps": _Service(465),
    "submissions": _Service(465),
    "imap": _Service(143, "imap"),
    "imaps": _Service(993),
    "pop": _Service(110, "pop3"),
    "pop3": _Service(110, "pop3"),
    "pops": _Service(995),
    "pop3s": _Service(995),
    "ftp": _Service(21, "ftp"),
    "ftps": _Service(990),
    "ftpes": _Service(21, "ftp"),
    "ldap": _Service(389, "ldap"),
    "ldaps": _Service(636),
    "postgres": _Service(5432, "postgres"),
    "postgresql": _Service(5432, "postgres"),
    "mysql": _Service(3306, "mysql"),
    "mysqlx": _Service(33060),
    "mariadb": _Service(3306, "mysql"),
    "xmpp": _Service(5222, "xmpp"),
    "xmpps": _Service(5223),
    "nntp": _Service(119, "nntp"),
    "news": _Service(119, "nntp"),
    "nntps": _Service(563),
    "snews": _Service(563),
    "sieve": _Service(4190, "sieve"),
    "redis": _Service(6379),
    "rediss": _Service(6379),
    "valkey": _Service(6379),
    "valkeys": _Service(6379),
    "mongodb": _Service(27017),
    "mongodb+srv": _Service(27017),
    "amqp": _MESSAGE_QUEUE,
    "amqps": _MESSAGE_QUEUE,
    "mqtt": _Service(8883),
    "mqtts": _Service(8883),
    "nats": _Service(4222),
    "sips": _Service(5061),
    "ircs": _Service(6697),
    "docker": _Service(2376),
}

# A scheme of the plain protocol with one of these ports still means TLS from the first byte.
_IMPLICIT_TLS_PORTS = frozenset({443, 465, 563, 636, 990, 993, 995, 5223})

_STARTTLS_PORTS = {
    "smtp": 25,
    "imap": 143,
    "pop3": 110,
    "ftp": 21,
    "ldap": 389,
    "postgres": 5432,
    "mysql": 3306,
    "xmpp": 5222,
    "xmpp-server": 5269,
    "nntp": 119,
    "sieve": 4190,
}


class TargetError(ValueError):
    """What was typed names no single server; the mistake is the asker's.

    `code` is one of `empty`, `too_long`, `control`, `option`, `several`, `no_host`, `bad_host`,
    `bad_port`, `bad_starttls`; its sentence is `error.target.<code>` in the catalogues, filled
    with `values`. The values quote what was typed: a renderer has to escape them.
    """

    def __init__(self, code: str, values: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self._code = code
        self._values = MappingProxyType({name: _shown(v) for name, v in (values or {}).items()})

    @property
    def code(self) -> str:
        """Which mistake it is."""
        return self._code

    @property
    def values(self) -> Mapping[str, Any]:
        """What fills the sentence's placeholders (strings, read only)."""
        return self._values


def parse_target(text: str, *, starttls: str | None = None) -> Target:
    """Read one target as people paste it.

    Args:
        text: A host, `host:port`, `host port`, a URL, an IP address, a Slack link, with the
            quotes, full-width letters and invisible characters that come along.
        starttls: The protocol that was asked for; it also gives the port when none is named.

    Returns:
        The host as a lower-case ASCII name without final dot, or as an IP address in its usual
        spelling (an IPv4-mapped one as IPv4: that is where a connection would go).

    Raises:
        TargetError: It is none, or more than one.
    """
    if starttls is not None and starttls not in STARTTLS_PROTOCOLS:
        raise TargetError(
            "bad_starttls", {"starttls": starttls, "known": ", ".join(STARTTLS_PROTOCOLS)}
        )
    token, named_port = _one_token(_readable(text))
    scheme, authority = _authority(token)
    host, port_text = _host_and_port(authority)
    if port_text and named_port:
        raise TargetError("several", {"text": f"{authority} {named_port}"})
    service = _SCHEMES.get(scheme, _WEB)
    port = _port(port_text or named_port)
    if starttls is not None:
        service = _Service(_STARTTLS_PORTS[starttls], starttls)
    elif port in _IMPLICIT_TLS_PORTS:
        service = _Service(port)
    return Target(
        input=text.strip(),
        host=_canonical_host(host),
        port=service.port if port is None else port,
        starttls=service.starttls,
    )


@lru_cache(maxsize=1024)  # a check asks a dozen times about one host
def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is; None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _readable(text: str) -> str:
    """The text with keyboards' and clipboards' ways undone; what cannot be undone is refused."""
    if len(text) > MAX_TEXT:
        raise TargetError("too_long", {"limit": str(MAX_TEXT)})
    typed = text.strip().translate(_AS_TYPED).strip(_EDGE_MARKS + " ")
    if not typed:
        raise TargetError("empty")
    for character in typed:
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in _BIDI_MARKS:
            raise TargetError("control", {"code": f"U+{ord(character):04X}"})
    return typed


def _one_token(typed: str) -> tuple[str, str]:
    """The one thing that names a server, and the port that stood behind it as a word."""

    def link(match: re.Match[str]) -> str:
        # A port that Slack left outside of the link still belongs to it.
        return f" {match[1]}" if typed.startswith(":", match.end()) else f" {match[1]} "

    words = _SLACK_LINK.sub(link, typed).replace(",", " ").split()
    tokens = [word for word in map(_bare, words) if word]
    if not tokens:
        raise TargetError("no_host", {"text": typed})
    if tokens[0][0] in "-—":
        raise TargetError("option", {"option": tokens[0]})
    if len(tokens) == 1:
        return tokens[0], ""
    port = tokens[1].removeprefix(":")
    if len(tokens) == 2 and port.isascii() and port.isdecimal():
        return tokens[0], port
    links = [token for token in tokens if "://" in token]
    if len(links) == 1:
        # `curl -v https://…`, `GET https://… failed`: the line names one server.
        return links[0], ""
    options = [token for token in tokens if token[0] in "-—"]
    if options and len(tokens) - len(options) == 1:
        raise TargetError("option", {"option": options[0]})
    raise TargetError("several", {"text": typed})


def _bare(word: str) -> str:
    """A word without the punctuation of the sentence around it."""
    if word.startswith("*."):  # a wildcard is no decoration: it is refused as a host
        return word.rstrip(_CLOSING)
    bare = word.lstrip(_OPENING).rstrip(_CLOSING)
    if bare.endswith(":") and not bare.endswith("::"):  # 2001:db8:: is whole
        bare = bare[:-1].rstrip(_CLOSING)
    return bare


def _authority(token: str) -> tuple[str, str]:
    """The scheme in lower case (or "") and `host[:port]`, without userinfo, path and query."""
    if token[0] in "@#!":  # what Slack makes of people, channels and groups: <@U024BE7LH>
        raise TargetError("no_host", {"text": token})
    at = token.find("://")
    scheme = ""
    if at >= 0:
        start = at
        while start and token[start - 1].lower() in _SCHEME_CHARACTERS:
            start -= 1
        scheme = token[start:at].lower()
        rest = token[at + 3 :]
    else:
        rest = token
        # With an @ only: `mailto:443` could be a host of that name.
        mail = ("mailto:",) if "@" in rest else ()
        for prefix in (*mail, "https:/", "http:/", "//"):
            if rest.lower().startswith(prefix):
                rest = rest[len(prefix) :]
                break
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[2]
    if not authority:
        raise TargetError("no_host", {"text": token})
    return scheme, authority


def _host_and_port(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        host, bracket, after = authority[1:].partition("]")
        if not bracket or ":" not in host or (after and not after.startswith(":")):
            raise TargetError("bad_host", {"host": authority})
        return host, after[1:]
    if authority.count(":") > 1 and "." not in authority.partition(":")[0]:
        return authority, ""
    host, _, port = authority.partition(":")
    if not host:
        raise TargetError("no_host", {"text": authority})
    return host, port


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise TargetError("bad_port", {"port": text})
    return int(text)


def _canonical_host(host: str) -> str:
    if ":" in host:
        return _ipv6(host)
    name = _ascii_name(host)
    labels = name.split(".")
    if _NUMBER.match(labels[-1]):
        # No top-level domain is a number, so resolvers read 127.1, 0x7f.1 and 2130706433 as
        # addresses (https://url.spec.whatwg.org/#ends-in-a-number-checker): only the plain
        # spelling is taken.
        try:
            return str(IPv4Address(name))
        except AddressValueError:
            raise TargetError("bad_host", {"host": host}) from None
    if len(name) > MAX_NAME:
        raise TargetError("bad_host", {"host": host})
    if any(len(label) > MAX_LABEL or not _LABEL.match(label) for label in labels):
        raise TargetError("bad_host", {"host": host})
    return name


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        raise TargetError("bad_host", {"host": host}) from None
    if address.scope_id is not None:
        raise TargetError("bad_host", {"host": host})
    return str(address.ipv4_mapped or address)


def _ascii_name(host: str) -> str:
    """A-labels (IDNA 2008 after the UTS 46 mapping, non-transitional: `faß.de` stays itself)."""
    if host.isascii():
        return host.lower().removesuffix(".")
    if len(host) > MAX_NAME:
        raise TargetError("bad_host", {"host": host})
    try:
        # Label by label: the idna package refuses underscores, which real hosts have.
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
        labels = [
            label if label.isascii() else idna.alabel(label).decode("ascii")
            for label in mapped.removesuffix(".").split(".")
        ]
    except (idna.IDNAError, UnicodeError):
        raise TargetError("bad_host", {"host": host}) from None
    return ".".join(labels).lower()


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
