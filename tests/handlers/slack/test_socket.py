"""Socket Mode judged by what arrives, against a server that misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bot.metrics import Metrics
from handlers.slack.measure import Measures
from handlers.slack.socket import Socket
from handlers.slack.web import open_session, web_client
from tests.handlers.waiting import until


class Server:
    """apps.connections.open and WebSockets; `silent` connections never say hello."""

    def __init__(self) -> None:
        self.silent = True
        self.opened = 0
        self.port = 0
        self.issued = 0
        self.failing = 0
        self.spent: set[str] = set()
        self.links: list[web.WebSocketResponse] = []

    async def open(self, _request: web.Request) -> web.Response:
        """The method's answer."""
        self.issued += 1
        url = f"ws://127.0.0.1:{self.port}/link?ticket={self.issued}"
        return web.json_response({"ok": True, "url": url})

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        """One connection: it answers pings, whatever else it does."""
        ticket = request.query.get("ticket", "")
        if ticket in self.spent or self.failing:
            self.failing = max(self.failing - 1, 0)
            self.spent.add(ticket)
            raise web.HTTPForbidden
        self.spent.add(ticket)
        link = web.WebSocketResponse()
        await link.prepare(request)
        self.links.append(link)
        self.opened += 1
        if not self.silent:
            await link.send_json({"type": "hello", "num_connections": 1})
        async for _message in link:
            pass
        return link


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server on a free port."""
    made = Server()
    app = web.Application()
    app.router.add_post("/api/apps.connections.open", made.open)
    app.router.add_get("/link", made.link)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


async def not_lost(payload: object, body: object) -> None:
    """No acknowledgement is sent in these tests."""
    raise AssertionError(payload, body)


@asynccontextmanager
async def open_socket(server: Server, *, hello_seconds: float) -> AsyncIterator[Socket]:
    """A Socket at that server."""
    measures = Measures(Metrics())
    api_url = f"http://127.0.0.1:{server.port}/api/"
    async with open_session(api_url) as session:
        web_api = web_client("xoxb", api_url, session, measures)
        socket = Socket(
            AsyncApp(token="xoxb", signing_secret="x"),
            "xapp",
            web_api,
            measures,
            lambda: datetime.now(UTC),
            on_lost=not_lost,
            ping_seconds=0.2,
            hello_seconds=hello_seconds,
        )
        try:
            await socket.open(f"ws://127.0.0.1:{server.port}/link")
            yield socket
        finally:
            await socket.aclose()


async def test_a_connection_without_hello_is_not_healthy_and_is_replaced(server: Server) -> None:
    """Pings and pongs go well all the time: that is not what counts."""
    async with open_socket(server, hello_seconds=0.3) as socket:
        assert socket.problem() == "no hello from Slack yet"
        await until(lambda: server.opened >= 2)
        server.silent = False
        await until(lambda: socket.problem() is None)


async def test_an_address_whose_ticket_is_spent_is_not_tried_for_ever(server: Server) -> None:
    """The reconnect fails once; a fresh address is asked for, and the connection is back."""
    server.silent = False
    async with open_socket(server, hello_seconds=0.4) as socket:
        await until(lambda: socket.problem() is None)
        server.failing = 1
        await server.links[0].close()
        await until(lambda: server.opened >= 2 and socket.problem() is None)
        assert server.failing == 0


async def test_a_greeted_connection_is_left_alone(server: Server) -> None:
    """The watchdog replaces nothing that works."""
    server.silent = False
    async with open_socket(server, hello_seconds=0.1) as socket:
        await until(lambda: socket.problem() is None)
        # Some rounds of the watchdog.
        for _ in range(20):
            await asyncio.sleep(0.02)
        assert server.opened == 1


async def test_a_closed_socket_leaves_nothing_running(server: Server) -> None:
    """Every task of the client and of ours has ended."""
    before = asyncio.all_tasks()
    async with open_socket(server, hello_seconds=1.0):
        pass
    await until(
        lambda: not any("Socket" in str(one.get_coro()) for one in asyncio.all_tasks() - before)
    )
