"""HTTP proxies on loopback: a good one, and those that people meet on bad days."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from bot.diagnosis.proxy import Bypass, Proxies, parse_proxy

PROXY_SETTINGS = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")

Manner = Literal[
    "good",
    "silent",
    "closes",
    "garbage",
    "web-server",
    "denies",
    "bad-gateway",
    "gateway-timeout",
    "inspects",
]

_ANSWERS = {
    "garbage": b"220 mail.example ESMTP\r\n",
    "web-server": b"HTTP/1.1 405 Not Allowed\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n",
    "denies": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied",
    "bad-gateway": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    "gateway-timeout": b"HTTP/1.0 504 Gateway Time-out\r\n\r\n",
}
_LOGIN = (
    b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n'
)


@dataclass
class Running:
    """A proxy: where it listens, and the request lines that came."""

    port: int
    scheme: str = "http"
    login: str = ""
    asked: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What evidence calls it."""
        return f"{'https://' if self.scheme == 'https' else ''}127.0.0.1:{self.port}"

    def proxies(self, *, resolves: bool = False, bypass: Bypass | None = None) -> Proxies:
        """Settings that send everything through it."""
        login = f"{self.login}@" if self.login else ""
        proxy = parse_proxy(f"{self.scheme}://{login}127.0.0.1:{self.port}")
        return Proxies(proxy, proxy, bypass or Bypass(), resolves)


@asynccontextmanager
async def proxy(
    manner: Manner = "good",
    *,
    login: str | None = None,
    names: Mapping[str, tuple[str, int]] | None = None,
    tls: ssl.SSLContext | None = None,
    own: ssl.SSLContext | None = None,
) -> AsyncIterator[Running]:
    """Run one until the block ends.

    Args:
        manner: What it does when it is asked.
        login: `user:password` in Base64 that it demands.
        names: What it resolves itself: names and where they lead.
        tls: With what it answers in place of the server (for `inspects`).
        own: TLS of the proxy itself.
    """
    running = Running(0, "https" if own else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, EOFError):
            await answer(reader, writer)
        writer.close()
        tasks.discard(task)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.partition(b"\r\n")[0].decode()
        running.asked.append(line)
        running.heads.append(head)
        method, target, _ = line.split(" ")
        if login is not None and f"Proxy-Authorization: Basic {login}\r\n".encode() not in head:
            writer.write(_LOGIN)
            return
        if manner == "silent":
            await reader.read()
            return
        if manner == "closes":
            return
        if manner in _ANSWERS:
            writer.write(_ANSWERS[manner])
            await reader.read()
            return
        if method != "CONNECT":
            await fetch(target, head, writer)
            return
        host, _, port = target.rpartition(":")
        if manner == "inspects":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            assert tls is not None
            await writer.start_tls(tls)
            await reader.read()
            return
        place = (names or {}).get(host, (host.strip("[]"), int(port)))
        far_reader, far = await asyncio.open_connection(*place)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(relay(reader, far), relay(far_reader, writer))

    async def fetch(target: str, head: bytes, writer: asyncio.StreamWriter) -> None:
        host, _, path = target.removeprefix("http://").partition("/")
        far_reader, far = await asyncio.open_connection(*(names or {})[host])
        rest = head.partition(b"\r\n")[2]
        far.write(f"GET /{path} HTTP/1.1\r\nConnection: close\r\n".encode() + rest)
        writer.write(await far_reader.read())
        far.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while part := await reader.read(65536):
                writer.write(part)
            writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0, ssl=own)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
