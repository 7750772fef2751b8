"""The way of a payload to the bot: signed over HTTP, or in an envelope over Socket Mode.

Here belong the delivery and its 3-second bound. What an acknowledgement means is the stand-in's.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, get_args
from urllib.parse import urlencode

import aiohttp

from bot.demo.slack.socket_mode import NoConnectionError, SocketMode
from bot.demo.slack.values import Delivery, Json, Outcome, Transport
from bot.demo.slack.workspace import TEAM

# "This confirmation must be received by Slack within 3000 milliseconds of the original request
# being sent" (Slack: "Slash commands"; the same in "Handling user interaction", "Events API").
ACK_SECONDS = 3.0

Kind = Literal["slash_commands", "interactive", "events_api"]
Choice = Literal["auto", "http", "socket", "alternate"]
CHOICES: tuple[Choice, ...] = get_args(Choice)


def signed_headers(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers that prove a request (Slack: "Verifying requests from Slack").

    The base string is `v0:timestamp:body`, its HMAC-SHA256 in hex follows `v0=`.
    """
    stamp = str(int(at.timestamp()))
    base = b":".join((b"v0", stamp.encode(), body))
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


class Courier:
    """Delivers payloads, and says what came back."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: SocketMode,
        *,
        signing_secret: str,
        events_url: str | None,
        ack_seconds: float = ACK_SECONDS,
    ) -> None:
        self.events_url = events_url
        self.transport: Choice = "auto"
        self.team = TEAM
        """Whose payloads these are: an app may be installed in several workspaces."""
        self._session = session
        self._socket = socket
        self._secret = signing_secret
        self._ack_seconds = ack_seconds
        self._last: Transport = "socket"

    @property
    def connected(self) -> bool:
        """Whether the bot holds a connection of Socket Mode."""
        return self._socket.num_connections > 0

    def choose(self, via: Choice | None = None) -> Transport:
        """The transport that the next payload takes.

        "auto" is what Slack does: an app in Socket Mode gets everything there. "alternate" takes
        turns when both ways are open.
        """
        via = via or self.transport
        if via in ("http", "socket"):
            return "http" if via == "http" else "socket"
        connected = self._socket.num_connections > 0
        if via == "alternate" and connected and self.events_url:
            self._last = "http" if self._last == "socket" else "socket"
            return self._last
        return "socket" if connected or not self.events_url else "http"

    async def deliver(
        self,
        kind: Kind,
        payload: Json,
        *,
        via: Choice | None = None,
        signed_at: datetime | None = None,
        retry_attempt: int = 0,
        retry_reason: str = "",
        accepts_response: bool = True,
    ) -> Delivery:
        """Send the payload and wait for its acknowledgement, 3 seconds at most; never raises."""
        payload = for_team(payload, self.team)
        transport = self.choose(via)
        started = time.monotonic()
        status: int | None = None
        body: Json | str = ""
        no_retry = False
        outcome: Outcome
        try:
            async with asyncio.timeout(self._ack_seconds):
                if transport == "socket":
                    body = await self._socket.deliver(
                        kind,
                        payload,
                        accepts_response=accepts_response,
                        retry_attempt=retry_attempt,
                        retry_reason=retry_reason,
                    )
                    status, outcome = 200, "ok"
                else:
                    status, body, no_retry = await self._post(
                        kind, payload, signed_at, retry_attempt, retry_reason
                    )
                    outcome = "ok" if 200 <= status < 300 else "dispatch_failed"
        except TimeoutError:
            outcome = "operation_timeout"
        except (aiohttp.ClientError, NoConnectionError, OSError):
            outcome = "dispatch_failed"
        return Delivery(
            kind=kind,
            transport=transport,
            payload=payload,
            outcome=outcome,
            status=status,
            body=body,
            seconds=time.monotonic() - started,
            retry_attempt=retry_attempt,
            retry_reason=retry_reason,
            no_retry=no_retry,
        )

    async def _post(
        self,
        kind: Kind,
        payload: Json,
        signed_at: datetime | None,
        retry_attempt: int,
        retry_reason: str,
    ) -> tuple[int, Json | str, bool]:
        if self.events_url is None:
            raise NoConnectionError
        body, content_type = encode(kind, payload)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (stand-in)"}
        # Receivers compare the timestamp with their own clock, so the real time is signed.
        headers |= signed_headers(self._secret, body, signed_at or datetime.now(UTC))
        if retry_attempt:
            # Slack: "Events API", errors and retries
            headers |= {
                "X-Slack-Retry-Num": str(retry_attempt),
                "X-Slack-Retry-Reason": retry_reason,
            }
        async with self._session.post(self.events_url, data=body, headers=headers) as response:
            text = await response.text()
            no_retry = response.headers.get("X-Slack-No-Retry") == "1"
            return response.status, parse_ack(response.headers, text), no_retry


def for_team(payload: Json, team: str) -> Json:
    """The payload with every mention of the stand-in's own team replaced."""
    if team == TEAM:
        return payload
    replaced: Json = json.loads(json.dumps(payload).replace(f'"{TEAM}"', json.dumps(team)))
    return replaced


def encode(kind: Kind, payload: Mapping[str, object]) -> tuple[bytes, str]:
    """Body and content type of a payload over HTTP.

    Commands are a form, interactions a form with one field `payload`, events JSON (Slack: "Slash
    commands", "Handling user interaction", "Events API").
    """
    form = "application/x-www-form-urlencoded"
    match kind:
        case "slash_commands":
            return urlencode(payload).encode(), form
        case "interactive":
            return urlencode({"payload": json.dumps(payload, ensure_ascii=False)}).encode(), form
        case "events_api":
            return json.dumps(payload, ensure_ascii=False).encode(), "application/json"


def parse_ack(headers: Mapping[str, str], text: str) -> Json | str:
    """The acknowledgement's body: an object when it is said to be JSON, else the text."""
    if headers.get("Content-Type", "").startswith("application/json"):
        try:
            body = json.loads(text)
        except ValueError:
            return text
        if isinstance(body, dict):
            return body
    return text
