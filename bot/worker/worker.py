"""`tlscheck worker`: takes orders from the queues of its name and of all, and checks from here.

An order is refused unless it has the schema's form and, with a key set, its signature; where this
worker may connect is decided by its own settings alone. The reply is written before the order is
acknowledged, so that a worker that dies leaves its orders to others.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import uuid4

import structlog
from taskiq import AsyncResultBackend, TaskiqResult
from taskiq.acks import AcknowledgeType
from taskiq.receiver import Receiver

from bot.diagnosis.clock import TOLERANCE
from bot.diagnosis.machine import MachineStore
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.diagnosis.target import parse_target
from bot.metrics import Metrics
from bot.settings import Settings
from bot.store.connection import Connection, StoreAwayError, connect
from bot.vantage import OVERTIME_SECONDS, LocalVantage, open_local_vantage
from bot.worker.bundles import find_bundles
from bot.worker.counts import Counts
from bot.worker.errors import FailureCode
from bot.worker.machine import Machine, look_around
from bot.worker.outgoing import Outgoing
from bot.worker.presence import ANNOUNCE_SECONDS, Presence, announce, living, redis_time, withdraw
from bot.worker.queue import TASK, Queue
from bot.worker.seen import Seen
from bot.worker.seldom import Seldom
from bot.worker.wire import (
    ANY,
    LARGEST_REPLY,
    Order,
    RefusedError,
    Reply,
    inbox_of,
    read_order,
    sign,
)

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Checks that one worker runs at a time."""

DRAIN_SECONDS = 20.0
"""How long running checks may take to end once the worker is told to."""

# The id of a refused order is that of its message: nothing within it is believed.
_NOBODY = "0" * 32 + ".0"

_WAY_BACK = 0.5
_LEAST_SECONDS = 0.5

_PROBE = Question(target=parse_target("tlscheck.invalid"))

OpenVantage = Callable[[Settings], AbstractAsyncContextManager[LocalVantage]]


class Replies(AsyncResultBackend[Any]):
    """taskiq's result backend: each result goes to its asker's inbox, as JSON, and expires there."""

    def __init__(
        self, outgoing: Outgoing, key: bytes | None, on_unsaved: Callable[[str], None]
    ) -> None:
        """`on_unsaved` is told the order whose reply could not be written."""
        self._outgoing = outgoing
        self._key = key
        self._on_unsaved = on_unsaved

    async def set_result(self, task_id: str, result: TaskiqResult[Any]) -> None:
        """Write the reply of a task: what the task returned, for the order of this id."""
        reply = result.return_value
        if not isinstance(reply, Reply):
            # Cancelled at the end of the program: somebody else takes it over.
            self._on_unsaved(task_id)
            return
        if reply.id not in (_NOBODY, task_id):
            # A message whose order is another one's: what came of it is not for whom it names.
            log.warning("an order was refused", reason="of another message")
            return
        try:
            await self.send(reply.model_copy(update={"id": task_id}))
        except StoreAwayError:
            self._on_unsaved(task_id)

    async def send(self, reply: Reply) -> None:
        """Write a reply.

        Raises:
            StoreAwayError: Redis cannot be used.
        """
        inbox = inbox_of(reply.id)
        if inbox is None:
            return
        body = reply.model_dump_json(by_alias=True).encode()
        if len(body) > LARGEST_REPLY:
            reply = reply.model_copy(
                update={"kind": "failure", "failure": "too_large", "report": None}
            )
            body = reply.model_dump_json(by_alias=True).encode()
        await self._outgoing.reply(inbox, body, sign("reply", body, self._key))

    async def is_result_ready(self, task_id: str) -> bool:
        """Nobody asks: replies go to the asker by themselves."""
        return False

    async def get_result(self, task_id: str, with_logs: bool = False) -> TaskiqResult[Any]:
        """Nobody asks: replies go to the asker by themselves.

        Raises:
            LookupError: Always.
        """
        raise LookupError(task_id)


class Worker:
    """One probe; made by `open_worker`."""

    def __init__(
        self,
        vantage: LocalVantage,
        connection: Connection,
        url: str,
        *,
        labels: Mapping[str, str],
        key: bytes | None,
        at_once: int,
        machine: Machine | None,
        clock: Callable[[], datetime],
        metrics: Metrics | None = None,
    ) -> None:
        self.id = uuid4().hex
        self.connection = connection
        self.key = key
        self._ready: bool | None = None
        self.known = False
        """Whether Redis took the last announcement."""
        self.counts = Counts()
        self._metrics = metrics or Metrics()
        self._vantage = vantage
        self._at_once = at_once
        self._clock = clock
        self._labels = dict(labels)
        self._machine = machine
        self._offset = 0.0
        self._seen = Seen()
        self._seldom = Seldom()
        self.queues = (vantage.name, ANY)
        self._queue = Queue(
            url,
            connection,
            self.queues,
            consumer=self.id,
            at_once=at_once,
            on_lost=self._lost,
            counts=self.counts,
        )
        self._replies = Replies(self._queue.outgoing, key, self._queue.unsaved)
        self._queue.with_result_backend(self._replies)

        # taskiq renames what it registers, which a method does not let it.
        async def check(body: str, signature: str) -> Reply | None:
            return await self._check(body, signature)

        self._queue.register_task(check, task_name=TASK)
        self._later: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what has begun is finished within a bound."""
        self._queue.is_worker_process = True
        receiver = Receiver(
            self._queue,
            run_startup=False,
            validate_params=False,  # the formatter lets nothing else through
            max_async_tasks=self._at_once,
            ack_type=AcknowledgeType.WHEN_SAVED,
            wait_tasks_timeout=DRAIN_SECONDS,
        )
        beside = [
            asyncio.create_task(self._announce()),
            asyncio.create_task(self._queue.tend()),
        ]
        try:
            await receiver.listen(stop)
        finally:
            for task in (*beside, *self._later):
                task.cancel()
            await asyncio.gather(*beside, *self._later, return_exceptions=True)
            with suppress(StoreAwayError):
                await self.counts.send(self.connection, self._vantage.name, self._now)
                await withdraw(self.connection, self.id)
            await self._queue.aclose()

    @property
    def under_way(self) -> int:
        """Orders that it has and has not answered."""
        return self._queue.held

    @property
    def _now(self) -> float:
        """Redis' clock."""
        return self._clock().timestamp() + self._offset

    async def _announce(self) -> None:
        """Say that this worker lives, for ever."""
        while True:
            await asyncio.sleep(ANNOUNCE_SECONDS if self.known else 0.25)
            await self.announce()

    async def announce(self) -> bool:
        """Say that this worker lives; whether Redis took it."""
        try:
            now = await redis_time(self.connection)
            self._offset = now - self._clock().timestamp()
            self._vantage.know_clock("Redis", timedelta(seconds=self._offset))
            await announce(self.connection, self.presence, now, self.key)
            await self.counts.send(self.connection, self._vantage.name, now)
        except StoreAwayError as error:
            if self._ready is None:
                self._ready = False
                log.warning("no checks arrive until Redis answers", vantage=self._vantage.name)
                log.debug("why it does not", error=str(error))
            self.known = False
            return False
        if not self.known:
            await self._say_ready()
        self.known = True
        return True

    async def _say_ready(self) -> None:
        """For whoever looks at the log: once at the start, and once after each outage."""
        if self._ready:
            log.info("worker ready again", vantage=self._vantage.name)
            return
        self._ready = True
        others = 0
        with suppress(StoreAwayError):
            there = (await living(self.connection)).workers
            others = sum(one.vantage == self._vantage.name for one in there) - 1
        log.info(
            "worker ready",
            vantage=self._vantage.name,
            id=self.id,
            signed=self.key is not None,
            at_once=self._at_once,
            others_of_this_name=max(others, 0),
        )

    @property
    def presence(self) -> Presence:
        """What this worker says of itself."""
        return Presence(
            id=self.id,
            vantage=self._vantage.name,
            labels=self._labels,
            roots_digest=self._vantage.roots_digest(_PROBE),
            signed=self.key is not None,
            at_once=self._at_once,
            clock_offset=round(self._offset, 3),
            machine=self._machine,
        )

    async def _check(self, body: str, signature: str) -> Reply | None:
        """Taskiq's task: one order."""
        raw = body.encode()
        try:
            order = read_order(raw, signature, key=self.key, queues=self.queues, now=self._now)
        except RefusedError as error:
            if self._seldom.may_say(error.code):
                log.warning("an order was refused", reason=error.code)
            self.counts.add("refused")
            return self._failure(_NOBODY, error.code)
        if not self._seen.may_run(order.id, order.expires, self._now):
            if self._seldom.may_say("often"):
                log.warning("an order was refused", reason="it came too often")
            self.counts.add("refused")
            return self._failure(_NOBODY, "expired")
        # One that was taken over has less time: its asker does not wait longer for that.
        left = max(order.expires - self._now - _WAY_BACK, _LEAST_SECONDS)
        question = order.question
        question = question.model_copy(update={"timeout": min(question.timeout, left)})
        begun = perf_counter()
        try:
            with self._metrics.check_running():
                async with asyncio.timeout(question.timeout + OVERTIME_SECONDS):
                    report = await self._vantage.check(question, patience=order.patience)
        except asyncio.CancelledError:
            # The program ends at once; others take over. taskiq would log that as a defect.
            return None
        except Exception:
            log.exception("check failed", host=question.target.host)
            self._metrics.check_failed()
            self.counts.add("failed")
            return self._failure(order.id, "defect")
        self._metrics.check_done(report.verdict, report.cause, perf_counter() - begun)
        self.counts.add("answered")
        if report.pending and order.later:
            task = asyncio.create_task(self._send_later(order, report))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        return self._reply(order.id, report)

    async def _send_later(self, order: Order, first: Report) -> None:
        try:
            report = await self._vantage.later(first)
        except Exception:
            log.exception("the later report failed", host=order.question.target.host)
            return
        if report is not None:
            with suppress(StoreAwayError):
                await self._replies.send(self._reply(order.id, report, later=True))

    async def _lost(self, order_id: str) -> None:
        await self._replies.send(self._failure(order_id, "lost"))

    def _reply(self, order_id: str, report: Report, *, later: bool = False) -> Reply:
        if abs(self._offset) > TOLERANCE.total_seconds():
            # What is kept and shown elsewhere: when it was, not what the clock here said.
            moment = report.checked_at + timedelta(seconds=self._offset)
            report = report.model_copy(update={"checked_at": moment})
        return Reply(
            id=order_id,
            kind="later" if later else "report",
            worker=self.id,
            vantage=self._vantage.name,
            report=report,
        )

    def _failure(self, order_id: str, code: FailureCode) -> Reply:
        return Reply(
            id=order_id, kind="failure", worker=self.id, vantage=self._vantage.name, failure=code
        )


@asynccontextmanager
async def open_worker(
    settings: Settings,
    url: str,
    *,
    labels: Mapping[str, str] | None = None,
    at_once: int = AT_ONCE,
    open_vantage: OpenVantage = open_local_vantage,
    bundles: Callable[[], Sequence[MachineStore]] = find_bundles,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    metrics: Metrics | None = None,
) -> AsyncIterator[Worker]:
    """A worker that is ready to `run`; Redis being away is no error here.

    Args:
        settings: Its name (`tlscheck_vantage`), where it may connect, roots, proxies, the key.
        url: Redis' address.
        labels: What people may want to know of the place (`region=tokyo`).
        at_once: Checks at a time.
        open_vantage: Makes the place from the settings.
        bundles: Reads the machine's CA bundles.
        clock: The time.
        metrics: What its own checks are counted in.

    Raises:
        SettingsError: The extra roots cannot be read.
        StoreAddressError: The address cannot be read.
    """
    secret = settings.tlscheck_worker_key
    async with open_vantage(settings) as vantage:
        stores = await asyncio.to_thread(bundles)
        vantage.know_machine(stores)
        connection = connect(url)
        try:
            worker = Worker(
                vantage,
                connection,
                url,
                labels=labels or {},
                key=secret.get_secret_value().encode() if secret is not None else None,
                at_once=at_once,
                machine=await look_around(stores),
                clock=clock,
                metrics=metrics,
            )
            await worker.announce()
            try:
                yield worker
            finally:
                # Also when it never ran: its port was taken.
                with suppress(StoreAwayError):
                    await withdraw(connection, worker.id)
        finally:
            await connection.aclose()
