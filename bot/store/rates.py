"""Rates: how often somebody may do a thing, counted in Redis for all processes.

The generic cell rate algorithm (as of ITU-T I.371, there for ATM cells): one key holds the moment
at which the allowance is full again, so a burst is allowed and a steady stream is smoothed. A
library would bring a second way to Redis beside the one that knows when it is away.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store.connection import Connection, Script, StoreAwayError

# ARGV: now, one step, the burst's length, all in milliseconds. Returns 0, or how long to wait.
_TAKE = Script("""
local full = 0
if redis.call('TYPE', KEYS[1]).ok == 'string' then
  full = tonumber(redis.call('GET', KEYS[1])) or 0
end
local now, step, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if full > now + burst + step then full = 0 end
local next = math.max(full, now) + step
if next - now > burst then return math.ceil(next - now - burst) end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil(next - now))
return 0
""")


@dataclass(frozen=True, slots=True)
class Rate:
    """`most` times within `per`, all at once if need be."""

    most: int
    per: timedelta


class Rates:
    """Taking one from an allowance."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime]) -> None:
        self._connection = connection
        self._clock = clock

    async def take(self, kind: str, who: str, rate: Rate) -> timedelta | None:
        """Take one, unless there is none left.

        Args:
            kind: What is counted (`person`, `channel`); allowances of different kinds do not meet.
            who: Whose allowance it is: an id from outside, of any length and content.
            rate: How much they have.

        Returns:
            None when it may be done (also while Redis is away: an outage must not silence the
            bot), else how long to wait.
        """
        digest = hashlib.sha256(f"{kind}\n{who}".encode(errors="replace")).hexdigest()
        per = int(rate.per / timedelta(milliseconds=1))
        step = max(1, per // rate.most)
        try:
            wait = await self._connection.run(
                _TAKE,
                [f"tlscheck:rate:{digest}"],
                int(self._clock().timestamp() * 1000),
                step,
                step * rate.most,
            )
        except StoreAwayError:
            return None
        return timedelta(milliseconds=int(wait)) if wait else None
