"""Socket Mode: Bolt over slack_sdk's WebSocket client, watched by what really arrives.

`is_connected()` of the client can be true while nothing comes any more (python-slack-sdk #1922,
#1940, #1529). So health is judged by hello, envelopes and pongs, and a watchdog replaces a
connection that never said hello or whose pongs have stopped.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from handlers.asking.ask import ARRIVED
from handlers.slack.measure import Measures
from handlers.slack.web import goes_straight

log = structlog.get_logger(__name__)

PING_SECONDS = 10.0
HELLO_SECONDS = 20.0
"""How long a new connection may stay without a hello."""
SILENT_SECONDS = 45.0
"""How long pongs may be missing: beyond what the client itself waits for (four pings)."""
RECONNECT_SECONDS = 60.0
LONGEST_PAUSE = 30.0

_KINDS = frozenset({"hello", "slash_commands", "interactive", "events_api", "disconnect"})


OnLost = Callable[[Mapping[str, Any], Mapping[str, Any]], Awaitable[None]]
"""Takes a payload and the acknowledgement's body that could not be sent on its connection."""


class Socket:
    """One Socket Mode connection, replaced as often as it takes."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        web: AsyncWebClient,
        measures: Measures,
        clock: Callable[[], datetime],
        *,
        on_lost: OnLost,
        ping_seconds: float = PING_SECONDS,
        hello_seconds: float = HELLO_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._app = app
        self._measures = measures
        self._clock = clock
        self._on_lost = on_lost
        self._hello_seconds = hello_seconds
        self._silent_seconds = silent_seconds
        self._check_seconds = min(1.0, hello_seconds / 4)
        self._client = SocketModeClient(
            app_token=app_token, web_client=web, ping_interval=ping_seconds
        )
        self._client.message_listeners.append(self._heard)
        self._client.socket_mode_request_listeners.append(self._handle)  # type: ignore[arg-type] # its own request listeners have this very form
        self._watch: asyncio.Task[None] | None = None
        self._session: object | None = None
        self._session_since = time.monotonic()
        self._greeted: object | None = None

    async def open(self, url: str) -> None:
        """Connect to a fresh address of apps.connections.open, and watch from now on."""
        host = urlsplit(url).hostname or ""
        if goes_straight(host):
            self._client.proxy = None
        self._client.wss_uri = url
        async with asyncio.timeout(RECONNECT_SECONDS):
            await self._client.connect()  # type: ignore[no-untyped-call] # slack_sdk gives it no types
        self._watch = asyncio.create_task(self._keep_watch(), name="socket-watch")

    def problem(self) -> str | None:
        """What is wrong with the connection, or None while hello and pongs are seen."""
        session = self._client.current_session
        if session is None or session.closed:
            return "not connected"
        if self._greeted is not session:
            return "no hello from Slack yet"
        pong = self._client.last_ping_pong_time
        if pong is not None and time.time() - pong > self._silent_seconds:
            return f"no pong for {time.time() - pong:.0f} s"
        return None

    async def aclose(self) -> None:
        """Close the connection and everything that belongs to it."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        tasks = [
            task
            for task in (
                self._client.message_processor,
                self._client.current_session_monitor,
                self._client.message_receiver,
            )
            if task is not None
        ]
        with suppress(Exception):
            async with asyncio.timeout(5):
                await self._client.close()  # type: ignore[no-untyped-call] # slack_sdk gives it no types
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _heard(self, _client: Any, message: dict[str, Any], _raw: str | None = None) -> None:
        kind = str(message.get("type"))
        self._measures.metrics.envelope_received(kind if kind in _KINDS else "other", self._clock())
        # Anything that comes in proves the connection; hello is what comes first.
        self._greeted = self._client.current_session
        if kind == "hello" and isinstance(count := message.get("num_connections"), int):
            self._measures.connections.set(count)

    async def _handle(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        arrived = asyncio.get_running_loop().time()
        session = self._client.current_session
        response = await self._app.async_dispatch(
            AsyncBoltRequest(
                mode="socket_mode",
                body=request.payload,
                headers=build_headers(request),
                context={ARRIVED: arrived},
            )
        )
        if session is self._client.current_session:
            try:
                await send_async_response(client, request, response, time.time())
            except (ConnectionError, aiohttp.ClientError):
                log.info("an acknowledgement met a closed connection")
            else:
                return
        # Slack knows the envelope on its own connection only, and commands are not sent again:
        # the answer takes the other way.
        body = body_of(response)
        if body:
            await self._on_lost(request.payload, body)

    async def _keep_watch(self) -> None:
        pause = self._check_seconds
        while True:
            await asyncio.sleep(pause)
            try:
                await self._look()
            except Exception as error:
                pause = min(pause * 2, LONGEST_PAUSE)
                log.warning("socket not replaced", reason=type(error).__name__, again_in=pause)
            else:
                pause = self._check_seconds

    async def _look(self) -> None:
        session = self._client.current_session
        now = time.monotonic()
        if session is not self._session:
            self._session, self._session_since = session, now
        if session is not None and session.closed:
            if now - self._session_since >= self._hello_seconds:
                # A reconnect under way tries one address for ever, and its ticket may be spent
                # (slack_sdk, SocketModeClient.connect): without one it asks for a fresh one.
                self._client.wss_uri = None
            # The client itself would notice with its next ping only.
            await self._replace("closed", force=False)
            return
        trouble = self.problem()
        if trouble is not None and now - self._session_since >= self._hello_seconds:
            self._session_since = now
            await self._replace(trouble, force=True)

    async def _replace(self, reason: str, *, force: bool) -> None:
        log.warning("replacing the Socket Mode connection", reason=reason)
        self._measures.reconnects.inc()
        self._client.last_ping_pong_time = None
        async with asyncio.timeout(RECONNECT_SECONDS):
            # Without force it waits for a reconnect that is under way and then does nothing.
            await self._client.connect_to_new_endpoint(force=force)


def body_of(response: BoltResponse) -> dict[str, Any]:
    """What an acknowledgement says; empty when it says nothing, or is none."""
    said = json.loads(response.body) if response.body.startswith("{") else {}
    return said if response.status == 200 and isinstance(said, dict) else {}
