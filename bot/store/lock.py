"""A lock over all processes, and the notice to those who wait for its holder.

The lock has an owner's token and an expiry: a holder that dies is replaced when the lease ends,
and one that lost its lock can neither extend nor release the next holder's
(https://valkey.io/topics/distributed-locks/). It saves work and guards nothing: in the worst case
two processes do the same check.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from bot.store.connection import Connection, Script, StoreAwayError
from bot.store.notice import CHANNEL

log = structlog.get_logger(__name__)

LEASE_SECONDS = 3.0

# A lock that somebody made without an expiry (PTTL -1) is given one: it would block for ever.
_TAKE = Script("""
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return -1 end
local left = redis.call('PTTL', KEYS[1])
if left < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) left = tonumber(ARGV[2]) end
return left
""")

_EXTEND = Script("""
if redis.call('TYPE', KEYS[1]).ok ~= 'string' or redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
""")

_RELEASE = Script("""
if redis.call('TYPE', KEYS[1]).ok == 'string' and redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return redis.call('PUBLISH', ARGV[2], ARGV[3])
""")


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody else holds the lock; without a sign of life it ends in so many seconds."""

    seconds_left: float


class Lock:
    """A lock that is held."""

    def __init__(self, connection: Connection, key: str, token: str, lease_seconds: float) -> None:
        self._connection = connection
        self._key = key
        self._token = token
        self._lease_seconds = lease_seconds

    @property
    def _name(self) -> str:
        return _name(self._key)

    async def extend(self) -> bool:
        """Whether the lock is still ours; if so, its lease starts anew.

        Raises:
            StoreAwayError: Redis is away.
        """
        lease = int(self._lease_seconds * 1000)
        return bool(await self._connection.run(_EXTEND, [self._name], self._token, lease))

    async def release(self, result_id: str = "") -> None:
        """Give the lock back and tell the waiters, with the result's id when there is one.

        Raises:
            StoreAwayError: Redis is away; the lease ends by itself.
        """
        notice = f"{self._key} {result_id}"
        await self._connection.run(_RELEASE, [self._name], self._token, CHANNEL, notice)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Extend the lease until the end of the block, which does not release the lock."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            try:
                if not await self.extend():
                    log.warning("lock lost while working", key=self._key)
                    return
            except StoreAwayError:
                continue


class Locks:
    """Taking locks."""

    def __init__(self, connection: Connection, lease_seconds: float = LEASE_SECONDS) -> None:
        self._connection = connection
        self._lease_seconds = lease_seconds

    async def take(self, key: str) -> Lock | Busy:
        """Take the lock of `key` if nobody holds it.

        Raises:
            StoreAwayError: Redis is away.
        """
        token = secrets.token_hex(16)
        lease = int(self._lease_seconds * 1000)
        left = int(await self._connection.run(_TAKE, [_name(key)], token, lease))
        if left == -1:
            return Lock(self._connection, key, token, self._lease_seconds)
        return Busy(left / 1000)


def _name(key: str) -> str:
    return f"tlscheck:lock:{key}"
