"""The asker's side: questions go out, and their replies come in.

One `Post` for each process: an inbox, in which the replies of all workers arrive without polling,
and a `RemoteVantage` for each place that is asked. After an outage of Redis what is unanswered is
sent once more; of two replies the first one counts.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import redis.asyncio as redis
import structlog
from pydantic import SecretStr
from redis.exceptions import RedisError

from bot.diagnosis.later import LATER_SECONDS
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.store.connection import (
    Connection,
    StoreAwayError,
    connect,
    heed_cancellation,
    reading_client,
)
from bot.vantage import CHANNEL_PATIENCE, OVERTIME_SECONDS
from bot.worker.errors import (
    REFUSALS,
    AwayCode,
    FailureCode,
    RemoteError,
    RemoteFailureError,
    VantageAwayError,
)
from bot.worker.outgoing import inbox_stream, pause
from bot.worker.place import RemoteVantage
from bot.worker.presence import (
    ALIVE_SECONDS,
    ANNOUNCE_SECONDS,
    Presence,
    Round,
    living,
    redis_time,
    remove_other,
)
from bot.worker.queue import message_of, put
from bot.worker.seldom import Seldom
from bot.worker.waiting import Waiting, claim_of, fits
from bot.worker.wire import (
    ANY,
    LARGEST_ORDER,
    NAME,
    SCHEMA,
    Order,
    RefusedError,
    Reply,
    read_reply,
    sign,
)

log = structlog.get_logger(__name__)

BLOCK_SECONDS = 1.0
_LATERS = 256
_MOST_AGAIN = 8
_BACK_OFF = (0.0, 0.05, 0.1, 0.25, 0.5)


class Post:
    """Questions to workers and their replies; made by `open_post`."""

    def __init__(
        self,
        connection: Connection,
        reader: redis.Redis,
        key: bytes | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._key = key
        self._clock = clock
        self._inbox = uuid4().hex
        self._numbers = count(1)
        self._waiting: dict[str, Waiting] = {}
        self._laters: OrderedDict[str, asyncio.Future[Report]] = OrderedDict()
        self._late: dict[str, asyncio.Future[Report]] = {}
        self._living = Round()
        self._seldom = Seldom()
        self._offset = 0.0
        # When the list of workers was read last, and when Redis was last found to be back.
        self._looked: float | None = None
        self._back = 0.0
        self._was_away = False
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to listen."""
        self._back = asyncio.get_running_loop().time()
        self._tasks = [
            asyncio.create_task(self._read_inbox()),
            asyncio.create_task(self._look_round()),
        ]

    @property
    def workers(self) -> tuple[Presence, ...]:
        """The workers that lived at the last look (every two seconds)."""
        return self._living.workers

    @property
    def strangers(self) -> tuple[Presence, ...]:
        """Those that do not prove, as we demand, that they share our key: they are not asked."""
        return self._living.strangers

    @property
    def clock_offset(self) -> float:
        """What has to be added to this machine's clock to get Redis', in seconds, by the last look."""
        return self._offset

    async def look(self) -> tuple[Presence, ...]:
        """The workers that live now.

        Raises:
            StoreAwayError: Redis cannot be used.
        """
        now = await redis_time(self._connection)
        self._offset = now - self._clock().timestamp()
        self._living = await living(self._connection, self._key)
        self._looked = asyncio.get_running_loop().time()
        return self._living.workers

    def vantage(
        self, name: str = ANY, *, patience: float = CHANNEL_PATIENCE, later: bool = True
    ) -> RemoteVantage:
        """The place of this name; `any`: whichever worker is free first.

        Args:
            name: As its workers call it.
            patience: How long an answer waits for OCSP and CRLs, in seconds.
            later: Have the worker send the later Report, too.
        """
        return RemoteVantage(self, name, patience, later)

    def workers_of(self, name: str) -> tuple[Presence, ...]:
        """The workers at a place, as of the last look."""
        return tuple(one for one in self._living.workers if name in (ANY, one.vantage))

    async def ask(self, name: str, question: Question, *, patience: float, later: bool) -> Report:
        """Send a question and wait for its Report, no longer than its timeout and some overtime.

        Raises:
            VantageAwayError: Redis is away, no worker of that name lives, or none answered in time.
            RemoteFailureError: A worker refused the question, or failed.
        """
        if question.allow_networks:
            raise RemoteFailureError("networks", name)
        if not re.fullmatch(NAME, name, re.ASCII):
            raise VantageAwayError("nobody", name[:64])
        if self._looked is None:
            try:
                await self.look()
            except StoreAwayError as error:
                raise VantageAwayError("redis", name) from error
        if not self.workers_of(name):
            await self._make_sure(name)
        there = self.workers_of(name)
        if there and all(one.schema_version != SCHEMA for one in there):
            raise RemoteFailureError("version", name, program=there[0].program)
        loop = asyncio.get_running_loop()
        within = question.timeout + OVERTIME_SECONDS
        order = Order(
            id=f"{self._inbox}.{next(self._numbers)}",
            vantage=name,
            question=question,
            expires=self._clock().timestamp() + self._offset + within,
            patience=patience,
            later=later,
        )
        body = order.model_dump_json(by_alias=True).encode()
        if len(body) > LARGEST_ORDER:
            raise RemoteFailureError("too_large", name)
        message = message_of(order.id, body, sign("order", body, self._key))
        waiting = Waiting(name, question, message, loop.create_future(), loop.create_future())
        self._waiting[order.id] = waiting
        try:
            async with asyncio.timeout(within):
                await put(self._connection, name, message)
                report = await waiting.answer
        except StoreAwayError as error:
            raise VantageAwayError("redis", name) from error
        except TimeoutError as error:
            if waiting.doubt is not None:
                raise RemoteFailureError(waiting.doubt, name) from error
            code: AwayCode = "redis" if self._connection.away else "silent"
            raise VantageAwayError(code, name) from error
        finally:
            del self._waiting[order.id]
            if not waiting.answer.done():
                waiting.answer.cancel()
        if report.pending and later:
            self._expect_later(order.id, report, waiting.later)
        return report

    async def later(self, report: Report) -> Report | None:
        """The later Report to one that was given here."""
        arriving = self._laters.pop(report.id, None)
        if arriving is None:
            return None
        with suppress(TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(LATER_SECONDS + 1.0):
                found = await arriving
                return found if found.id == report.id else None
        return None

    async def aclose(self) -> None:
        """End listening; who still waits is told that Redis is not used any more."""
        tasks = [*self._tasks, *self._sending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for waiting in self._waiting.values():
            _fail(waiting.answer, VantageAwayError("redis", waiting.vantage))
        for future in self._laters.values():
            future.cancel()
        with suppress(StoreAwayError):
            await self._connection.execute("DEL", inbox_stream(self._inbox))
        await self._reader.aclose()
        await self._connection.aclose()

    async def _make_sure(self, name: str) -> None:
        """Look again before saying that nobody is there.

        Raises:
            VantageAwayError: Nobody is, or Redis is away.
            RemoteFailureError: Those who are there do not share the key.
        """
        try:
            await self.look()
        except StoreAwayError as error:
            raise VantageAwayError("redis", name) from error
        if self.workers_of(name) or self._just_back:
            return
        if any(name in (ANY, one.vantage) for one in self.strangers):
            raise RemoteFailureError("signature", name)
        known = ", ".join(dict.fromkeys(one.vantage for one in self.workers))
        raise VantageAwayError("nobody", name, known=known)

    @property
    def _just_back(self) -> bool:
        """Whether Redis came back so lately that workers may not have announced themselves yet."""
        return asyncio.get_running_loop().time() - self._back < ALIVE_SECONDS and self._was_away

    def _expect_later(
        self, order_id: str, report: Report, arriving: asyncio.Future[Report]
    ) -> None:
        self._laters[report.id] = arriving
        if not arriving.done():
            self._late[order_id] = arriving
            arriving.add_done_callback(lambda _: self._late.pop(order_id, None))
        while len(self._laters) > _LATERS:
            _, dropped = self._laters.popitem(last=False)
            dropped.cancel()

    async def _look_round(self) -> None:
        """Keep the list of workers; who waits for a place that is empty is told."""
        while True:
            await asyncio.sleep(ANNOUNCE_SECONDS)
            if not self._waiting and self._looked is None:
                continue
            try:
                await self.look()
            except StoreAwayError:
                continue
            if self._just_back:
                continue
            for waiting in list(self._waiting.values()):
                if not self.workers_of(waiting.vantage):
                    _fail(waiting.answer, VantageAwayError("nobody", waiting.vantage, known=""))

    async def _read_inbox(self) -> None:
        loop = asyncio.get_running_loop()
        name = inbox_stream(self._inbox)
        last, failures = "0-0", 0
        while True:
            heed_cancellation()
            began = loop.time()
            try:
                # fmt: off
                answer = await self._reader.execute_command(  # type: ignore[no-untyped-call] # redis-py's
                    "XREAD", "COUNT", 100, "BLOCK", int(BLOCK_SECONDS * 1000), "STREAMS", name, last
                )
                # fmt: on
                if failures:
                    await self._send_again()
            except (RedisError, OSError, StoreAwayError) as error:
                if str(error).startswith("WRONGTYPE"):
                    with suppress(StoreAwayError):
                        await remove_other(self._connection, name, "stream")
                self._was_away = True
                await asyncio.sleep(_BACK_OFF[min(failures, len(_BACK_OFF) - 1)])
                failures += 1
                last = "0-0"
                continue
            failures = 0
            for _, entries in answer or ():
                for number, fields in entries:
                    last = number.decode()
                    self._took(fields)
                numbers = (number for number, _ in entries)
                # Nobody waits for that: it goes with what is sent next.
                self._connection.command("XDEL", name, *numbers).add_done_callback(_forget)
            await pause(began, len(self._waiting))

    async def _send_again(self) -> None:
        """Redis was away, and may have forgotten everything."""
        await self._connection.execute("PING")
        self._back = asyncio.get_running_loop().time()
        if self._waiting:
            log.info("sending again", orders=len(self._waiting))
        for waiting in list(self._waiting.values()):
            await put(self._connection, waiting.vantage, waiting.message)

    def _took(self, fields: list[bytes]) -> None:
        pairs: dict[bytes, bytes] = dict(zip(fields[::2], fields[1::2], strict=False))
        body, signature = pairs.get(b"body", b""), pairs.get(b"signature", b"")
        try:
            reply = read_reply(body, signature[:128].decode(errors="replace"), key=self._key)
        except RefusedError as error:
            if self._seldom.may_say(error.code):
                log.warning("a reply was refused", reason=error.code)
            self._doubt(body, error.code)
            return
        self._deliver(reply)

    def _doubt(self, body: bytes, code: FailureCode) -> None:
        """A reply was refused: who waits for it is told, unless anybody could have written it."""
        claim = claim_of(body)
        waiting = self._waiting.get(claim.id) if claim is not None else None
        if claim is None or waiting is None:
            return
        if code == "signature":
            # The true one may follow, or another worker does it; said when none does.
            waiting.doubt = code
            self._ask_others(waiting)
        else:
            failure = RemoteFailureError(code, waiting.vantage, program=claim.program[:64])
            _fail(waiting.answer, failure)

    def _ask_others(self, waiting: Waiting) -> None:
        """Put an order again that a worker with another key may have taken."""
        if waiting.again >= _MOST_AGAIN:
            return
        waiting.again += 1
        sending = asyncio.create_task(self._put_again(waiting))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _put_again(self, waiting: Waiting) -> None:
        # From the queue of all it could be taken by the same one: it has little else to do.
        there = [one.vantage for one in self.workers_of(waiting.vantage)] or [waiting.vantage]
        with suppress(StoreAwayError):
            await put(self._connection, there[waiting.again % len(there)], waiting.message)

    def _deliver(self, reply: Reply) -> None:
        waiting = self._waiting.get(reply.id)
        if waiting is not None and not fits(reply, waiting):
            if self._seldom.may_say("another"):
                log.warning("a reply was refused", reason="of another check")
            return
        if reply.kind == "later":
            arriving = waiting.later if waiting is not None else self._late.get(reply.id)
            if arriving is not None and not arriving.done() and reply.report is not None:
                arriving.set_result(reply.report)
            return
        if waiting is None or waiting.answer.done():
            return
        if reply.report is not None:
            waiting.answer.set_result(reply.report)
            return
        code = reply.failure or "malformed"
        if self._key is not None and code in REFUSALS:
            # Anybody may have put something refusable under this order's id.
            waiting.doubt = code
        else:
            failure = RemoteFailureError(code, reply.vantage, program=reply.program)
            waiting.answer.set_exception(failure)


def key_of(secret: SecretStr | None) -> bytes | None:
    """The shared key of the settings, as it is used."""
    return secret.get_secret_value().encode() if secret is not None else None


@asynccontextmanager
async def open_post(
    url: str,
    *,
    key: bytes | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[Post]:
    """The way to workers until the end of the block; Redis being away is no error here.

    Args:
        url: Redis' address.
        key: The key that is shared with the workers (TLSCHECK_WORKER_KEY).
        clock: The time.

    Raises:
        StoreAddressError: The address cannot be read.
    """
    post = Post(connect(url), reading_client(url, BLOCK_SECONDS), key, clock)
    post.start()
    try:
        yield post
    finally:
        await post.aclose()


def _forget(answer: asyncio.Future[Any]) -> None:
    """Whatever came of it is of no interest."""
    if not answer.cancelled():
        answer.exception()


def _fail(answer: asyncio.Future[Any], error: RemoteError) -> None:
    if not answer.done():
        answer.set_exception(error)
