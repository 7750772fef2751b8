"""What Debian builds on GnuTLS: gnutls-cli, wget and git, each led to the lab's addresses."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from tests.realclients.clients import PATIENCE, Seen, Server, each, run


async def gnutls_cli(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """`gnutls-cli host`, which says at the end whether it trusts the server."""
    file = folder / "roots.pem"
    file.write_bytes(roots)

    async def ask(server: Server) -> Seen:
        _, text = await run(
            *("gnutls-cli", f"--x509cafile={file}", f"--sni-hostname={server.host}"),
            *(f"--verify-hostname={server.host}", "--port", str(server.port or 443)),
            server.address or server.host,
            said=f"GET / HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n".encode(),
            bound=PATIENCE + 1,
        )
        return Seen("The certificate is trusted" in text and "HTTP/1.1 200" in text, text)

    return await each(servers, ask)


async def git(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """`git ls-remote https://host/`: any page is taken for an empty repository."""
    file = folder / "roots.pem"
    file.write_bytes(roots)

    async def ask(server: Server) -> Seen:
        port = server.port or 443
        place = f"{server.host}:{port}:{server.address}"
        status, text = await run(
            *("git", "-c", f"http.sslCAInfo={file}", "-c", "http.proxy="),
            *(("-c", f"http.curloptResolve={place}") if server.address else ()),
            *("ls-remote", f"https://{server.host}:{port}/"),
            bound=PATIENCE + 1,
        )
        # As it would be said of port 443.
        text = text.replace(f"{server.host}:{port}", server.host)
        text = text.replace(f"port {port}", "port 443")
        return Seen(status == 0, text)

    return await each(servers, ask)


async def wget(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """`wget https://host/` through a proxy that knows the way: it has no option for addresses."""
    file = folder / "roots.pem"
    file.write_bytes(roots)

    async def ask(server: Server) -> Seen:
        # Where nothing listens the proxy would answer in its place; so it goes there by itself.
        refused = server.address and not await listens(server)
        url = f"https://{server.address}:{server.port}/" if refused else f"https://{server.host}/"
        through = () if refused or not server.address else ("-e", f"https_proxy={proxy}")
        status, text = await run(
            *("wget", "--no-config", *through, f"--ca-certificate={file}", "--tries=1"),
            *(f"--timeout={PATIENCE}", "--server-response", "--no-hsts", "-O", "-", url),
            bound=PATIENCE + 1,
        )
        return Seen(status == 0 and "HTTP/1.1 200 OK" in text, text)

    async with open_proxy(servers) as proxy:
        return await each(servers, ask)


async def listens(server: Server) -> bool:
    """Whether anything takes connections there."""
    try:
        _, writer = await asyncio.open_connection(server.address, server.port)
    except OSError:
        return False
    writer.close()
    return True


@contextlib.asynccontextmanager
async def open_proxy(servers: Sequence[Server]) -> AsyncIterator[str]:
    """An HTTP proxy (CONNECT only) that leads each name to its server."""
    places = {one.host: (one.address, one.port) for one in servers if one.address}
    visits: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        if reader.exception() is None:
            with contextlib.suppress(OSError):
                writer.write_eof()
        else:
            # A reset arrives as one: without this it would be an ordinary end.
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        try:
            asked = await reader.readuntil(b"\r\n\r\n")
            host = asked.split()[1].decode().rpartition(":")[0]
            if host not in places:  # what a browser asks on its own account
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            above, below = await asyncio.open_connection(*places[host])
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(pump(above, writer), pump(reader, below))
            below.close()
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            writer.close()
            visits.discard(task)

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    try:
        yield "http://127.0.0.1:{1}/".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        for one in list(visits):
            one.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
