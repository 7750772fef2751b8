"""Where the lab listens, and who owns what it opens: sockets, connections, timers.

Sessions with a client (`Visit`) belong to a `House`, which ends them all. Nothing here knows TLS.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

DISTINCT_NETWORK = "127.77.0.0/16"
"""Where the servers listen if the platform lets a program bind all of 127.0.0.0/8 (Linux does)."""
PLAIN_NETWORK = "127.0.0.1/32"

IDLE_SECONDS = 120.0
"""A client that neither finishes nor goes away is cut off after this long."""
LINGER_SECONDS = 2.0
"""How long the last bytes (an alert) may take to be read before the connection is torn down."""
_BACKLOG = 1024


@cache
def network() -> str:
    """The CIDR in which `bound_socket` hands out addresses on this machine."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.77.0.1", 0))
    except OSError:
        return PLAIN_NETWORK
    return DISTINCT_NETWORK


def bound_socket(number: int) -> socket.socket:
    """A TCP socket bound to a free port of the `number`th address of the lab's network.

    Raises:
        OSError: No port can be bound.
    """
    spread = network() == DISTINCT_NETWORK
    return bound_beside(
        f"127.77.{number // 250 % 250}.{number % 250 + 1}" if spread else "127.0.0.1"
    )


def bound_beside(address: str) -> socket.socket:
    """A TCP socket bound to a free port of an address of the lab's network.

    Raises:
        OSError: No port can be bound.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.bind((address, 0))
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


class House:
    """Owns the listening servers and every connection they accept."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._held: list[socket.socket] = []
        self._visits: set[Visit] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._empty = asyncio.Event()
        self._empty.set()

    async def listen(self, on: socket.socket, visits: Callable[[], asyncio.Protocol]) -> None:
        """Accept connections on a bound socket; each gets its own protocol from `visits`."""
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(visits, sock=on, backlog=_BACKLOG))

    def hold(self, bound: socket.socket) -> None:
        """Keep a socket that is bound and does not listen: its port refuses, and nobody gets it."""
        self._held.append(bound)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background, no longer than the house stands."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def enter(self, visit: "Visit") -> None:
        """A connection has been made; one that comes while the house closes is cut at once."""
        self._visits.add(visit)
        self._empty.clear()
        if self._closing:
            visit.abort()

    def leave(self, visit: "Visit") -> None:
        """A connection is gone."""
        self._visits.discard(visit)
        if not self._visits:
            self._empty.set()

    async def aclose(self) -> None:
        """Stop listening, cut every connection and wait until all sockets are closed."""
        self._closing = True
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for visit in list(self._visits):
            visit.abort()
        # A connection that is accepted but not yet announced is announced in the next turns.
        for _ in range(3):
            await asyncio.sleep(0)
        await self._empty.wait()
        for server in self._servers:
            await server.wait_closed()
        for bound in self._held:
            bound.close()


class Visit(asyncio.Protocol):
    """One connection: bounded in time, ended politely or rudely, known to its house."""

    transport: asyncio.Transport

    def __init__(self, house: House) -> None:
        self._house = house
        self._deadline: asyncio.TimerHandle | None = None
        self.finished = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter the house."""
        if not isinstance(transport, asyncio.Transport):
            msg = "a stream transport is needed"
            raise TypeError(msg)
        self.transport = transport
        self._house.enter(self)
        self._end_within(IDLE_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the house."""
        self.finished = True
        if self._deadline is not None:
            self._deadline.cancel()
        self._house.leave(self)

    def finish(self) -> None:
        """Say no more, and let the client read what was said.

        Closing at once while unread bytes of the client wait would make the kernel send RST, and
        the client would lose the alert that this lab is about.
        """
        if self.finished:
            return
        self.finished = True
        with contextlib.suppress(OSError):
            self.transport.write_eof()
        self._end_within(LINGER_SECONDS)

    def reset(self) -> None:
        """End the connection with RST."""
        self.finished = True
        raw = self.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def abort(self) -> None:
        """Drop the connection without another word."""
        self.transport.abort()

    def _end_within(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(seconds, self.transport.abort)
