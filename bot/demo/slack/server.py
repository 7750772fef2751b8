"""The stand-in's server: every address on one loopback port, in one process."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp import web

from bot.demo.page.routes import HEADERS as PAGE_HEADERS
from bot.demo.page.routes import attach_page
from bot.demo.slack.courier import ACK_SECONDS, Choice, Courier
from bot.demo.slack.events import RETRY_PAUSES, Events
from bot.demo.slack.installs import Installations, authorize_page, cancelled
from bot.demo.slack.manifest import App
from bot.demo.slack.methods import ApiError, Desk
from bot.demo.slack.methods.files import MAX_UPLOAD, PROCESSING_SECONDS
from bot.demo.slack.response_urls import ResponseUrls
from bot.demo.slack.socket_mode import SocketMode
from bot.demo.slack.stand_in import StandIn
from bot.demo.slack.storage import attach_storage
from bot.demo.slack.triggers import Triggers
from bot.demo.slack.values import Channel, Lever, Panel, Try, User
from bot.demo.slack.web_api import WebApi, arguments, failure_response
from bot.demo.slack.workspace import DEFAULT_CHANNELS, DEFAULT_USERS, Clock, Workspace
from bot.texts import Lang

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SHUTDOWN_SECONDS = 1.0

CLIENT_ID = "0000000000.1111111111"
CLIENT_SECRET = "stand-in-client-secret"  # noqa: S105 - known to everybody, opens nothing

DEFAULT_HINTS = (
    ("/tlscheck ", "host: why does TLS fail there?"),
    ("/tlscheck help", "what it can do"),
)


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_slack(
    *,
    signing_secret: str,
    bot_token: str,
    app_token: str,
    app: App | None = None,
    clock: Clock = _now,
    events_url: str | None = None,
    users: Sequence[User] = DEFAULT_USERS,
    channels: Sequence[Channel] = DEFAULT_CHANNELS,
    tries: Sequence[Try] = (),
    hints: Sequence[tuple[str, str]] = DEFAULT_HINTS,
    locales: Sequence[str] = (),
    zones: Sequence[str] = (),
    levers: Sequence[Lever] = (),
    lang: Lang | None = None,
    strict: bool = True,
    transport: Choice = "auto",
    ack_seconds: float = ACK_SECONDS,
    retry_pauses: Sequence[float] = RETRY_PAUSES,
    processing_seconds: float = PROCESSING_SECONDS,
    port: int = 0,
) -> AsyncIterator[StandIn]:
    """Run a stand-in for Slack on loopback until the block ends.

    Args:
        signing_secret: Signs what is sent to `events_url`.
        bot_token: The token that Web API calls have to carry.
        app_token: The token of apps.connections.open (Socket Mode).
        app: What the app's manifest declares: scopes, events, shortcuts, tabs and steps are
            granted as it says. None: it may do everything and hears of everything.
        clock: The time of messages, trigger ids and response URLs. Signatures carry the real
            time, as the receiver's library compares it with its own clock.
        events_url: Where the bot takes commands, interactions and events over HTTP; may also be
            set later.
        users: The people; the first is "you" on the page.
        channels: The places.
        tries: What the page's panel offers.
        hints: What the page offers while a command is typed: the beginning of a command (with its
            final space where more follows), and what it does.
        locales: The languages that the page lets a person choose ("en-US", "ja-JP"); none: no
            choice is shown.
        zones: The time zones that the page lets a person choose.
        levers: What the page lets a person change outside of Slack.
        lang: The page's own language; None: that of the person who looks.
        strict: Whether unknown arguments fail a call, in place of a warning.
        transport: The way of payloads that name none.
        ack_seconds: How long an acknowledgement may take.
        retry_pauses: The seconds before each repetition of an event that was not acknowledged.
        processing_seconds: How long an uploaded file is looked at before it can stand in a block.
        port: The page's port; 0 takes a free one.
    """
    space = Workspace(clock=clock, users=users, channels=channels)
    socket, triggers = SocketMode(space), Triggers(clock)
    urls = ResponseUrls(space, strict=strict)
    # No limit of connections: a burst of commands leaves Slack all at once.
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
    )
    courier = Courier(
        session,
        socket,
        signing_secret=signing_secret,
        events_url=events_url,
        ack_seconds=ack_seconds,
    )
    courier.transport = transport
    installs = Installations(CLIENT_ID, CLIENT_SECRET)
    told = Events(space, courier, app, pauses=retry_pauses)
    desk = Desk(
        workspace=space,
        socket=socket,
        triggers=triggers,
        response_urls=urls,
        told=told,
        base=lambda: urls.base,
        strict=strict,
        app=app,
        installs=installs,
        processing_seconds=processing_seconds,
    )
    api = WebApi(desk, bot_token=bot_token, app_token=app_token)
    stand_in = StandIn(
        workspace=space,
        api=api,
        courier=courier,
        told=told,
        socket=socket,
        triggers=triggers,
        response_urls=urls,
        url="",
        panel=Panel(
            tries=tuple(tries),
            hints=tuple(hints),
            locales=tuple(locales),
            zones=tuple(zones),
            levers=tuple(levers),
            lang=lang,
        ),
        app=app,
        installs=installs,
        strict=strict,
    )
    served = web.Application(client_max_size=MAX_UPLOAD + 1024)
    served.add_routes(
        [
            web.route("*", "/api/{method}", api.handle),
            web.get("/link/", socket.handle),
            web.get("/oauth/v2/authorize", _authorize),
            web.get("/oauth/v2/approve", _approve(installs, clock)),
            web.get("/oauth/v2/cancel", _cancel),
            web.post("/commands/{team}/{token}", _respond(urls, api)),
            web.post("/actions/{team}/{token}", _respond(urls, api)),
        ]
    )
    attach_storage(served, desk, api)
    attach_page(served, stand_in)
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        address: tuple[Any, ...] = runner.addresses[0]
        urls.base = stand_in.url = f"http://127.0.0.1:{address[1]}/"
        yield stand_in
    finally:
        await told.aclose()
        await socket.aclose()
        await session.close()
        await runner.cleanup()


async def _authorize(request: web.Request) -> web.Response:
    return web.Response(
        text=authorize_page(request.query_string), content_type="text/html", headers=PAGE_HEADERS
    )


def _approve(installs: Installations, clock: Clock) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        try:
            target = installs.approve(request.query_string, clock())
        except LookupError as error:
            return web.Response(status=400, text=str(error))
        raise web.HTTPFound(target)

    return handle


async def _cancel(request: web.Request) -> web.Response:
    try:
        raise web.HTTPFound(cancelled(request.query_string))
    except LookupError as error:
        return web.Response(status=400, text=str(error))


def _respond(urls: ResponseUrls, api: WebApi) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        failure = api.take_failure("response_url")
        if failure is not None:
            return failure_response(failure)
        try:
            args = await arguments(request)
        except ApiError:
            return web.Response(status=400, text="invalid_payload")
        status, body = urls.use(request.match_info["token"], args)
        if isinstance(body, dict):
            return web.json_response(body, status=status)
        return web.Response(status=status, text=body)

    return handle
