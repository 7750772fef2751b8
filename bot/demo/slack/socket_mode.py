"""The server side of Socket Mode: WebSockets that carry payloads in envelopes.

Source: Slack's document "Using Socket Mode" (hello, envelopes, acknowledgements, disconnect,
up to 10 connections, "a payload may be sent to any of them").
"""

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, WSMsgType, web

from bot.demo.slack.values import Json
from bot.demo.slack.workspace import APP, Workspace

MAX_CONNECTIONS = 10  # Slack: "Using Socket Mode", "up to 10 open WebSocket connections"
_HEARTBEAT = 10.0


class NoConnectionError(Exception):
    """There is no way to the bot: no socket is connected, or no request URL is known."""


@dataclass(eq=False, slots=True)
class _Link:
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    pending: dict[str, asyncio.Future[Json]] = field(default_factory=dict)
    leaving: bool = False


class SocketMode:
    """Every open connection, and the test's hands on them."""

    def __init__(self, workspace: Workspace) -> None:
        self.received: list[Json] = []
        """Every frame that clients sent, oldest first."""
        self.opened = 0
        """How many connections there have been in all."""
        self._workspace = workspace
        self._tickets: set[str] = set()
        self._links: list[_Link] = []
        self._turn = 0

    @property
    def num_connections(self) -> int:
        """How many clients are connected now, those that were told to leave not counted."""
        return sum(not link.leaving for link in self._links)

    def issue(self, base: str) -> str:
        """A WebSocket address that works once (apps.connections.open)."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"{base.replace('http', 'ws', 1)}link/?ticket={ticket}&app_id={APP}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="invalid ticket")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT)
        await socket.prepare(request)
        if self.num_connections >= MAX_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        link = _Link(socket, request.transport)
        self._links.append(link)
        self.opened += 1
        try:
            await socket.send_json(self._hello())
            self._workspace.changed()
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._take(link, frame.data)
        finally:
            self._links.remove(link)
            for waiting in link.pending.values():
                # Lost with its connection: commands and interactions are not sent again.
                waiting.cancel()
            self._workspace.changed()
        return socket

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.num_connections,
            "connection_info": {"app_id": APP},
            "debug_info": {
                "host": "stand-in",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
        }

    def _take(self, link: _Link, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            frame = None
        if not isinstance(frame, dict) or not isinstance(frame.get("envelope_id"), str):
            self._workspace.refuse("socket mode", "invalid_frame", ["not an acknowledgement"], text)
            return
        self.received.append(frame)
        waiting = link.pending.pop(frame["envelope_id"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    async def deliver(
        self,
        kind: str,
        payload: Json,
        *,
        accepts_response: bool,
        retry_attempt: int = 0,
        retry_reason: str = "",
    ) -> Json | str:
        """Send one envelope over any connection; return the acknowledgement's payload.

        Raises:
            NoConnectionError: Nobody is connected.
            TimeoutError: The connection went away before the acknowledgement.
        """
        links = [link for link in self._links if not link.leaving]
        if not links:
            raise NoConnectionError
        self._turn += 1
        link = links[self._turn % len(links)]
        envelope_id = secrets.token_hex(16)
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": accepts_response,
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry_attempt, "retry_reason": retry_reason}
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        link.pending[envelope_id] = waiting
        try:
            await link.socket.send_json(envelope)
            frame = await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if waiting.cancelled():
                raise TimeoutError from None
            raise
        except ConnectionError:
            raise TimeoutError from None
        finally:
            link.pending.pop(envelope_id, None)
        answer = frame.get("payload") or ""
        if answer and not accepts_response:
            self._workspace.refuse(
                "socket mode", "response_payload_not_accepted", [f"{kind} takes no payload"], frame
            )
        return answer if isinstance(answer, dict | str) else ""

    # --- the test's hands

    async def refresh(self, *, warning: bool = False, grace: float = 0.5) -> None:
        """Renew every connection as Slack does every few hours.

        Each client is told to leave (`refresh_requested`) and closed after `grace` seconds if it
        has not gone by itself. With `warning` the notice is sent that comes about 10 s ahead.
        """
        reason = "warning" if warning else "refresh_requested"
        links = list(self._links)
        for link in links:
            link.leaving = True
            with contextlib.suppress(ConnectionError):
                await link.socket.send_json(
                    {"type": "disconnect", "reason": reason, "debug_info": {"host": "stand-in"}}
                )
        deadline = asyncio.get_running_loop().time() + grace
        while any(link in self._links for link in links):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._workspace.next_change(self._workspace.revision)
        for link in links:
            await link.socket.close(code=WSCloseCode.GOING_AWAY)

    async def drop(self) -> None:
        """Cut every connection without a word, as a network does."""
        for link in list(self._links):
            link.leaving = True
            if link.transport is not None:
                link.transport.abort()

    async def aclose(self) -> None:
        """Close every connection politely."""
        for link in list(self._links):
            await link.socket.close(code=WSCloseCode.GOING_AWAY)
