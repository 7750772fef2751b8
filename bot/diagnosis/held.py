"""A connection whose handshake is done, kept for one question more: what software answers there.

The question goes over the connection that is open anyway: one round trip, and nothing more for the
server to accept. HTTP/2 (RFC 9113) is spoken where it was negotiated. Whoever forgets to close a
held connection loses nothing: it closes by itself.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, ResponseReceived, StreamReset
from h2.exceptions import ProtocolError
from OpenSSL import SSL

MOST_BYTES = 16 * 1024
"""Of what comes after the handshake; a head is some hundred bytes."""
HELD_SECONDS = 3.0
_READ = 4096


class Held:
    """One connection; `ask` may be called once."""

    def __init__(
        self, tls: SSL.Connection, transport: asyncio.Transport, close: Callable[[], None]
    ) -> None:
        self._tls = tls
        self._transport = transport
        self._close = close
        self._came = asyncio.Event()
        self._lost = False
        self._received = 0
        loop = asyncio.get_running_loop()
        self._end = loop.call_later(HELD_SECONDS, self.close)

    def feed(self, data: bytes) -> None:
        """What the server sends after the handshake."""
        self._received += len(data)
        if self._received > MOST_BYTES:
            self.close()
            return
        self._tls.bio_write(data)
        self._came.set()

    def lose(self) -> None:
        """The server is gone."""
        self._lost = True
        self._came.set()

    def close(self) -> None:
        """Close the connection; more than once does no harm."""
        self._end.cancel()
        if not self._lost:
            self.lose()
            self._close()

    async def ask(self, host: str, deadline: float) -> bytes:
        """Send `HEAD /`.

        Args:
            host: Whom the request names.
            deadline: Moment of the loop's clock after which nothing is waited for.

        Returns:
            The head of the answer as HTTP/1.1 would have it; empty when there was none in time.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(max(0.0, deadline - loop.time())):
                if self._tls.get_alpn_proto_negotiated() == b"h2":
                    return await self._ask_h2(host)
                return await self._ask_http1(host)
        except (TimeoutError, SSL.Error):
            return b""
        finally:
            self.close()

    async def _ask_http1(self, host: str) -> bytes:
        self._send(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii"))
        reply = b""
        while b"\r\n\r\n" not in reply and len(reply) < _READ:
            data = await self._read()
            if not data:
                break
            reply += data
        return reply[:_READ]

    async def _ask_h2(self, host: str) -> bytes:
        connection = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        connection.initiate_connection()
        connection.send_headers(
            1,
            [(":method", "HEAD"), (":scheme", "https"), (":authority", host), (":path", "/")],
            end_stream=True,
        )
        self._send(connection.data_to_send())
        while data := await self._read():
            try:
                events = connection.receive_data(data)
            except (ProtocolError, ValueError):
                return b""
            for event in events:
                if isinstance(event, ResponseReceived):
                    # The configuration has them decoded.
                    return _written(cast("list[tuple[str, str]]", event.headers))
                if isinstance(event, StreamReset | ConnectionTerminated):
                    return b""
            self._send(connection.data_to_send())
        return b""

    def _send(self, data: bytes) -> None:
        if data and not self._lost:
            self._tls.sendall(data)
            self._flush()

    async def _read(self) -> bytes:
        """What comes next; empty when nothing will."""
        while True:
            try:
                return self._tls.recv(_READ)
            except SSL.WantReadError:
                self._flush()
            except (SSL.ZeroReturnError, SSL.SysCallError):
                return b""
            if self._lost:
                return b""
            self._came.clear()
            await self._came.wait()

    def _flush(self) -> None:
        while not self._transport.is_closing():
            try:
                self._transport.write(self._tls.bio_read(65536))
            except SSL.WantReadError:
                return


def _written(headers: list[tuple[str, str]]) -> bytes:
    """The head in HTTP/1.1's form, for those who read that."""
    status = next((value for name, value in headers if name == ":status"), "")
    lines = [f"HTTP/2 {status}"]
    lines += [f"{name}: {value}" for name, value in headers if not name.startswith(":")]
    text = "\r\n".join(line.replace("\r", " ").replace("\n", " ") for line in lines)
    return text.encode("latin-1", "replace")[:_READ]
