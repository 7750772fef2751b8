"""Through a proxy to a server: CONNECT as a dialogue, and opening the connection that it needs.

The dialogue has the shape of those in `starttls`: bytes in, bytes out, no sockets.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from errno import ECONNREFUSED
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from bot.diagnosis.fault import Fault, FaultKind
from bot.diagnosis.proxy import Proxy, Route
from bot.diagnosis.starttls import DIALOGUES, Dialogue, GoAhead

_MOST_BYTES = 16 * 1024
# A status line (RFC 9112, 4); the reason is optional, and some leave its space out, too.
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: ([^\r\n]*))?\r?\n")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")

_Protocol = TypeVar("_Protocol", bound=asyncio.BaseProtocol)


class TunnelError(Exception):
    """The proxy does not lead to the server; `fault` says how."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def connect(route: Route, address: IPv4Address | IPv6Address, port: int) -> Dialogue:
    """Ask the route's proxy for a connection (RFC 9110, 9.3.6).

    Raises:
        TunnelError: The proxy gives none.
    """
    host = route.name or (f"[{address}]" if address.version == 6 else str(address))
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}", "User-Agent: tlscheck"]
    if route.proxy is not None and route.proxy.authorization is not None:
        lines.append(f"Proxy-Authorization: {route.proxy.authorization}")
    buffer = yield "\r\n".join((*lines, "", "")).encode("ascii")
    while (end := _end_of_head(buffer)) is None:
        if len(buffer) > _MOST_BYTES or buffer[:7] != b"HTTP/1."[: len(buffer)]:
            raise TunnelError(Fault("proxy_strange", _shown(buffer)))
        buffer += yield b""
    status = _STATUS.match(buffer)
    if status is None:
        raise TunnelError(Fault("proxy_strange", _shown(buffer)))
    number = int(status[1])
    if 200 <= number < 300:
        # Whatever Content-Length says: there is no body (RFC 9110, 9.3.6).
        return GoAhead(buffer[end:])
    raise TunnelError(Fault(_kind(number), _shown(buffer)))


def _end_of_head(buffer: bytes) -> int | None:
    ends = [at + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := buffer.find(mark)) >= 0]
    return min(ends, default=None)


def _kind(status: int) -> FaultKind:
    if status == 407:
        return "proxy_login"
    # What a web server says that is no proxy: it does not know the method, or the "page".
    if status in (400, 404, 405, 501) or status < 400:
        return "proxy_strange"
    if status < 500:
        return "proxy_denied"
    return "proxy_gateway_timeout" if status == 504 else "proxy_bad_gateway"


def _shown(buffer: bytes) -> str:
    """The first line, or the status without its version."""
    line = buffer.lstrip().partition(b"\n")[0].decode("ascii", "replace").strip()
    return _UNPRINTABLE.sub("?", re.sub(r"^HTTP/1\.[01] ", "", line))[:100]


def ahead_of_tls(
    route: Route, address: IPv4Address | IPv6Address, port: int, starttls: str | None, host: str
) -> Dialogue | None:
    """Everything that is said before TLS begins, as one dialogue; None when that is nothing."""
    dialogues = []
    if route.proxy is not None:
        dialogues.append(connect(route, address, port))
    if starttls is not None:
        dialogues.append(DIALOGUES[starttls](host))
    return _in_turn(*dialogues) if dialogues else None


def _in_turn(*dialogues: Dialogue) -> Dialogue:
    received, to_send = b"", b""
    for dialogue in dialogues:
        try:
            to_send += next(dialogue)
            while True:
                if not received:
                    received = yield to_send
                    to_send = b""
                heard, received = received, b""
                to_send += dialogue.send(heard)
        except StopIteration as ended:
            go_ahead: GoAhead = ended.value
            received, to_send = go_ahead.received, to_send + go_ahead.to_send
    return GoAhead(received, to_send)


async def open_connection(
    factory: Callable[[], _Protocol],
    address: IPv4Address | IPv6Address,
    port: int,
    route: Route,
) -> asyncio.Transport:
    """Open the TCP connection: to the address itself, or to the proxy that leads there.

    Args:
        factory: Makes the connection's protocol.
        address: Where to connect; the caller has asked the egress policy.
        port: TCP port.
        route: The way there.

    Raises:
        OSError: There is no connection; `fault_of_opening` says what that means.
    """
    loop = asyncio.get_running_loop()
    proxy = route.proxy
    if proxy is None:
        transport, _ = await loop.create_connection(factory, str(address), port)
        return transport
    # The operator named the proxy: its name is looked up as every other program here does.
    transport, _ = await loop.create_connection(
        factory,
        proxy.host,
        proxy.port,
        ssl=proxy.tls,
        server_hostname=proxy.host if proxy.tls is not None else None,
        happy_eyeballs_delay=0.25,
    )
    return transport


async def open_stream(
    address: IPv4Address | IPv6Address,
    port: int,
    route: Route,
    *,
    starttls: str | None,
    host: str,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, GoAhead]:
    """A stream on which TLS may begin: the proxy and the plain protocol are behind us.

    Whoever asks aborts the writer's transport. The go-ahead holds what is to be sent first and what
    already came.

    Raises:
        OSError: There is no connection.
        TunnelError: The proxy gives none.
        RefusedError: The server does not change over to TLS.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = await open_connection(lambda: protocol, address, port, route)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    try:
        return (
            reader,
            writer,
            await _drive(ahead_of_tls(route, address, port, starttls, host), reader, writer),
        )
    except BaseException:
        transport.abort()
        raise


async def _drive(
    dialogue: Dialogue | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> GoAhead:
    if dialogue is None:
        return GoAhead()
    try:
        to_send = next(dialogue)
        while True:
            writer.write(to_send)
            heard = await reader.read(_MOST_BYTES)
            if not heard:
                raise ConnectionResetError
            to_send = dialogue.send(heard)
    except StopIteration as ended:
        go_ahead: GoAhead = ended.value
        return go_ahead


def fault_of_opening(error: OSError, proxy: Proxy | None) -> Fault:
    """What it means that `open_connection` failed, and whose fault it is."""
    reason = error.strerror or str(error) or type(error).__name__
    if proxy is not None and isinstance(error, socket.gaierror):
        return Fault("proxy_unknown", reason)
    if proxy is not None and isinstance(error, ssl.SSLError):
        said = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else reason
        return Fault("proxy_tls", said)
    if isinstance(error, TimeoutError):
        return Fault("proxy_timeout" if proxy else "connect_timeout", "Connection timed out")
    # With several addresses asyncio puts the errors into one text.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {ECONNREFUSED}]" in reason:
        return Fault("proxy_refused" if proxy else "refused", "Connection refused")
    if isinstance(error, ConnectionResetError):
        return Fault("proxy_closed" if proxy else "reset", "Connection reset by peer")
    return Fault("proxy_no_route" if proxy else "no_route", reason)
