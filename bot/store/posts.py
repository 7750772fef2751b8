"""Posts: what a shared message shows, and that one change at a time is made to it.

`tlscheck:post:<digest of channel and message>` holds a Post for 30 days: longer than the result
that it shows, since what comes next is compared with it. What is read is untrusted: a Post that
does not fit counts as absent.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Annotated

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.history import State
from bot.store.connection import Connection, StoreAwayError, StoreRefusedError
from bot.store.lock import Busy, Locks
from bot.store.space import in_space

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
LARGEST = 16 * 1024
"""Bytes."""


class Post(BaseModel):
    """What a shared message shows: a result, the state in it and when that was seen.

    `value` is that of its buttons; what it means is not known here.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    value: Annotated[str, Field(max_length=2000)]
    result: Annotated[str, Field(max_length=64)]
    state: State
    seen: AwareDatetime


class Posts:
    """Writing down, finding, and taking turns."""

    def __init__(self, connection: Connection, locks: Locks) -> None:
        self._connection = connection
        self._locks = locks
        self._held: set[str] = set()

    async def set(self, channel: str, ts: str, post: Post) -> None:
        """The message shows this now.

        Raises:
            StoreAwayError: Redis is away.
        """
        name, milliseconds = _name(channel, ts), KEPT // timedelta(milliseconds=1)
        await self._connection.execute("SET", name, post.model_dump_json(), "PX", milliseconds)

    async def get(self, channel: str, ts: str) -> Post | None:
        """What the message shows, or None when that is not known (any more).

        Raises:
            StoreAwayError: Redis is away.
        """
        try:
            raw: bytes = await self._connection.execute("GETRANGE", _name(channel, ts), 0, LARGEST)
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return None
        if not raw:
            return None
        try:
            return Post.model_validate_json(raw)
        except ValidationError:
            log.warning("what a shared message shows cannot be read", bytes=len(raw))
            return None

    @asynccontextmanager
    async def alone(self, channel: str, ts: str) -> AsyncIterator[bool]:
        """Whether nobody else, in any process, is changing this message; kept until the block ends.

        While Redis is away, only the others of this process are known.
        """
        name = _name(channel, ts)
        if name in self._held:
            yield False
            return
        self._held.add(name)
        try:
            lock = None
            with suppress(StoreAwayError):
                lock = await self._locks.take(name)
            if isinstance(lock, Busy):
                yield False
            elif lock is None:
                yield True
            else:
                try:
                    async with lock.kept():
                        yield True
                finally:
                    with suppress(StoreAwayError):
                        await lock.release()
        finally:
            self._held.discard(name)


def _name(channel: str, ts: str) -> str:
    # Hashed: an id from outside must not choose the key's length or content.
    place = f"{in_space(channel)}\n{ts}".encode(errors="replace")
    return f"tlscheck:post:{hashlib.sha256(place).hexdigest()}"
