"""The newest answer to a question: from the cache, from a check under way, or from a new check.

The way of one question: the cache in Redis → a run of this process that others wait for already →
the lock of all processes → one check at the vantage → stored, waiters told. What the check left
open arrives later as an update of the same result (`bot.update`). Redis makes this cheaper and
shared; without it every question is still answered.

Nothing of Slack and nothing about TLS is known here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Literal

import structlog

from bot.chronicle import Chronicle
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.flight import FlightCancelledError, Flights, landed
from bot.freshness import cache_for
from bot.metrics import Metrics
from bot.store.connection import StoreAwayError
from bot.store.lock import Busy, Lock
from bot.store.notice import Waiter
from bot.store.results import Record, question_key
from bot.store.store import Store
from bot.update import Updates
from bot.vantage import Vantage

log = structlog.get_logger(__name__)

Source = Literal["fresh", "cache", "joined"]

RUNNING_CHECKS = 200
"""Checks that one process runs at a time; further ones wait in the order they came."""

OVERTIME_SECONDS = 5.0
"""Beyond the question's own timeout: when a vantage, or another process' check, is given up."""

LOOK_SECONDS = 1.0
"""How often a waiter looks for itself, should the notice be lost."""

DRAIN_SECONDS = 10.0


class CheckFailedError(Exception):
    """The check itself broke (a defect of ours, or a vantage that is gone); no verdict exists.

    `question` is what was asked; the reason is the `__cause__`, and in the log.
    """

    def __init__(self, question: Question) -> None:
        super().__init__(f"the check of {question.target.host} failed")
        self.question = question


class NotPermittedError(Exception):
    """The asker may have no further check now; none was made."""


Permit = Callable[[], Awaitable[None]]
"""Asked before a check runs; raises NotPermittedError when this asker may have none now."""


class ServiceClosedError(CheckFailedError):
    """The program is ending; the question was not answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and how it came about.

    `age` is zero when fresh. `source`: "joined" means that a check somebody else had asked for was
    shared. `stored` is False when nothing could be cached.
    """

    record: Record
    age: timedelta
    source: Source
    stored: bool

    @property
    def report(self) -> Report:
        """The record's Report."""
        return self.record.report


@dataclass(frozen=True, slots=True)
class _Outcome:
    record: Record
    source: Source
    stored: bool


class Service:
    """Answers questions, each as cheaply as possible and none twice at once.

    The vantage and the store stay their owner's; close the service before them.
    """

    def __init__(
        self,
        vantage: Vantage,
        store: Store,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        cache_seconds: int = 300,
        running_checks: int = RUNNING_CHECKS,
        metrics: Metrics | None = None,
    ) -> None:
        self._vantage = vantage
        self._store = store
        self._clock = clock
        self._cache_seconds = cache_seconds
        self._metrics = metrics or Metrics()
        # asyncio's semaphore serves in the order of asking.
        self._slots = asyncio.Semaphore(running_checks)
        self._runs: Flights[_Outcome] = Flights()
        self._chronicle = Chronicle(store)
        self._updates = Updates(
            vantage, store, self._chronicle, clock=clock, cache_seconds=cache_seconds
        )
        self._closing = False

    @property
    def vantage_name(self) -> str:
        """What the place is called that checks run from."""
        return self._vantage.name

    async def ask(
        self, question: Question, *, refresh: bool = False, permit: Permit | None = None
    ) -> Answer:
        """The newest answer.

        Args:
            question: What is asked.
            refresh: Pass over what is cached; a check that is under way counts as new.
            permit: Asked only when this asker's question makes a check run. What is cached, and
                the check of somebody else that is shared, need no permission: 500 people who
                ask the same are one check.

        Raises:
            NotPermittedError: From `permit`.
            CheckFailedError: The check itself broke; or ServiceClosedError: the program is ending.
        """
        if self._closing:
            raise ServiceClosedError(question)
        try:
            roots = self._vantage.roots_digest(question)
        except Exception as error:
            log.exception("trust store not read", vantage=self._vantage.name)
            raise CheckFailedError(question) from error
        key = question_key(question, self._vantage.name, roots)
        known: str | None = None
        try:
            if refresh or self._cache_seconds == 0:
                # What exists before the asking is what a refresh does not want.
                known = await self._store.results.newest_id(key)
            elif (record := await self._store.results.newest(key)) is not None:
                self._metrics.answered("cache")
                return self._answer(record, question, "cache", stored=True)
        except StoreAwayError:
            pass
        outcome = await self._join(key, question, known, permit)
        self._metrics.answered(outcome.source)
        return self._answer(outcome.record, question, outcome.source, stored=outcome.stored)

    async def later(self, answer: Answer) -> Answer | None:
        """The answer with what was still open in it, for the same asker; waits until that is there.

        Returns:
            None when nothing is open (`Report.pending` is empty), nothing came in time, or the
            program is ending.
        """
        if self._closing:
            return None
        record = await self._updates.of(answer.record)
        if record is None:
            return None
        return self._answer(record, answer.record.question, answer.source, stored=answer.stored)

    async def recall(self, result_id: str) -> Answer | None:
        """An earlier answer by its Report's id, for 24 hours.

        Returns:
            None when there is none (any more), or when Redis is away and this process did not see
            it lately.
        """
        try:
            record = await self._store.results.get(result_id)
        except StoreAwayError:
            return None
        if record is None:
            return None
        return self._answer(record, record.question, "cache", stored=True)

    async def aclose(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """Take no further questions, let running checks finish within the bound, end the rest."""
        self._closing = True
        await self._runs.aclose(drain_seconds)
        await self._updates.aclose(0.0)

    def _answer(
        self, record: Record, question: Question, source: Source, *, stored: bool
    ) -> Answer:
        age = timedelta(0)
        if source != "fresh":
            # Another machine's clock may be ahead of ours.
            age = max(age, self._clock() - record.report.checked_at)
        return Answer(record.asked_as(question), age, source, stored)

    async def _join(
        self, key: str, question: Question, known: str | None, permit: Permit | None
    ) -> _Outcome:
        while True:
            if self._closing:
                raise ServiceClosedError(question)
            task, started = self._runs.join(key, lambda: self._run(key, question, known, permit))
            try:
                outcome = await landed(task)
            except FlightCancelledError:
                raise ServiceClosedError(question) from None
            except NotPermittedError:
                if started:
                    raise
                # Another asker may have no check; this one has to ask for their own.
                continue
            except CheckFailedError as error:
                # One error object for many askers would collect all their tracebacks.
                raise CheckFailedError(question) from error.__cause__
            except Exception as error:
                log.exception("answering failed", key=key)
                raise CheckFailedError(question) from error
            if started:
                return outcome
            # The run may have been started by somebody for whom a stored result was good enough.
            if known is None or outcome.record.report.id != known:
                return _Outcome(outcome.record, "joined", outcome.stored)

    async def _run(
        self, key: str, question: Question, known: str | None, permit: Permit | None
    ) -> _Outcome:
        """One outcome for all askers of this process: our own check, or another process' one."""
        try:
            async with self._slots:
                lock = await self._store.locks.take(key)
                if isinstance(lock, Lock):
                    return await self._run_locked(lock, key, question, known, permit)
            async with self._store.notices.listen(key) as waiter:
                outcome = await self._follow(waiter, lock, key, question, known, permit)
            if outcome is not None:
                return outcome
            log.warning("another process' check takes too long; checking here", key=key)
        except StoreAwayError:
            pass
        async with self._slots:
            return await self._check(key, question, permit)

    async def _follow(  # noqa: PLR0917 - what is asked, and where it is waited for
        self,
        waiter: Waiter,
        busy: Busy,
        key: str,
        question: Question,
        known: str | None,
        permit: Permit | None,
    ) -> _Outcome | None:
        """Wait for another process' check; take its place when it dies."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + question.timeout + OVERTIME_SECONDS
        result_id: str | None = None
        while (left := give_up - loop.time()) > 0:
            if result_id is not None and result_id != known:
                record = await self._store.results.answer(result_id, key)
            else:
                record = await self._store.results.newest(key, other_than=known)
            if record is not None:
                return _Outcome(record, "joined", stored=True)
            async with self._slots:
                lock = await self._store.locks.take(key)
                if isinstance(lock, Lock):
                    return await self._run_locked(lock, key, question, known, permit)
            busy = lock
            # A little beyond the lease, so that the one look finds it ended.
            result_id = await waiter.wait(min(busy.seconds_left + 0.02, LOOK_SECONDS, left))
        return None

    async def _run_locked(
        self,
        lock: Lock,
        key: str,
        question: Question,
        known: str | None,
        permit: Permit | None,
    ) -> _Outcome:
        result_id = ""
        try:
            async with lock.kept():
                # Another process may have finished between our look and our lock.
                if self._cache_seconds and (
                    record := await self._store.results.newest(key, other_than=known)
                ):
                    return _Outcome(record, "joined", stored=True)
                outcome = await self._check(key, question, permit)
                if outcome.stored:
                    result_id = outcome.record.report.id
                return outcome
        finally:
            try:
                await lock.release(result_id)
            except StoreAwayError:
                log.debug("lock not released; its lease ends by itself", key=key)

    async def _check(self, key: str, question: Question, permit: Permit | None) -> _Outcome:
        if permit is not None:
            await permit()
        begun = perf_counter()
        with self._metrics.check_running():
            try:
                async with asyncio.timeout(question.timeout + OVERTIME_SECONDS):
                    report = await self._vantage.check(question)
            except Exception as error:
                log.exception("check failed", host=question.target.host, vantage=self._vantage.name)
                self._metrics.check_failed()
                raise CheckFailedError(question) from error
        self._metrics.check_done(report.verdict, report.cause, perf_counter() - begun)
        record = Record(key=key, question=question, report=report)
        record = await self._chronicle.compared(record)
        try:
            await self._store.results.put(record, cache_for(report, self._cache_seconds))
        except StoreAwayError:
            stored = False
        else:
            stored = True
        self._updates.begin(record)
        return _Outcome(record, "fresh", stored=stored)
