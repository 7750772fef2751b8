"""Which software ends TLS at a server, by what was seen there. Pure.

Each entry of the table says what gives it away; here are the places where that is looked for. What
is read comes from outside: it is bounded here, and matched with patterns that take linear time.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import get_args

from bot.diagnosis.remedies.software.entry import Sign
from bot.diagnosis.remedies.software.table import SOFTWARE
from bot.diagnosis.report import Software
from bot.diagnosis.view import View

_ORDER: tuple[Sign, ...] = get_args(Sign)
_MOST_LINES = 60
_LONGEST_LINE = 200
# RFC 9110, 5.1: a field name is a token.
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,60}):[ \t]*([^\r\n]{0,200})")


def guess(view: View, aliases: Sequence[str] = ()) -> Software | None:
    """The software that serves what was seen; None when nothing gives it away.

    Args:
        view: The evidence of one address.
        aliases: The names that the host's own leads to (CNAME), in their order.
    """
    seen = list(_seen(view, aliases))
    for sign in _ORDER:
        for where, value in seen:
            code = _known(where, value) if where == sign else None
            if code is not None:
                return Software(code=code, evidence={"sign": sign, "value": value})
    return _by_address(view)


def _known(sign: Sign, value: str) -> str | None:
    found = [code for code, pattern in _patterns(sign) if pattern.search(value)]
    # The entry for old releases of a software stands behind that of the software itself.
    return found[-1] if found else None


@cache
def _patterns(sign: Sign) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (one.code, told.pattern) for one in SOFTWARE for told in one.signs if told.sign == sign
    )


def _seen(view: View, aliases: Sequence[str]) -> Iterator[tuple[Sign, str]]:
    for alias in aliases:
        yield "alias", alias.rstrip(".")[:_LONGEST_LINE]
    for name, value in _fields(view):
        yield "header", f"{name}: {value}"
        yield "application", f"{name}: {value}"
        if name == "server":
            yield "server", value
    leaf = view.leaf
    if leaf is not None:
        yield "issuer", leaf.issuer[:_LONGEST_LINE]
        yield "issuer", leaf.subject[:_LONGEST_LINE]
    seen = view.handshake
    if seen is not None:
        for line in (seen.greeting or seen.first_bytes).splitlines()[:_MOST_LINES]:
            yield "banner", line[:_LONGEST_LINE].decode("utf-8", "replace")
    if view.target.starttls is not None:
        yield "protocol", view.target.starttls


def _fields(view: View) -> Iterator[tuple[str, str]]:
    """The header fields of whatever answered in HTTP."""
    for seen in (view.head, view.asked, view.handshake):
        if seen is None:
            continue
        for said in (seen.reply, seen.first_bytes):
            if not said.startswith(b"HTTP/"):
                continue
            for line in said.splitlines()[1:_MOST_LINES]:
                if not line:
                    break
                field = _FIELD.match(line)
                if field is not None:
                    name, value = (one.decode("latin-1").strip() for one in field.groups())
                    yield name.lower(), value


def _by_address(view: View) -> Software | None:
    if view.handshake is None:
        return None
    address = view.handshake.address
    for code, network in _networks():
        if address in network:
            return Software(code=code, evidence={"sign": "address", "value": str(network)})
    return None


@cache
def _networks() -> tuple[tuple[str, IPv4Network | IPv6Network], ...]:
    return tuple((one.code, ip_network(text)) for one in SOFTWARE for text in one.networks)
