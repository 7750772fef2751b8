"""A TCP relay that delays, so that a server on loopback can be measured as if it were far away."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable

from bot.demo.lab.loopback import House, Visit, bound_socket

_RELAY_NUMBER = 62_000  # 127.77.248.1: apart from the lab's own servers
_QUEUED_LIMIT = 4 * 2**20


@contextlib.asynccontextmanager
async def open_relay(
    target: tuple[str, int], *, delay: float = 0.025
) -> AsyncIterator[tuple[str, int]]:
    """Relay TCP connections to `target`, every byte `delay` seconds later, until the block ends.

    Delayed: each byte and each end of stream, each way, independently (many chunks travel at
    once, so throughput stays); and the TCP handshake, as far as it can be: the client's first
    bytes arrive no earlier than three delays after the connection was made, and so does the
    connection at the server, as if SYN, SYN-ACK and ACK had travelled. A full check thus lasts as
    long as over a real path with a round trip of two delays.

    Not delayed: `connect()` itself returns at once (the kernel answers for the relay; the time is
    added to the first flight), as do TCP acknowledgements, and a refusal by the target looks like
    a connection that closes. Bandwidth, loss and slow start are not imitated.

    Args:
        target: Where to connect to.
        delay: Seconds one way.

    Yields:
        The address and port of the relay.

    Raises:
        OSError: No loopback port can be bound.
    """
    house = House()
    bound = bound_socket(_RELAY_NUMBER)
    address: tuple[str, int] = bound.getsockname()
    try:
        await house.listen(bound, lambda: _Near(house, target, delay))
        yield address
    finally:
        await house.aclose()


class _End(Visit):
    """One of the two connections of a relayed one; what it receives goes to `other`, later."""

    def __init__(self, house: House, delay: float) -> None:
        super().__init__(house)
        self._delay = delay
        self._timer: asyncio.TimerHandle | None = None
        self._queue: deque[tuple[float, Callable[[], None], int]] = deque()
        self._queued = 0
        self._heard_eof = False
        self._said_eof = False
        self._aborted = False
        self.earliest = 0.0
        self.other: _End | None = None

    def data_received(self, data: bytes) -> None:
        self._later(lambda: self._pass_on(data), len(data))

    def eof_received(self) -> bool:
        self._heard_eof = True
        self._later(self._pass_on_eof, 0)
        return True  # the other direction stays open

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._later(self._hang_up if exc is None else self._break_off, 0)

    def abort(self) -> None:
        self._aborted = True
        if self._timer is not None:
            self._timer.cancel()
        self._queue.clear()
        super().abort()

    def start(self) -> None:
        """Deliver what has become due, now that there is another end."""
        if self._queue and self._timer is None:
            self._schedule()

    def _later(self, action: Callable[[], None], size: int) -> None:
        if self._aborted:
            return
        due = max(asyncio.get_running_loop().time() + self._delay, self.earliest)
        self._queue.append((due, action, size))
        self._queued += size
        if self._queued > _QUEUED_LIMIT:
            self.transport.pause_reading()
        if self.other is not None:
            self.start()

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._queue[0][0], self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        # The loop may wake up to one clock tick early.
        while self._queue and self._queue[0][0] <= now + 0.0005:
            _, action, size = self._queue.popleft()
            self._queued -= size
            action()
        if self._queued <= _QUEUED_LIMIT and not self.transport.is_closing():
            self.transport.resume_reading()
        if self._queue:
            self._schedule()

    def _pass_on(self, data: bytes) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.write(data)

    def _pass_on_eof(self) -> None:
        if self.other is None or self.other.transport.is_closing():
            return
        # A client that is already gone has nothing to be told.
        with contextlib.suppress(OSError):
            self.other.transport.write_eof()
        self.other._said_eof = True
        for end in (self, self.other):
            if end._said_eof and end._heard_eof:
                end.transport.close()

    def _hang_up(self) -> None:
        if self.other is not None:
            self.other.transport.close()

    def _break_off(self) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.reset()


class _Near(_End):
    """The client's side: it dials the target after the time that a TCP handshake would take."""

    def __init__(self, house: House, target: tuple[str, int], delay: float) -> None:
        super().__init__(house, delay)
        self._target = target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.earliest = asyncio.get_running_loop().time() + 3 * self._delay
        if not transport.is_closing():
            self._house.spawn(self._dial())

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self.earliest - loop.time())
        try:
            _, far = await loop.create_connection(
                lambda: _End(self._house, self._delay), *self._target
            )
        except OSError:
            self.transport.close()
            return
        far.other = self
        self.other = far
        self.start()
        far.start()
