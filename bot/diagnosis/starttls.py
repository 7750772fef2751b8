"""How each protocol is asked to change over to TLS. Bytes in, bytes out, no sockets.

One generator a protocol: it yields what to send (perhaps nothing) and is sent what came; it
returns a `GoAhead`, or raises `RefusedError` when the server gives none.
"""

import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GoAhead:
    """TLS begins now: after `to_send`, and with what already came behind the go-ahead."""

    received: bytes = b""
    to_send: bytes = b""


Dialogue = Generator[bytes, bytes, GoAhead]
_Reading = Generator[bytes, bytes, tuple[bytes, bytes]]

_MOST_BYTES = 16 * 1024


class RefusedError(Exception):
    """The server does not change over to TLS; `reply` is what it said."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply[:200].decode("utf-8", "replace").strip())
        self.reply = reply


def _until(
    buffer: bytes, complete: Callable[[bytes], int | None], to_send: bytes = b""
) -> _Reading:
    """Send, then read until `complete` says where the reply ends; returns reply and rest."""
    while True:
        end = complete(buffer)
        if end is not None:
            return buffer[:end], buffer[end:]
        if len(buffer) > _MOST_BYTES:
            raise RefusedError(buffer)
        buffer += yield to_send
        to_send = b""


def _line(buffer: bytes) -> int | None:
    end = buffer.find(b"\n")
    return None if end < 0 else end + 1


def _numbered_reply(buffer: bytes) -> int | None:
    # SMTP, FTP: "250-more" goes on, "250 last" ends (RFC 5321, 4.2.1; RFC 959, 4.2).
    at = 0
    while (end := buffer.find(b"\n", at)) >= 0:
        line = buffer[at:end]
        if line[:3].isdigit() and line[3:4] != b"-":
            return end + 1
        at = end + 1
    return None


def _ask(buffer: bytes, command: bytes, complete: Callable[[bytes], int | None]) -> _Reading:
    return (yield from _until(buffer, complete, command))


def smtp(_host: str) -> Dialogue:
    """RFC 3207."""
    greeting, rest = yield from _until(b"", _numbered_reply)
    if not greeting.startswith(b"220"):
        raise RefusedError(greeting)
    offers, rest = yield from _ask(rest, b"EHLO tlscheck.invalid\r\n", _numbered_reply)
    if b"STARTTLS" not in offers.upper():
        raise RefusedError(offers)
    reply, rest = yield from _ask(rest, b"STARTTLS\r\n", _numbered_reply)
    if not reply.startswith(b"220"):
        raise RefusedError(reply)
    return GoAhead(rest)


def imap(_host: str) -> Dialogue:
    """RFC 9051, 6.2.1."""

    def tagged(buffer: bytes) -> int | None:
        at = 0
        while (end := buffer.find(b"\n", at)) >= 0:
            if buffer[at:end].startswith(b"a "):
                return end + 1
            at = end + 1
        return None

    greeting, rest = yield from _until(b"", _line)
    if not greeting.startswith(b"* "):
        raise RefusedError(greeting)
    reply, rest = yield from _ask(rest, b"a STARTTLS\r\n", tagged)
    if not reply.splitlines()[-1].upper().startswith(b"A OK"):
        raise RefusedError(reply)
    return GoAhead(rest)


def pop3(_host: str) -> Dialogue:
    """RFC 2595, 4."""
    return (yield from _greet_and_ask(b"+OK", b"STLS\r\n", b"+OK"))


def nntp(_host: str) -> Dialogue:
    """RFC 4642, 2.2."""
    return (yield from _greet_and_ask(b"20", b"STARTTLS\r\n", b"382"))


def _greet_and_ask(
    greeting: bytes,
    command: bytes,
    yes: bytes,
    complete: Callable[[bytes], int | None] = _line,
) -> Dialogue:
    said, rest = yield from _until(b"", complete)
    if not said.startswith(greeting):
        raise RefusedError(said)
    reply, rest = yield from _ask(rest, command, complete)
    if not reply.startswith(yes):
        raise RefusedError(reply)
    return GoAhead(rest)


def ftp(_host: str) -> Dialogue:
    """RFC 4217, 4."""
    return (yield from _greet_and_ask(b"220", b"AUTH TLS\r\n", b"234", _numbered_reply))


def sieve(_host: str) -> Dialogue:
    """RFC 5804, 2.2."""

    def response(buffer: bytes) -> int | None:
        at = 0
        while (end := buffer.find(b"\n", at)) >= 0:
            if buffer[at:end].upper().startswith((b"OK", b"NO", b"BYE")):
                return end + 1
            at = end + 1
        return None

    offers, rest = yield from _until(b"", response)
    if b'"STARTTLS"' not in offers.upper():
        raise RefusedError(offers)
    reply, rest = yield from _ask(rest, b"STARTTLS\r\n", response)
    if not reply.upper().startswith(b"OK"):
        raise RefusedError(reply)
    return GoAhead(rest)


def ldap(_host: str) -> Dialogue:
    """RFC 4511, 4.14.1: an ExtendedRequest for 1.3.6.1.4.1.1466.20037, answered with success."""

    def message(buffer: bytes) -> int | None:
        if len(buffer) < 2:
            return None
        if buffer[0] != 0x30:
            raise RefusedError(buffer)
        length, at = buffer[1], 2
        if length & 0x80:
            count = length & 0x7F
            if len(buffer) < 2 + count:
                return None
            length, at = int.from_bytes(buffer[2 : 2 + count]), 2 + count
        return at + length if len(buffer) >= at + length else None

    oid = b"1.3.6.1.4.1.1466.20037"
    operation = b"\x77" + bytes((len(oid) + 2,)) + b"\x80" + bytes((len(oid),)) + oid
    request = b"\x02\x01\x01" + operation
    reply, rest = yield from _ask(b"", b"\x30" + bytes((len(request),)) + request, message)
    code = reply.find(b"\x0a\x01")
    if b"\x78" not in reply or code < 0 or reply[code + 2 : code + 3] != b"\x00":
        raise RefusedError(reply)
    return GoAhead(rest)


def postgres(_host: str) -> Dialogue:
    """SSLRequest of the PostgreSQL protocol, answered with one letter: S or N."""
    reply, rest = yield from _ask(
        b"", struct.pack("!II", 8, 80877103), lambda buffer: 1 if buffer else None
    )
    if reply != b"S":
        raise RefusedError(reply + rest)
    return GoAhead(rest)


def mysql(_host: str) -> Dialogue:
    """SSLRequest of the MySQL protocol, after a server greeting that offers CLIENT_SSL."""

    def packet(buffer: bytes) -> int | None:
        if len(buffer) < 4:
            return None
        end = 4 + int.from_bytes(buffer[:3], "little")
        return end if len(buffer) >= end else None

    greeting, rest = yield from _until(b"", packet)
    version_end = greeting.find(b"\x00", 5)
    capabilities_at = version_end + 1 + 4 + 8 + 1
    if greeting[4:5] != b"\x0a" or version_end < 0 or len(greeting) < capabilities_at + 2:
        raise RefusedError(greeting[4:])
    client_ssl = 0x0800
    if not int.from_bytes(greeting[capabilities_at : capabilities_at + 2], "little") & client_ssl:
        raise RefusedError(b"the server does not offer CLIENT_SSL")
    protocol_41, secure_connection = 0x0200, 0x8000
    body = struct.pack("<IIB", client_ssl | protocol_41 | secure_connection, 1 << 24, 33) + bytes(
        23
    )
    # There is no reply: the server waits for the ClientHello.
    return GoAhead(rest, struct.pack("<I", len(body))[:3] + b"\x01" + body)


def xmpp(host: str) -> Dialogue:
    """RFC 6120, 5."""
    return (yield from _xmpp(host, "jabber:client"))


def xmpp_server(host: str) -> Dialogue:
    """The same between servers."""
    return (yield from _xmpp(host, "jabber:server"))


def _xmpp(host: str, namespace: str) -> Dialogue:

    def features(buffer: bytes) -> int | None:
        end = buffer.find(b"</stream:features>")
        if b"<stream:error" in buffer or b"<failure" in buffer:
            raise RefusedError(buffer)
        return None if end < 0 else end + len(b"</stream:features>")

    def answer(buffer: bytes) -> int | None:
        if b"<failure" in buffer:
            raise RefusedError(buffer)
        start = buffer.find(b"<proceed")
        end = buffer.find(b">", start)
        return None if start < 0 or end < 0 else end + 1

    opening = (
        "<?xml version='1.0'?><stream:stream "
        f"xmlns='{namespace}' xmlns:stream='http://etherx.jabber.org/streams' to='{host}' version='1.0'>"
    )
    offers, rest = yield from _ask(b"", opening.encode(), features)
    if b"urn:ietf:params:xml:ns:xmpp-tls" not in offers:
        raise RefusedError(offers)
    _, rest = yield from _ask(rest, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", answer)
    return GoAhead(rest)


DIALOGUES: dict[str, Callable[[str], Dialogue]] = {
    "smtp": smtp,
    "imap": imap,
    "pop3": pop3,
    "ftp": ftp,
    "ldap": ldap,
    "postgres": postgres,
    "mysql": mysql,
    "xmpp": xmpp,
    "xmpp-server": xmpp_server,
    "nntp": nntp,
    "sieve": sieve,
}
