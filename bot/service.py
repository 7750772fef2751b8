"""The newest answer to a question: from the cache, from a check under way, or from a new check.

The way of one question: the cache in Redis → a run of this process that others wait for already →
the lock of all processes → one check at the vantage → stored, waiters told. What the check left
open arrives later as an update of the same result (`bot.update`). Redis makes this cheaper and
shared; without it every question is still answered.

Nothing of Slack and nothing about TLS is known here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
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
from bot.places import Places
from bot.store.connection import StoreAwayError
from bot.store.lock import Busy, Lock
from bot.store.notice import Waiter
from bot.store.results import Record, question_key
from bot.store.store import Store
from bot.update import Updates
from bot.vantage import OVERTIME_SECONDS, Vantage
from bot.worker.errors import RemoteError, VantageAwayError

log = structlog.get_logger(__name__)

Source = Literal["fresh", "cache", "joined"]

RUNNING_CHECKS = 200
"""Checks that one process runs at a time; further ones wait in the order they came."""

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


class PlaceFailedError(CheckFailedError):
    """The place that was to be asked gave no Report; `reason` says why, as a sentence in `worker`."""

    def __init__(self, question: Question, reason: RemoteError) -> None:
        super().__init__(question)
        self.reason = reason


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


@dataclass(frozen=True, slots=True)
class _Job:
    """A question at one place, for one asker; `known` is a result that does not count as new."""

    key: str
    question: Question
    place: Vantage
    known: str | None
    permit: Permit | None
    unseen: bool = False


class Service:
    """Answers questions, each as cheaply as possible and none twice at once.

    The vantage, the places and the store stay their owner's; close the service before them.
    """

    def __init__(
        self,
        vantage: Vantage,
        store: Store,
        *,
        places: Places | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        cache_seconds: int = 300,
        running_checks: int = RUNNING_CHECKS,
        metrics: Metrics | None = None,
    ) -> None:
        self._vantage = vantage
        self._places = places or Places(vantage)
        self._store = store
        self._clock = clock
        self._cache_seconds = cache_seconds
        self._metrics = metrics or Metrics()
        # asyncio's semaphore serves in the order of asking.
        self._slots = asyncio.Semaphore(running_checks)
        self._runs: Flights[_Outcome] = Flights()
        self._chronicle = Chronicle(store)
        self._updates = Updates(store, self._chronicle, clock=clock, cache_seconds=cache_seconds)
        self._closing = False

    @property
    def vantage_name(self) -> str:
        """What the place is called that checks run from, unless another one is named."""
        return self._vantage.name

    async def ask(
        self,
        question: Question,
        *,
        refresh: bool = False,
        permit: Permit | None = None,
        vantage: str | None = None,
        unseen: bool = False,
    ) -> Answer:
        """The newest answer.

        Args:
            question: What is asked.
            refresh: Pass over what is cached; a check that is under way counts as new.
            permit: Asked only when this asker's question makes a check run. What is cached, and
                the check of somebody else that is shared, need no permission: 500 people who
                ask the same are one check.
            vantage: The place to ask, by name; None: this process' own. Answers of one place are
                never given for another, and each place has a history of its own.
            unseen: Nobody is shown the answer, unless `keep` is called with it: then it need not
                be kept for a day.

        Raises:
            NotPermittedError: From `permit`.
            CheckFailedError: The check itself broke; or PlaceFailedError: nobody is at that place,
                or it gave no Report; or ServiceClosedError: the program is ending.
        """
        if self._closing:
            raise ServiceClosedError(question)
        place = await self._place(question, vantage)
        try:
            roots = place.roots_digest(question)
        except Exception as error:
            log.exception("trust store not read", vantage=place.name)
            raise CheckFailedError(question) from error
        key = question_key(question, place.name, roots)
        known: str | None = None
        try:
            if refresh or self._cache_seconds == 0:
                # What exists before the asking is what a refresh does not want.
                known = await self._store.results.newest_id(key)
            elif (record := await self._store.results.newest(key)) is not None:
                self._metrics.answered("cache")
                record = record if unseen else await self._shown(record)
                return self._answer(record, question, "cache", stored=True)
        except StoreAwayError:
            pass
        outcome = await self._join(_Job(key, question, place, known, permit, unseen))
        self._metrics.answered(outcome.source)
        record = outcome.record if unseen else await self._shown(outcome.record)
        return self._answer(record, question, outcome.source, stored=outcome.stored)

    async def keep(self, answer: Answer) -> None:
        """Somebody will be shown this answer, though it was asked for `unseen`."""
        await self._shown(answer.record)

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
        return self._answer(await self._shown(record), record.question, "cache", stored=True)

    async def aclose(self, drain_seconds: float = DRAIN_SECONDS) -> None:
        """Take no further questions, let running checks finish within the bound, end the rest."""
        self._closing = True
        await self._runs.aclose(drain_seconds)
        await self._updates.aclose(0.0)

    async def _shown(self, record: Record) -> Record:
        with suppress(StoreAwayError):
            return await self._store.results.show(record)
        return record

    def _answer(
        self, record: Record, question: Question, source: Source, *, stored: bool
    ) -> Answer:
        age = timedelta(0)
        if source != "fresh":
            # Another machine's clock may be ahead of ours.
            age = max(age, self._clock() - record.report.checked_at)
        return Answer(record.asked_as(question), age, source, stored)

    async def _place(self, question: Question, name: str | None) -> Vantage:
        if name is None or name == self._vantage.name:
            return self._vantage
        try:
            return await self._places.find(name)
        except RemoteError as error:
            raise PlaceFailedError(question, error) from error

    async def _join(self, job: _Job) -> _Outcome:
        while True:
            if self._closing:
                raise ServiceClosedError(job.question)
            task, started = self._runs.join(job.key, lambda: self._run(job))
            try:
                outcome = await landed(task)
            except FlightCancelledError:
                raise ServiceClosedError(job.question) from None
            except NotPermittedError:
                if started:
                    raise
                # Another asker may have no check; this one has to ask for their own.
                continue
            except PlaceFailedError as error:
                raise PlaceFailedError(job.question, error.reason) from error.__cause__
            except CheckFailedError as error:
                # One error object for many askers would collect all their tracebacks.
                raise CheckFailedError(job.question) from error.__cause__
            except Exception as error:
                log.exception("answering failed", key=job.key)
                raise CheckFailedError(job.question) from error
            if started:
                return outcome
            # The run may have been started by somebody for whom a stored result was good enough.
            if job.known is None or outcome.record.report.id != job.known:
                return _Outcome(outcome.record, "joined", outcome.stored)

    async def _run(self, job: _Job) -> _Outcome:
        """One outcome for all askers of this process: our own check, or another process' one."""
        try:
            async with self._slots:
                lock = await self._store.locks.take(job.key)
                if isinstance(lock, Lock):
                    return await self._run_locked(lock, job)
            async with self._store.notices.listen(job.key) as waiter:
                outcome = await self._follow(waiter, lock, job)
            if outcome is not None:
                return outcome
            log.warning("another process' check takes too long; checking here", key=job.key)
        except StoreAwayError:
            pass
        async with self._slots:
            return await self._check(job)

    async def _follow(self, waiter: Waiter, busy: Busy, job: _Job) -> _Outcome | None:
        """Wait for another process' check; take its place when it dies."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + job.question.timeout + OVERTIME_SECONDS
        result_id: str | None = None
        while (left := give_up - loop.time()) > 0:
            if result_id is not None and result_id != job.known:
                record = await self._store.results.answer(result_id, job.key)
            else:
                record = await self._store.results.newest(job.key, other_than=job.known)
            if record is not None:
                return _Outcome(record, "joined", stored=True)
            async with self._slots:
                lock = await self._store.locks.take(job.key)
                if isinstance(lock, Lock):
                    return await self._run_locked(lock, job)
            busy = lock
            # A little beyond the lease, so that the one look finds it ended.
            result_id = await waiter.wait(min(busy.seconds_left + 0.02, LOOK_SECONDS, left))
        return None

    async def _run_locked(self, lock: Lock, job: _Job) -> _Outcome:
        result_id = ""
        try:
            async with lock.kept():
                # Another process may have finished between our look and our lock.
                if self._cache_seconds and (
                    record := await self._store.results.newest(job.key, other_than=job.known)
                ):
                    return _Outcome(record, "joined", stored=True)
                outcome = await self._check(job)
                if outcome.stored:
                    result_id = outcome.record.report.id
                return outcome
        finally:
            try:
                await lock.release(result_id)
            except StoreAwayError:
                log.debug("lock not released; its lease ends by itself", key=job.key)

    async def _check(self, job: _Job) -> _Outcome:
        if job.permit is not None:
            await job.permit()
        begun = perf_counter()
        with self._metrics.check_running():
            report = await self._report_of(job)
        self._metrics.check_done(report.verdict, report.cause, perf_counter() - begun)
        named = job.place.name if job.place is not self._vantage else None
        record = Record(
            key=job.key, question=job.question, report=report, unseen=job.unseen, place=named
        )
        record = await self._chronicle.compared(record)
        try:
            await self._store.results.put(record, cache_for(report, self._cache_seconds))
        except StoreAwayError:
            stored = False
        else:
            stored = True
        self._updates.begin(record, job.place)
        return _Outcome(record, "fresh", stored=stored)

    async def _report_of(self, job: _Job) -> Report:
        question, place = job.question, job.place
        try:
            async with asyncio.timeout(question.timeout + OVERTIME_SECONDS):
                report = await place.check(question)
        except Exception as error:
            self._metrics.check_failed()
            remote: RemoteError | None = error if isinstance(error, RemoteError) else None
            if isinstance(error, TimeoutError) and place is not self._vantage:
                remote = VantageAwayError("silent", place.name)
            if remote is not None:
                log.warning("a place gave no report", vantage=place.name, reason=remote.code)
                raise PlaceFailedError(question, remote) from error
            log.exception("check failed", host=question.target.host, vantage=place.name)
            raise CheckFailedError(question) from error
        # Histories are kept by this name: no place writes in that of another.
        return named_for(place, report)


def named_for(place: Vantage, report: Report) -> Report:
    """The Report under the name by which its place was asked."""
    if report.vantage == place.name:
        return report
    return report.model_copy(update={"vantage": place.name})
