"""Servers that follow a script over plain TCP: other protocols, resets, silence, odd TLS bytes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.demo.lab import wire
from bot.demo.lab.loopback import House, Visit

Ending = Literal["politely", "with-reset"]
Answer = Callable[[bytes], bytes | None]

_RECEIVE_LIMIT = 65_536


def _keep_silent(_: bytes) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True)
class ScriptServer:
    """What one address says.

    Attributes:
        answer: Maps all bytes received so far to the answer; None waits for more. After the
            answer the connection ends.
        greeting: What the server says before the client has said anything.
        ends: How the connection ends.
    """

    answer: Answer = _keep_silent
    greeting: bytes = b""
    ends: Ending = "politely"

    def visits(self, house: House) -> Callable[[], asyncio.Protocol]:
        """What makes a protocol for each accepted connection."""
        return lambda: _ScriptVisit(house, self)


def to_hello(answer: Callable[[wire.ClientHello], bytes]) -> Answer:
    """An answer to the whole ClientHello, or to what cannot be one."""

    def react(received: bytes) -> bytes | None:
        hello = wire.read_client_hello(received)
        return None if hello is None else answer(hello)

    return react


class _ScriptVisit(Visit):
    """One connection to a script."""

    def __init__(self, house: House, server: ScriptServer) -> None:
        super().__init__(house)
        self._server = server
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.write(self._server.greeting)

    def data_received(self, data: bytes) -> None:
        if self.finished:
            return
        self._received = (self._received + data)[:_RECEIVE_LIMIT]
        said = self._server.answer(self._received)
        if said is None:
            return
        self.transport.write(said)
        if self._server.ends == "with-reset":
            self.reset()
        else:
            self.finish()
