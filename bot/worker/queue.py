"""taskiq's Redis stream broker, as workers and askers use it.

What differs from the one in taskiq-redis 1.2:
1. Messages are JSON of one form (`Form`); anything else is dropped before taskiq sees it. There is
   no serializer that could be another one, and no result backend by default.
2. An entry is acknowledged and deleted when its reply was written, and not when that failed.
3. Entries under work are kept fresh, so that those of a dead worker stand out after `DEAD_SECONDS`;
   they are taken over while the queue is idle, too, and after `MOST_DELIVERIES` given up.
4. A consumer group that is gone (Redis was restarted empty) is made anew.

All commands but the waiting one go through the shared `Connection`, many in one round trip.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Annotated, Literal

import redis.asyncio as redis
import structlog
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError, ResponseError
from taskiq import AckableMessage, BrokerMessage
from taskiq.abc.formatter import TaskiqFormatter
from taskiq.message import TaskiqMessage
from taskiq_redis import RedisStreamBroker

from bot.store.connection import (
    Connection,
    Script,
    StoreAwayError,
    StoreRefusedError,
    heed_cancellation,
    reading_client,
)
from bot.worker.counts import Counts
from bot.worker.outgoing import GROUP, Entry, Outgoing, pause
from bot.worker.presence import remove_other
from bot.worker.seldom import Seldom
from bot.worker.wire import LARGEST_ORDER

log = structlog.get_logger(__name__)

TASK = "check"

BLOCK_SECONDS = 1.0
FRESH_SECONDS = 1.0
"""How often entries under work are kept fresh, and dead ones looked for."""

DEAD_SECONDS = 5.0
"""An entry that nobody kept fresh for so long belongs to a dead worker."""

GONE_SECONDS = 600.0
"""A consumer that asked for nothing for so long, and holds nothing, is struck off its group."""

_STRIKE_OFF_EVERY = 60
"""Beats of `FRESH_SECONDS`."""

# In one step: a consumer that is deleted takes along what it holds (XGROUP DELCONSUMER).
_STRIKE_OFF = Script("""
for _, one in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local known = {}
  for place = 1, #one, 2 do known[one[place]] = one[place + 1] end
  if known['pending'] == 0 and known['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], known['name'])
  end
end
return 0
""")

MOST_DELIVERIES = 3
MOST_LEFT = 10_000
"""Entries that a worker hands over when it ends."""
LONGEST_QUEUE = 100_000
_AT_A_TIME = 32
_BACK_OFF = (0.05, 0.1, 0.25, 0.5, 1.0)

# A body may double within JSON's quotes.
_LARGEST_MESSAGE = 2 * LARGEST_ORDER + 4096


def stream_of(queue: str) -> str:
    """The stream of a queue."""
    return f"tlscheck:tasks:{queue}"


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    body: Annotated[str, Field(max_length=LARGEST_ORDER)]
    signature: Annotated[str, Field(max_length=128)]


class Form(BaseModel):
    """The one form of a message: taskiq's own, with nothing in it that it would act upon."""

    model_config = ConfigDict(extra="forbid")

    task_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}\.[0-9]{1,15}$")]
    task_name: Literal["check"]
    labels: Annotated[dict[str, str], Field(max_length=0)] = {}
    labels_types: None = None
    args: Annotated[list[str], Field(max_length=0)] = []
    kwargs: _Arguments


class Formatter(TaskiqFormatter):
    """JSON in the one form."""

    def __init__(self) -> None:
        self._read: dict[bytes, TaskiqMessage] = {}

    def dumps(self, message: TaskiqMessage) -> BrokerMessage:
        """To the wire."""
        return BrokerMessage(
            task_id=message.task_id,
            task_name=message.task_name,
            message=message.model_dump_json().encode(),
            labels=message.labels,
        )

    def remember(self, message: bytes, read: TaskiqMessage) -> None:
        """What was read ahead of taskiq, which then does not read it again."""
        self._read[message] = read

    def loads(self, message: bytes) -> TaskiqMessage:
        """From the wire.

        Raises:
            ValueError: It is too large or of another form.
        """
        known = self._read.pop(message, None)
        if known is not None:
            return known
        if len(message) > _LARGEST_MESSAGE:
            msg = "too large"
            raise ValueError(msg)
        form = Form.model_validate_json(message)
        return TaskiqMessage(
            task_id=form.task_id,
            task_name=form.task_name,
            labels={},
            args=[],
            kwargs=form.kwargs.model_dump(),
        )


def message_of(order_id: str, body: bytes, signature: str) -> bytes:
    """An order as it is put on a stream."""
    message = TaskiqMessage(
        task_id=order_id,
        task_name=TASK,
        labels={},
        args=[],
        kwargs={"body": body.decode(), "signature": signature},
    )
    return Formatter().dumps(message).message


async def put(connection: Connection, queue: str, message: bytes) -> None:
    """Put a message on a queue.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    stream = stream_of(queue)
    try:
        await connection.execute("XADD", stream, "MAXLEN", "~", LONGEST_QUEUE, "*", "data", message)
    except StoreRefusedError as error:
        if error.code != "WRONGTYPE":
            raise
        await remove_other(connection, stream, "stream")
        await connection.execute("XADD", stream, "MAXLEN", "~", LONGEST_QUEUE, "*", "data", message)


async def strike_off(connection: Connection, stream: str, seconds: float) -> None:
    """Take consumers off a group that were killed: nothing held, and silent for so long.

    Raises:
        StoreAwayError: Redis cannot be used, or there is no such group.
    """
    await connection.run(_STRIKE_OFF, [stream], GROUP, int(seconds * 1000))


class Queue(RedisStreamBroker):
    """What one worker takes from; `aclose` ends it."""

    def __init__(
        self,
        url: str,
        connection: Connection,
        queues: Sequence[str],
        *,
        consumer: str,
        at_once: int,
        on_lost: Callable[[str], Awaitable[None]],
        counts: Counts,
    ) -> None:
        """Nothing is sent yet.

        Args:
            url: Redis' address.
            connection: For all commands that do not wait.
            queues: Taken from, the first one's name is the worker's own.
            consumer: This worker's name in the group.
            at_once: Entries that it works on at a time.
            on_lost: Called with the id of an order that is given up.
            counts: Told what came of entries.
        """
        super().__init__(
            "redis://unused",  # connects only when used, and nothing of it is
            queue_name=stream_of(queues[0]),
            consumer_group_name=GROUP,
            consumer_name=consumer,
        )
        self._form = self.formatter = Formatter()
        self._connection = connection
        self._reader: redis.Redis = reading_client(url, BLOCK_SECONDS)
        self._streams = tuple(map(stream_of, queues))
        self._at_once = at_once
        self._on_lost = on_lost
        self._counts = counts
        self._held: dict[str, Entry] = {}
        self._unsaved: set[str] = set()
        self._ready: deque[tuple[str, bytes]] = deque()
        self._seldom = Seldom()
        self.outgoing = Outgoing(connection, lambda: self.held)

    @property
    def held(self) -> int:
        """Entries that this worker has and has not answered."""
        return len(self._held)

    async def startup(self) -> None:
        """Nothing: groups are made when a read finds none."""

    async def aclose(self) -> None:
        """Close what is this broker's own, and leave the group; what is not answered goes to others."""
        await self.outgoing.flush()
        for stream in self._streams:
            with suppress(StoreAwayError):
                await self._leave(stream)
        await self._reader.aclose()
        await self.connection_pool.disconnect()

    async def _leave(self, stream: str) -> None:
        # What Redis gave, though the reading of it was cut off, is among them.
        pending = await self._connection.execute(
            "XPENDING", stream, GROUP, "-", "+", MOST_LEFT, self.consumer_name
        )
        if not pending:
            await self._connection.execute(
                "XGROUP", "DELCONSUMER", stream, GROUP, self.consumer_name
            )
            return
        # As if this worker were dead since long: they are taken over at once.
        # fmt: off
        await self._connection.execute(
            "XCLAIM", stream, GROUP, self.consumer_name, 0, *(one[0] for one in pending),
            "IDLE", int(DEAD_SECONDS * 1000), "JUSTID",
        )
        # fmt: on

    async def kick(self, message: BrokerMessage) -> None:
        """Put a message on the worker's own queue."""
        await self._connection.execute("XADD", self.queue_name, "*", "data", message.message)

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """The entries for this worker, for ever; an outage of Redis is waited out."""
        loop = asyncio.get_running_loop()
        failures = 0
        began = loop.time()
        while True:
            while self._ready:
                order_id, data = self._ready.popleft()
                yield AckableMessage(data=data, ack=partial(self._acknowledge, order_id))
            heed_cancellation()
            await pause(began, self.held)
            began = loop.time()
            try:
                await self._read_or_group()
            except (RedisError, OSError, StoreAwayError) as error:
                # That Redis is away is said by the connection, which notices it, too.
                if failures == 0 and isinstance(error, ResponseError):
                    log.warning("the queue cannot be read", error=str(error)[:200])
                await asyncio.sleep(_BACK_OFF[min(failures, len(_BACK_OFF) - 1)])
                failures += 1
            else:
                failures = 0

    async def tend(self) -> None:
        """Keep what is held fresh and take over what dead workers held, for ever."""
        for turn in count(1):
            await asyncio.sleep(FRESH_SECONDS)
            for stream in self._streams:
                with suppress(StoreAwayError):
                    await self._keep_fresh(stream)
                    await self._take_over(stream)
                    if turn % _STRIKE_OFF_EVERY == 0:
                        await strike_off(self._connection, stream, GONE_SECONDS)

    def unsaved(self, order_id: str) -> None:
        """The reply could not be written: the entry stays, to be taken over by any worker."""
        self._unsaved.add(order_id)
        self._counts.add("unsaved")

    async def _acknowledge(self, order_id: str) -> None:
        entry = self._held.pop(order_id, None)
        if order_id in self._unsaved:
            self._unsaved.discard(order_id)
        elif entry is not None:
            self.outgoing.drop(entry)

    async def _read(self) -> None:
        free = max(1, min(_AT_A_TIME, self._at_once - len(self._held)))
        # fmt: off
        answer = await self._reader.execute_command(  # type: ignore[no-untyped-call] # redis-py's
            "XREADGROUP", "GROUP", GROUP, self.consumer_name, "COUNT", free,
            "BLOCK", int(BLOCK_SECONDS * 1000), "STREAMS", *self._streams, *(">" * len(self._streams)),
        )
        # fmt: on
        for stream, entries in answer or ():
            for number, fields in entries:
                self._take((stream.decode(), number.decode()), fields)

    async def _read_or_group(self) -> None:
        """As `_read`; where the group is missing, or something else is there, it is made first."""
        try:
            await self._read()
        except ResponseError as error:
            if not str(error).startswith(("NOGROUP", "WRONGTYPE")):
                raise
            for stream in self._streams:
                await remove_other(self._connection, stream, "stream")
                await self._make_group(stream)

    async def _make_group(self, stream: str) -> None:
        try:
            # From the very first entry: orders may have come before any worker.
            await self._connection.execute("XGROUP", "CREATE", stream, GROUP, "0", "MKSTREAM")
        except StoreRefusedError as error:
            if error.code != "BUSYGROUP":
                raise

    def _take(self, entry: Entry, fields: list[bytes] | None) -> None:
        """Hold an entry; what has another form, or is held already, is dropped."""
        pairs = dict(zip(fields[::2], fields[1::2], strict=False)) if fields else {}
        data = pairs.get(b"data", b"")
        try:
            message = self._form.loads(data)
        except ValueError:
            self._dropped(entry[0], len(data))
            self.outgoing.drop(entry)
            return
        order_id = message.task_id
        if order_id in self._held:
            # Sent once more after an outage.
            self._counts.add("repeated")
            if self._held[order_id] != entry:
                self.outgoing.drop(entry)
            return
        self._held[order_id] = entry
        self._form.remember(data, message)
        self._ready.append((order_id, data))

    def _dropped(self, stream: str, size: int) -> None:
        """Say so, but not once for each of a flood."""
        self._counts.add("dropped")
        if self._seldom.may_say("form"):
            so_far = self._counts.total["dropped"]
            log.warning(
                "messages of another form are dropped", stream=stream, size=size, so_far=so_far
            )

    async def _keep_fresh(self, stream: str) -> None:
        numbers = [number for where, number in self._held.values() if where == stream]
        if numbers:
            # JUSTID resets the idle time and does not count as a delivery.
            await self._connection.execute(
                "XCLAIM", stream, GROUP, self.consumer_name, 0, *numbers, "JUSTID"
            )

    async def _take_over(self, stream: str) -> None:
        free = min(_AT_A_TIME, self._at_once - len(self._held))
        if free <= 0:
            return
        idle = int(DEAD_SECONDS * 1000)
        found = await self._connection.execute(
            "XPENDING", stream, GROUP, "IDLE", idle, "-", "+", free
        )
        for number, _, _, deliveries in found or ():
            # XAUTOCLAIM would not say how often an entry was delivered. Only one worker gets it:
            # the first one to claim makes its idle time short.
            claimed = await self._connection.execute(
                "XCLAIM", stream, GROUP, self.consumer_name, idle, number
            )
            for text, fields in (one for one in claimed if one):
                entry = (stream, text.decode())
                if deliveries >= MOST_DELIVERIES:
                    await self._give_up(entry, fields)
                else:
                    log.info("took over an order", deliveries=deliveries)
                    self._counts.add("taken_over")
                    self._take(entry, fields)

    async def _give_up(self, entry: Entry, fields: list[bytes] | None) -> None:
        pairs = dict(zip(fields[::2], fields[1::2], strict=False)) if fields else {}
        try:
            order_id = self.formatter.loads(pairs.get(b"data", b"")).task_id
        except ValueError:
            pass
        else:
            self._counts.add("given_up")
            log.error("an order was given up: workers died over it", deliveries=MOST_DELIVERIES)
            await self._on_lost(order_id)
        self.outgoing.drop(entry)
