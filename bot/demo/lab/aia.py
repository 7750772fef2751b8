"""The plain HTTP server that hands out CA certificates, OCSP responses and a CRL.

It serves what the authority publishes, and three addresses that are broken in the ways in which
such addresses break.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from aiohttp import web

from bot.demo.lab.authority import Authority, aia_address
from bot.demo.lab.responder import (
    CRL_PATH,
    LATE_OCSP,
    LATE_SECONDS,
    OCSP_PATH,
    ROOT_CRL_PATH,
    SLOW_OCSP,
    answer_ocsp,
    crl,
    root_crl,
)

DEAD = aia_address("moved-away")  # nobody publishes it: 404
SLOW = aia_address("slow")
TO_METADATA = aia_address("elsewhere")
METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"


@contextlib.asynccontextmanager
async def serve_aia(
    on: socket.socket, authority: Authority, seen: list[str]
) -> AsyncIterator[None]:
    """Serve the published certificates on a bound socket until the block ends.

    Args:
        on: Where to listen.
        authority: Whose certificates are handed out, and who answers for them.
        seen: Takes the path of each request, in order.
    """
    ending = asyncio.Event()
    published = authority.published()

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        if SLOW.endswith(request.path):
            await ending.wait()
        if TO_METADATA.endswith(request.path):
            raise web.HTTPFound(METADATA)
        if request.path == CRL_PATH:
            return web.Response(body=crl(authority), content_type="application/pkix-crl")
        if request.path == ROOT_CRL_PATH:
            return web.Response(body=root_crl(authority), content_type="application/pkix-crl")
        der = published.get(request.path)
        if der is None:
            raise web.HTTPNotFound
        return web.Response(body=der, content_type="application/pkix-cert")

    async def answer_status(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        kind = request.path.removeprefix(OCSP_PATH)
        asked = await request.read()
        if kind == SLOW_OCSP:
            await ending.wait()
        if kind == LATE_OCSP:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LATE_SECONDS):
                    await ending.wait()
        try:
            der = answer_ocsp(authority, kind, asked)
        except ValueError as error:
            raise web.HTTPBadRequest from error
        return web.Response(body=der, content_type="application/ocsp-response")

    app = web.Application()
    app.router.add_post(OCSP_PATH + "{kind}", answer_status)
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
