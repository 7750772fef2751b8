"""Notices: who waits for another process' check is told when it is done.

One channel and one subscription a process, opened with the first waiter. A notice may be lost
(pub/sub keeps nothing), so a waiter always waits with a bound and then looks for itself; when the
subscription comes (back) to life, every waiter is woken to do so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from redis.exceptions import RedisError

from bot.store.connection import Connection, heed_cancellation

log = structlog.get_logger(__name__)

CHANNEL = "tlscheck:done"
SUBSCRIBE_SECONDS = 0.5
RECONNECT_SECONDS = 0.5


class Waiter:
    """Waits for notices of one key."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self._result_id = ""

    def wake(self, result_id: str) -> None:
        """Tell the waiter to look; `result_id` is empty when no result came of it."""
        self._result_id = result_id or self._result_id
        self._woken.set()

    async def wait(self, seconds: float) -> str | None:
        """Wait for a notice for at most `seconds`.

        Returns:
            The id of the result that the notice named, else None: look for yourself.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return None
        self._woken.clear()
        result_id, self._result_id = self._result_id, ""
        return result_id or None


class Notices:
    """The subscription of this process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiters: dict[str, set[Waiter]] = {}
        self._subscribed = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listen(self, key: str) -> AsyncIterator[Waiter]:
        """A waiter for `key`; what happens after the block was entered wakes it.

        Without a subscription (Redis is away) the block is entered all the same after a moment.
        """
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        waiter = Waiter()
        self._waiters.setdefault(key, set()).add(waiter)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(SUBSCRIBE_SECONDS):
                    await self._subscribed.wait()
            yield waiter
        finally:
            waiters = self._waiters[key]
            waiters.discard(waiter)
            if not waiters:
                del self._waiters[key]

    async def tell(self, key: str, result_id: str) -> None:
        """Wake the waiters for `key` of every process.

        Raises:
            StoreAwayError: Redis is away.
        """
        await self._connection.execute("PUBLISH", CHANNEL, f"{key} {result_id}")

    async def aclose(self) -> None:
        """End the subscription."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait((self._listener,))

    async def _listen(self) -> None:
        while True:
            try:
                await self._receive()
            except (RedisError, OSError, TimeoutError) as error:
                log.debug("subscription lost", error=str(error))
            except Exception:
                log.exception("subscription lost")
            self._subscribed.clear()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _receive(self) -> None:
        async with self._connection.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            while True:
                # Each turn also sends the health check of an idle connection when it is due.
                message = await pubsub.get_message(timeout=5.0)
                heed_cancellation()
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    self._subscribed.set()
                    self._wake_all()
                elif message["type"] == "message":
                    self._tell(message["data"])

    def _wake_all(self) -> None:
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.wake("")

    def _tell(self, data: bytes) -> None:
        key, _, result_id = data[:200].decode(errors="replace").partition(" ")
        for waiter in self._waiters.get(key, ()):
            waiter.wake(result_id)
