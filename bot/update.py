"""The update of an answer: what a check left open arrives, and takes the first answer's place.

In the process that ran the check the vantage is waited for; the later Report is stored under the
same id and the waiters of every process are told. In another process the store is looked at until
the update is there. Each wait is bounded, one for all askers of a result, and ends with the owner.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from bot.chronicle import Chronicle
from bot.diagnosis.later import time_left
from bot.flight import FlightCancelledError, Flights, landed
from bot.freshness import cache_for
from bot.store.connection import StoreAwayError
from bot.store.results import Record
from bot.store.store import Store
from bot.vantage import Vantage

log = structlog.get_logger(__name__)

OVERTIME_SECONDS = 2.0
"""Beyond the vantage's own bound: for judging, storing, and another process' notice."""

LOOK_SECONDS = 1.0
"""How often a waiter looks for itself, should the notice be lost."""


class Updates:
    """The updates that this process makes or waits for."""

    def __init__(
        self,
        store: Store,
        chronicle: Chronicle,
        *,
        clock: Callable[[], datetime],
        cache_seconds: int,
    ) -> None:
        self._store = store
        self._chronicle = chronicle
        self._clock = clock
        self._cache_seconds = cache_seconds
        self._flights: Flights[Record | None] = Flights()

    def __len__(self) -> int:
        return len(self._flights)

    def begin(self, record: Record, place: Vantage) -> None:
        """See to the update of a result whose check this process had done at that place."""
        if record.report.pending:
            self._flights.join(record.report.id, lambda: self._make(record, place))

    async def of(self, record: Record) -> Record | None:
        """The result with what was open in it, once that has arrived.

        Returns:
            None when nothing is open, nothing came in time, or the program is ending.
        """
        if not record.report.pending:
            return None
        task, _ = self._flights.join(record.report.id, lambda: self._follow(record))
        try:
            return await landed(task)
        except FlightCancelledError:
            return None

    async def aclose(self, drain_seconds: float) -> None:
        """Let updates arrive within the bound, end the rest."""
        await self._flights.aclose(drain_seconds)

    async def _make(self, record: Record, place: Vantage) -> Record | None:
        first = record.report
        try:
            async with asyncio.timeout(self._left(record)):
                report = await place.later(first)
        except TimeoutError:
            report = None
        except Exception:
            # The first answer stands, for the short time of one that waits for its update.
            log.exception("update failed", host=first.target.host, vantage=first.vantage)
            report = None
        if report is None:
            await self._chronicle.compared(record, final=True)
            return None
        # Of the same place, whatever the place says of itself.
        report = report.model_copy(update={"id": first.id, "vantage": first.vantage})
        later = await self._chronicle.compared(
            record.model_copy(update={"report": report}), final=True
        )
        age = self._clock() - report.checked_at
        try:
            await self._store.results.replace(later, cache_for(report, self._cache_seconds) - age)
            await self._store.notices.tell(report.id, report.id)
        except StoreAwayError:
            log.debug("update not stored", id=report.id)
        return later

    async def _follow(self, record: Record) -> Record | None:
        result_id = record.report.id
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._left(record)
        try:
            async with self._store.notices.listen(result_id) as waiter:
                while True:
                    found = await self._store.results.get(result_id)
                    if found is not None and not found.report.pending:
                        return found
                    left = give_up - loop.time()
                    if left <= 0:
                        return None
                    await waiter.wait(min(LOOK_SECONDS, left))
        except StoreAwayError:
            return None

    def _left(self, record: Record) -> float:
        # Another machine's clock may be ahead of ours.
        left = time_left(record.report.checked_at, self._clock())
        return max(left, 0.0) + OVERTIME_SECONDS
