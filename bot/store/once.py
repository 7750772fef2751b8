"""Doing a thing once: Slack delivers some things twice, and two processes may get one each.

Redis decides for all processes. While it is away each process still knows what it did itself.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.store.connection import Connection, StoreAwayError

REMEMBERED = 10_000
"""Deliveries that one process remembers by itself."""


class Once:
    """Which deliveries were seen."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime]) -> None:
        self._connection = connection
        self._clock = clock
        self._seen: OrderedDict[str, datetime] = OrderedDict()

    async def first_time(self, kind: str, delivery: str, ttl: timedelta) -> bool:
        """Whether this is the first time that anybody asks about this delivery.

        Args:
            kind: What it is (`command`, `event`, …); ids of different kinds do not meet.
            delivery: Its id, from outside, of any length and content.
            ttl: How long it is remembered. Slack repeats an event for about five minutes, see
                https://docs.slack.dev/apis/events-api/#retries
        """
        # Hashed: an id from outside must not choose the key's length or content.
        digest = hashlib.sha256(f"{kind}\n{delivery}".encode(errors="replace")).hexdigest()
        if not self._first_here(digest, ttl):
            return False
        milliseconds = max(1, int(ttl / timedelta(milliseconds=1)))
        try:
            answer = await self._connection.execute(
                "SET", f"tlscheck:once:{digest}", "1", "NX", "PX", milliseconds
            )
        except StoreAwayError:
            return True
        return answer is not None

    def _first_here(self, digest: str, ttl: timedelta) -> bool:
        now = self._clock()
        until = self._seen.get(digest)
        if until is not None and until > now:
            return False
        self._seen[digest] = now + ttl
        self._seen.move_to_end(digest)
        while self._seen and (
            len(self._seen) > REMEMBERED or next(iter(self._seen.values())) <= now
        ):
            self._seen.popitem(last=False)
        return True
