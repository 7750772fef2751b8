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
        self._seen: OrderedDict[str, tuple[datetime, str]] = OrderedDict()

    async def first_time(
        self, kind: str, delivery: str, ttl: timedelta, *, owner: str = ""
    ) -> bool:
        """Whether this is the first time that anybody asks about this delivery.

        Args:
            kind: What it is (`command`, `event`, …); ids of different kinds do not meet.
            delivery: Its id, from outside, of any length and content.
            ttl: How long it is remembered. Slack repeats an event for about five minutes, see
                https://docs.slack.dev/apis/events-api/#retries
            owner: On whose behalf (the id of a debt, `bot.store.debts`): who takes over what
                another process had begun asks as the same owner, and is the first again.
        """
        digest = digest_of(kind, delivery)
        if not self.first_here(digest, ttl, owner):
            return False
        milliseconds = max(1, int(ttl / timedelta(milliseconds=1)))
        try:
            answer = await self._connection.execute(
                "SET", mark_of(digest), owner or "1", "NX", "PX", milliseconds
            )
            if answer is None and owner:
                found = await self._connection.execute("GET", mark_of(digest))
                return bool(found == owner.encode())
        except StoreAwayError:
            return True
        return answer is not None

    def first_here(self, digest: str, ttl: timedelta, owner: str = "") -> bool:
        """Whether this process did not see it yet, as far as it remembers; from now on it did."""
        now = self._clock()
        until, whose = self._seen.get(digest, (now, ""))
        if until > now:
            return owner != "" and owner == whose
        self._seen[digest] = (now + ttl, owner)
        self._seen.move_to_end(digest)
        while self._seen and (
            len(self._seen) > REMEMBERED or next(iter(self._seen.values()))[0] <= now
        ):
            self._seen.popitem(last=False)
        return True


def digest_of(kind: str, delivery: str) -> str:
    """A delivery's own name. Hashed: an id from outside must not choose a key's length or content."""
    return hashlib.sha256(f"{kind}\n{delivery}".encode(errors="replace")).hexdigest()


def mark_of(digest: str) -> str:
    """The key that says that a delivery was seen."""
    return f"tlscheck:once:{digest}"
