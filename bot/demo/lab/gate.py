"""A door in front of a TLS server: what is done about a ClientHello before the server sees it.

For servers and middleboxes that judge by the hello itself: its server name, its size.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from OpenSSL import SSL

from bot.demo.lab import wire
from bot.demo.lab.loopback import House
from bot.demo.lab.tls import TlsServer, TlsVisit

Refusal = bytes | Literal["reset", "silence"] | None
"""The bytes that are sent in place of an answer, or what is done; None lets the hello pass."""


@dataclass(frozen=True, slots=True)
class Gate:
    """`judge` sees the hello and its size on the wire."""

    behind: TlsServer
    judge: Callable[[wire.ClientHello, int], Refusal]

    def visits(self, house: House) -> Callable[[], asyncio.Protocol]:
        """What makes a protocol for each accepted connection."""
        context = self.behind.context()
        return lambda: _GateVisit(house, context, self)


class _GateVisit(TlsVisit):
    """One connection: held until the hello is whole, then passed on or refused."""

    def __init__(self, house: House, context: SSL.Context, gate: Gate) -> None:
        super().__init__(house, context, gate.behind)
        self._judge = gate.judge
        self._held = b""
        self._passed = False
        self._shut = False

    def data_received(self, data: bytes) -> None:
        if self._passed:
            super().data_received(data)
            return
        if self._shut:
            return
        self._held += data
        hello = wire.read_client_hello(self._held)
        if hello is None:
            return
        refusal = self._judge(hello, len(self._held))
        if refusal is None:
            self._passed = True
            super().data_received(self._held)
            return
        self._shut = True
        if refusal == "reset":
            self.reset()
        elif isinstance(refusal, bytes):
            self.transport.write(refusal)
            self.finish()
