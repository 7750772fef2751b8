"""A ClientHello by hand, for servers that our OpenSSL has no words for.

OpenSSL can no longer offer SSL 3, RC4, 3DES or export suites, so a server that has nothing else
only ever answers "handshake failure". This hello offers every suite that was ever registered for
TLS 1.2 and before, and the answer (which travels in the clear up to TLS 1.2) shows what the server
wanted. No handshake is completed with it: it only listens.
"""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from bot.diagnosis.proxy import Route
from bot.diagnosis.starttls import RefusedError
from bot.diagnosis.tunnel import TunnelError, open_stream

_MOST_BYTES = 128 * 1024
# Each is read from its start again: one that sends byte by byte would keep the loop busy.
_MOST_READS = 64
_ONE_READ = 16384
_PATIENCE = 3.0
_HANDSHAKE, _ALERT = 22, 21
_SERVER_HELLO, _CERTIFICATE, _SERVER_KEY_EXCHANGE = 2, 11, 12
_PADDING = 21
# Record header 5, handshake header 4, length of the extensions 2, header of the padding 4.
_HEADERS = 15

VERSION_NAMES = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2"}

# IANA TLS cipher suites that today's clients no longer offer, by the names people search for.
OLD_SUITES = {
    0x0001: "NULL-MD5",
    0x0002: "NULL-SHA",
    0x003B: "NULL-SHA256",
    0x0003: "EXP-RC4-MD5",
    0x0004: "RC4-MD5",
    0x0005: "RC4-SHA",
    0x0006: "EXP-RC2-CBC-MD5",
    0x0007: "IDEA-CBC-SHA",
    0x0008: "EXP-DES-CBC-SHA",
    0x0009: "DES-CBC-SHA",
    0x000A: "DES-CBC3-SHA",
    0x0011: "EXP-EDH-DSS-DES-CBC-SHA",
    0x0012: "EDH-DSS-DES-CBC-SHA",
    0x0013: "DHE-DSS-DES-CBC3-SHA",
    0x0014: "EXP-EDH-RSA-DES-CBC-SHA",
    0x0015: "EDH-RSA-DES-CBC-SHA",
    0x0016: "DHE-RSA-DES-CBC3-SHA",
    0x0017: "EXP-ADH-RC4-MD5",
    0x0018: "ADH-RC4-MD5",
    0x001A: "ADH-DES-CBC-SHA",
    0x001B: "ADH-DES-CBC3-SHA",
    0x0034: "ADH-AES128-SHA",
    0x003A: "ADH-AES256-SHA",
    0x006C: "ADH-AES128-SHA256",
    0x006D: "ADH-AES256-SHA256",
    0x00A6: "ADH-AES128-GCM-SHA256",
    0x00A7: "ADH-AES256-GCM-SHA384",
    0x008A: "PSK-RC4-SHA",
    0x008B: "PSK-3DES-EDE-CBC-SHA",
    0x008C: "PSK-AES128-CBC-SHA",
    0x008D: "PSK-AES256-CBC-SHA",
    0x00A8: "PSK-AES128-GCM-SHA256",
    0x00A9: "PSK-AES256-GCM-SHA384",
    0x00AE: "PSK-AES128-CBC-SHA256",
    0x00AF: "PSK-AES256-CBC-SHA384",
    0xCCAB: "PSK-CHACHA20-POLY1305",
    0xC006: "ECDHE-ECDSA-NULL-SHA",
    0xC007: "ECDHE-ECDSA-RC4-SHA",
    0xC008: "ECDHE-ECDSA-DES-CBC3-SHA",
    0xC010: "ECDHE-RSA-NULL-SHA",
    0xC011: "ECDHE-RSA-RC4-SHA",
    0xC012: "ECDHE-RSA-DES-CBC3-SHA",
    0xC015: "AECDH-NULL-SHA",
    0xC016: "AECDH-RC4-SHA",
    0xC017: "AECDH-DES-CBC3-SHA",
    0xC018: "AECDH-AES128-SHA",
    0xC019: "AECDH-AES256-SHA",
}

EVERY_OLD_SUITE = tuple(
    sorted({*OLD_SUITES, *range(0x002F, 0x0042), *range(0xC009, 0xC015), 0x00FF})
)
EVERY_SCHEME = b"\x04\x01\x05\x01\x06\x01\x04\x03\x05\x03\x06\x03\x02\x01\x02\x03\x08\x04"
# Those of RSA keys, RSASSA-PSS included, and suites that authenticate with one.
RSA_SCHEMES = b"\x04\x01\x05\x01\x06\x01\x02\x01\x08\x04\x08\x05\x08\x06"
RSA_SUITES = (
    0xC02F,
    0xC030,
    0xCCA8,
    0xC027,
    0xC028,
    0xC013,
    0xC014,
    0x009C,
    0x009D,
    0x002F,
    0x0035,
    0x00FF,
)
# Those that authenticate with an ECDSA key.
ECDSA_SUITES = (0xC02B, 0xC02C, 0xCCA9, 0xC023, 0xC024, 0xC009, 0xC00A)
# Ephemeral Diffie-Hellman over a prime, with an RSA certificate.
DHE_SUITES = (
    0x009E,
    0x009F,
    0xCCAA,
    0x0067,
    0x006B,
    0x0033,
    0x0039,
    0x0045,
    0x0088,
    0x0016,
    0x00FF,
)


@dataclass(frozen=True, slots=True)
class HelloAnswer:
    """What a server said to the hand-made hello. All None: it said nothing that is TLS."""

    version: str | None = None
    cipher: str | None = None
    alert: int | None = None
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    dh_bits: int | None = None


async def say_hello(
    address: IPv4Address | IPv6Address,
    port: int,
    *,
    route: Route,
    server_name: str | None,
    deadline: float,
    starttls: str | None = None,
    version: int = 0x0303,
    suites: Sequence[int] = EVERY_OLD_SUITE,
    schemes: bytes = EVERY_SCHEME,
    size: int = 0,
    until: Literal["certificate", "key"] = "certificate",
) -> HelloAnswer:
    """Send one hand-made ClientHello and read the server's first flight.

    Args:
        address: Where to connect; the caller has asked the egress policy.
        port: TCP port.
        route: The way there.
        server_name: Goes into SNI unless the hello is SSL 3.
        deadline: Moment of the loop's clock after which nothing more is waited for.
        starttls: The protocol to change over from.
        version: The highest version offered (RFC 5246, appendix E.1).
        suites: The cipher suites that are offered.
        schemes: The signature schemes that are offered (RFC 8446, 4.2.3).
        size: Padded to this many bytes (RFC 7685), when it would be shorter.
        until: Which message of the server's is enough.
    """
    loop = asyncio.get_running_loop()
    hello = client_hello(server_name, version, suites, schemes, size)
    received = bytearray()
    answer = HelloAnswer()
    try:
        async with (
            asyncio.timeout_at(min(deadline, loop.time() + _PATIENCE)),
            _line(address, port, route, starttls, server_name) as line,
        ):
            await line.send(hello)
            for _ in range(_MOST_READS):
                more = await line.receive()
                received += more
                answer = read_answer(bytes(received))
                enough = answer.chain if until == "certificate" else answer.dh_bits
                if not more or enough or answer.alert is not None:
                    break
                if len(received) > _MOST_BYTES:
                    break
    except (OSError, TunnelError, RefusedError):
        pass
    return answer


@dataclass(frozen=True, slots=True)
class _Line:
    """How bytes go out and come in."""

    send: Callable[[bytes], Awaitable[None]]
    receive: Callable[[], Awaitable[bytes]]


@asynccontextmanager
async def _line(
    address: IPv4Address | IPv6Address,
    port: int,
    route: Route,
    starttls: str | None,
    server_name: str | None,
) -> AsyncIterator[_Line]:
    """The connection on which TLS may begin."""
    loop = asyncio.get_running_loop()
    if route.proxy is None and starttls is None:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        # No transport, no protocol, no streams: these cost more than all the rest of it, and every
        # check makes such connections beside the first one.
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            await loop.sock_connect(connection, (str(address), port))
            yield _Line(
                partial(loop.sock_sendall, connection),
                partial(loop.sock_recv, connection, _ONE_READ),
            )
        return
    host = server_name or str(address)
    reader, writer, ahead = await open_stream(address, port, route, starttls=starttls, host=host)

    async def send(hello: bytes) -> None:
        writer.write(ahead.to_send + hello)
        await writer.drain()

    try:
        reader.feed_data(ahead.received)
        yield _Line(send, partial(reader.read, _ONE_READ))
    finally:
        writer.transport.abort()


def client_hello(
    server_name: str | None,
    version: int,
    offered: Sequence[int] = EVERY_OLD_SUITE,
    schemes: bytes = EVERY_SCHEME,
    size: int = 0,
) -> bytes:
    """The record with a ClientHello, by default one of every old suite (RFC 5246, 7.4.1.2)."""
    suites = b"".join(struct.pack("!H", one) for one in offered)
    body = struct.pack("!H", version) + os.urandom(32) + b"\x00"
    body += struct.pack("!H", len(suites)) + suites + b"\x01\x00"
    if version > 0x0300:
        extensions = b""
        if server_name is not None:
            name = server_name.encode("ascii")
            entry = b"\x00" + struct.pack("!H", len(name)) + name
            extensions += _extension(0, struct.pack("!H", len(entry)) + entry)
        extensions += _extension(10, b"\x00\x06\x00\x17\x00\x18\x00\x1d")
        extensions += _extension(11, b"\x01\x00")
        if version >= 0x0303:
            extensions += _extension(13, struct.pack("!H", len(schemes)) + schemes)
        missing = size - len(body) - len(extensions) - _HEADERS
        if missing > 0:
            extensions += _extension(_PADDING, bytes(missing))
        body += struct.pack("!H", len(extensions)) + extensions
    handshake = b"\x01" + struct.pack("!I", len(body))[1:] + body
    record_version = min(version, 0x0301)
    return struct.pack("!BHH", _HANDSHAKE, record_version, len(handshake)) + handshake


def read_answer(received: bytes) -> HelloAnswer:
    """Read the server's first flight as far as it has come; never raises."""
    handshake = b""
    alert: int | None = None
    at = 0
    while len(received) >= at + 5:
        kind, _, length = struct.unpack_from("!BHH", received, at)
        payload = received[at + 5 : at + 5 + length]
        if kind == _ALERT and len(payload) >= 2:
            alert = payload[1]
            break
        if kind != _HANDSHAKE:
            break
        handshake += payload
        at += 5 + length
    version = cipher = None
    suite = 0
    dh_bits: int | None = None
    chain: tuple[bytes, ...] = ()
    at = 0
    while len(handshake) >= at + 4:
        length = int.from_bytes(handshake[at + 1 : at + 4])
        message = handshake[at + 4 : at + 4 + length]
        if len(message) < length:
            break
        # version 2, random 32, session id with its length in one byte, suite 2, compression 1
        if handshake[at] == _SERVER_HELLO and len(message) >= 38 + max(message[34:35], default=0):
            number = int.from_bytes(message[:2])
            version = VERSION_NAMES.get(number, f"0x{number:04x}")
            suite = int.from_bytes(message[35 + message[34] : 37 + message[34]])
            cipher = OLD_SUITES.get(suite, f"0x{suite:04x}")
        elif handshake[at] == _CERTIFICATE:
            chain = _certificates(message)
        elif handshake[at] == _SERVER_KEY_EXCHANGE and suite in DHE_SUITES:
            # ServerDHParams begins with dh_p (RFC 5246, 7.4.3).
            prime = message[2 : 2 + int.from_bytes(message[:2])]
            dh_bits = int.from_bytes(prime).bit_length() or None
        at += 4 + length
    return HelloAnswer(version, cipher, alert, chain, dh_bits)


def knows_renegotiation(received: bytes) -> bool | None:
    """Whether a ServerHello up to TLS 1.2 carries renegotiation_info (RFC 5746, 3.4).

    Args:
        received: The first bytes of the server; None is the answer when its hello is not whole.
    """
    if len(received) < 9 or received[0] != _HANDSHAKE or received[5] != _SERVER_HELLO:
        return None
    message = received[9 : 9 + int.from_bytes(received[6:9])]
    if len(message) < max(38, int.from_bytes(received[6:9])):
        return None
    at = 38 + message[34] + 2
    while len(message) >= at + 4:
        if message[at : at + 2] == b"\xff\x01":
            return True
        at += 4 + int.from_bytes(message[at + 2 : at + 4])
    return False


def _certificates(message: bytes) -> tuple[bytes, ...]:
    found: list[bytes] = []
    at = 3
    while len(message) >= at + 3 and len(found) < 32:
        length = int.from_bytes(message[at : at + 3])
        found.append(message[at + 3 : at + 3 + length])
        at += 3 + length
    return tuple(found)


def _extension(number: int, body: bytes) -> bytes:
    return struct.pack("!HH", number, len(body)) + body
