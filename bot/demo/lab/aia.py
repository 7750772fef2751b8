"""The plain HTTP server that hands out CA certificates, as AIA addresses name them.

It serves what the authority publishes, and three addresses that are broken in the ways in which
such addresses break.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping

from aiohttp import web

from bot.demo.lab.authority import aia_address

DEAD = aia_address("moved-away")  # nobody publishes it: 404
SLOW = aia_address("slow")
TO_METADATA = aia_address("elsewhere")
METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"


@contextlib.asynccontextmanager
async def serve_aia(
    on: socket.socket, published: Mapping[str, bytes], seen: list[str]
) -> AsyncIterator[None]:
    """Serve the published certificates on a bound socket until the block ends.

    Args:
        on: Where to listen.
        published: Path to DER.
        seen: Takes the path of each request, in order.
    """
    ending = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        if SLOW.endswith(request.path):
            await ending.wait()
        if TO_METADATA.endswith(request.path):
            raise web.HTTPFound(METADATA)
        der = published.get(request.path)
        if der is None:
            raise web.HTTPNotFound
        return web.Response(body=der, content_type="application/pkix-cert")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    # A timeout of 0 would wait for ever; none is needed once the slow answers are let go.
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.SockSite(runner, on).start()
        yield
    finally:
        ending.set()
        await runner.cleanup()
