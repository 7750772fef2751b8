"""The HTTP doors: Slack's requests, and the questions of whoever runs the bot.

Everything that comes in is bounded in size and time before it is looked at. The signature is
checked by Bolt, over the raw body, before any listener sees it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow

from bot.metrics import CONTENT_TYPE
from bot.worker.fleet import Fleet
from handlers.asking.ask import ARRIVED
from handlers.install.workspaces import add_pages
from handlers.slack import limits
from handlers.slack.measure import Measures

log = structlog.get_logger(__name__)

BODY_SECONDS = 5.0

Problems = Callable[[], Awaitable[dict[str, str]]]
"""What cannot be used now, by name; empty when all is well."""


def web_app(
    app: AsyncApp | None,
    measures: Measures,
    problems: Problems,
    flow: AsyncOAuthFlow | None = None,
    fleet: Fleet | None = None,
) -> web.Application:
    """The web application.

    Args:
        app: Takes Slack's requests; None when they come over Socket Mode only.
        measures: What `/metrics` shows.
        problems: Asked by `/readyz`.
        flow: Installs into further workspaces; None: there is but one.
        fleet: The queues and workers, for `/metrics`; None: there are none.
    """

    async def events(app: AsyncApp, request: web.Request) -> web.Response:
        arrived = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = (await request.read()).decode()
            bolt_request = AsyncBoltRequest(
                body=body,
                query=request.query_string,
                headers=dict(request.headers),
                context={ARRIVED: arrived},
            )
        except web.HTTPRequestEntityTooLarge:
            return _refused(413, measures)
        except TimeoutError:
            return _refused(408, measures)
        except (ValueError, TypeError, AttributeError):
            # Bolt reads the body before it looks at the signature: this is not from Slack.
            return _refused(400, measures)
        answer = await app.async_dispatch(bolt_request)
        if answer.status != 200:
            measures.refused.labels(str(answer.status)).inc()
        return await to_aiohttp_response(answer)

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_request: web.Request) -> web.Response:
        found = await problems()
        return web.json_response(
            {"ready": not found, "problems": found}, status=503 if found else 200
        )

    async def metrics(_request: web.Request) -> web.Response:
        if fleet is not None:
            await fleet.look()
        return web.Response(body=measures.metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    made = web.Application(client_max_size=limits.REQUEST_BYTES)
    if app is not None:
        made.router.add_post("/slack/events", partial(events, app))
    if flow is not None:
        add_pages(made, flow)
    made.router.add_get("/healthz", healthz)
    made.router.add_get("/readyz", readyz)
    made.router.add_get("/metrics", metrics)
    return made


def _refused(status: int, measures: Measures) -> web.Response:
    measures.refused.labels(str(status)).inc()
    return web.Response(status=status)
