"""TLS 1.2 and SSL 3.0 messages as bytes, for what no TLS library would send.

Just enough of RFC 5246: reading a ClientHello's cipher suites, and writing alerts, ServerHello,
Certificate and ServerHelloDone.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

SSL_3_0 = b"\x03\x00"
TLS_1_2 = b"\x03\x03"

HANDSHAKE_FAILURE = 40  # RFC 5246 section 7.2
PROTOCOL_VERSION = 70
INTERNAL_ERROR = 80
UNRECOGNIZED_NAME = 112  # RFC 6066 section 3
NO_APPLICATION_PROTOCOL = 120  # RFC 7301 section 3.2

_ALERT = 21
_HANDSHAKE = 22
_CLIENT_HELLO = 1
_SERVER_NAME = 0
_RECORD_LIMIT = 2**14
_RENEGOTIATION_INFO = b"\xff\x01\x00\x01\x00"  # RFC 5746: clients insist on it


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What the lab needs to know of a ClientHello; no suites when it could not be read."""

    cipher_suites: tuple[int, ...] = ()
    server_name: str | None = None
    extensions: tuple[int, ...] = ()


def read_client_hello(received: bytes) -> ClientHello | None:
    """The ClientHello at the start of a connection; None while bytes are missing."""
    message = b""
    rest = received
    while True:
        if rest and rest[0] != _HANDSHAKE:
            return ClientHello()
        if len(rest) < 5 or len(rest) < 5 + int.from_bytes(rest[3:5], "big"):
            return None
        end = 5 + int.from_bytes(rest[3:5], "big")
        message += rest[5:end]
        rest = rest[end:]
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big"):
            return _parse(message)


def _parse(message: bytes) -> ClientHello:
    # header 4, version 2, random 32, then the session id with its length in one byte
    if message[0] != _CLIENT_HELLO or len(message) < 39:
        return ClientHello()
    start = 39 + message[38]
    length = int.from_bytes(message[start : start + 2], "big")
    suites = message[start + 2 : start + 2 + length]
    extensions = dict(_extensions(message[start + 2 + length :]))
    name = extensions.get(_SERVER_NAME)
    return ClientHello(
        tuple(int.from_bytes(suites[i : i + 2], "big") for i in range(0, len(suites) - 1, 2)),
        # a list of one entry: length 2, type 1, length 2, the name (RFC 6066, 3)
        None if name is None else name[5:].decode("ascii", "replace"),
        tuple(extensions),
    )


def _extensions(rest: bytes) -> Iterator[tuple[int, bytes]]:
    # compression methods, then extensions: type 2, length 2
    at = 1 + int.from_bytes(rest[:1], "big") + 2
    while len(rest) >= at + 4:
        length = int.from_bytes(rest[at + 2 : at + 4], "big")
        yield int.from_bytes(rest[at : at + 2], "big"), rest[at + 4 : at + 4 + length]
        at += 4 + length


def alert(code: int, version: bytes = TLS_1_2) -> bytes:
    """A fatal alert record."""
    return _records(_ALERT, bytes((2, code)), version)


def server_flight(
    suite: int,
    certificates: Iterable[bytes],
    *,
    secure_renegotiation: bool = True,
    key_exchange: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """ServerHello, Certificate and ServerHelloDone of TLS 1.2 (RFC 5246 section 7.4).

    Args:
        suite: The cipher suite that the server chooses.
        certificates: DER or what passes for it, sent as it is.
        secure_renegotiation: Whether the extension of RFC 5746 is sent, the only one.
        key_exchange: Makes the ServerKeyExchange from the server's random; none is sent when None.
    """
    random = secrets.token_bytes(32)
    hello = (
        TLS_1_2
        + random
        + b"\x00"  # no session id
        + suite.to_bytes(2, "big")
        + b"\x00"  # no compression
        + (_vector(_RENEGOTIATION_INFO, 2) if secure_renegotiation else b"")
    )
    chain = _vector(b"".join(_vector(one, 3) for one in certificates), 3)
    parts = [(2, hello), (11, chain)]
    if key_exchange is not None:
        parts.append((12, key_exchange(random)))
    parts.append((14, b""))
    messages = b"".join(bytes((kind,)) + _vector(body, 3) for kind, body in parts)
    return _records(_HANDSHAKE, messages, TLS_1_2)


def _vector(content: bytes, length_bytes: int) -> bytes:
    return len(content).to_bytes(length_bytes, "big") + content


def _records(kind: int, payload: bytes, version: bytes) -> bytes:
    pieces = (payload[i : i + _RECORD_LIMIT] for i in range(0, len(payload), _RECORD_LIMIT))
    return b"".join(bytes((kind,)) + version + _vector(piece, 2) for piece in pieces)
