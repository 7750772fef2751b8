"""The shelf: what CAs answered, for every process; bounded in bytes and in number.

`tlscheck:shelf:<name>` holds a value until it expires, `tlscheck:shelf` who is there and how large
(a sorted set of "name size" by the moment of its end). A value that does not fit pushes out those
that end soonest. Losing any of it costs a download.
"""

import asyncio

import structlog

from bot.store.connection import Connection, Script, StoreAwayError

log = structlog.get_logger(__name__)

LARGEST_VALUE = 1024 * 1024
"""Bytes. Most CRLs are far smaller; a larger one is fetched by each process."""
MOST_BYTES = 32 * 1024 * 1024
MOST_VALUES = 512
WAIT_SECONDS = 0.05
"""A look that takes longer than a request to the CA's own server is no help."""
_MOST_WRITES = 32
_INDEX = "tlscheck:shelf"

_PUT = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local kept, total = {}, #ARGV[2]
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local name, size = string.match(member, '^(%x+) (%d+)$')
  if not name or name == ARGV[1] then
    redis.call('ZREM', KEYS[1], member)
  else
    kept[#kept + 1] = {member, name, tonumber(size)}
    total = total + tonumber(size)
  end
end
local dropped = 0
while dropped < #kept
    and (total > tonumber(ARGV[4]) or #kept - dropped + 1 > tonumber(ARGV[5])) do
  dropped = dropped + 1
  redis.call('ZREM', KEYS[1], kept[dropped][1])
  redis.call('DEL', KEYS[1] .. ':' .. kept[dropped][2])
  total = total - kept[dropped][3]
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1] .. ' ' .. #ARGV[2])
redis.call('PEXPIRE', KEYS[1], 172800000)
return dropped
""")


class RedisShelf:
    """Bytes by name, for a while (`bot.diagnosis.shelf.Shelf`); names are hex digits."""

    def __init__(
        self,
        connection: Connection,
        *,
        most_bytes: int = MOST_BYTES,
        most_values: int = MOST_VALUES,
    ) -> None:
        self._connection = connection
        self._most_bytes = most_bytes
        self._most_values = most_values
        self._writes: set[asyncio.Task[None]] = set()

    async def get(self, name: str) -> bytes | None:
        """What was put there; None when there is nothing, it is too large, or Redis is slow or away."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                # GETRANGE, so that nothing larger than this travels.
                value: bytes = await self._connection.execute(
                    "GETRANGE", f"{_INDEX}:{name}", 0, LARGEST_VALUE
                )
        except (StoreAwayError, TimeoutError):
            return None
        return value if 0 < len(value) <= LARGEST_VALUE else None

    def put(self, name: str, value: bytes, seconds: float) -> None:
        """Keep it for so long; too large a value, or one too many at once, is not kept."""
        if len(value) > LARGEST_VALUE or seconds < 1 or len(self._writes) >= _MOST_WRITES:
            return
        task = asyncio.create_task(self._put(name, value, int(seconds * 1000)))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def settle(self) -> None:
        """Wait until what was put has been written (or could not be)."""
        if self._writes:
            await asyncio.wait(set(self._writes))

    async def aclose(self) -> None:
        """End the writing that goes on."""
        for task in set(self._writes):
            task.cancel()
        await self.settle()

    async def _put(self, name: str, value: bytes, milliseconds: int) -> None:
        keys = [_INDEX, f"{_INDEX}:{name}"]
        bounds = (self._most_bytes, self._most_values)
        try:
            await self._connection.run(_PUT, keys, name, value, milliseconds, *bounds)
        except StoreAwayError as error:
            log.debug("not put on the shelf", error=str(error))
