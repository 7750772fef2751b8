"""The watcher: takes the watches whose look is due, looks, and has the news told.

Any number of processes may run one each on one Redis. A look's outcome is settled there first, so
that of two watchers that took the same watch one tells; what was not told because a process died,
or because Slack did not take it, is told by whoever takes the watch next.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, Protocol

import structlog

from bot.audit import Asker, set_asker
from bot.diagnosis.question import Question
from bot.metrics import Metrics
from bot.service import Answer, CheckFailedError, PlaceFailedError, ServiceClosedError
from bot.store.connection import StoreAwayError
from bot.store.space import set_space
from bot.store.watches import LEASE, Claimed, Watches
from bot.watch import Notice, Watch, look, look_in_vain, next_attempt, next_look

log = structlog.get_logger(__name__)

Told = Literal["told", "later", "never"]
"""What came of telling: "later" is worth another attempt, "never" (the channel is gone) is not."""

LOOKS_AT_ONCE = 40
"""Looks under way: few enough that people who ask are not held up by them."""

PAUSE_SECONDS = 1.0
ATTEMPTS = 8


class Asking(Protocol):
    """The part of `bot.service.Service` that is used here."""

    async def ask(
        self,
        question: Question,
        *,
        refresh: bool = False,
        unseen: bool = False,
        vantage: str | None = None,
    ) -> Answer:
        """The newest answer."""

    async def keep(self, answer: Answer) -> None:
        """Somebody will be shown this answer."""

    async def later(self, answer: Answer) -> Answer | None:
        """The same answer once what was open in it has arrived."""


class Teller(Protocol):
    """Who can tell people."""

    async def tell(self, watch: Watch, notice: Notice) -> Told:
        """Say it where the watch wants it; never raises for what Slack answers."""


class Watcher:
    """The looks of one process; `run` until cancelled, or `aclose`."""

    def __init__(
        self,
        watches: Watches,
        service: Asking,
        teller: Teller,
        clock: Callable[[], datetime],
        *,
        metrics: Metrics | None = None,
        looks_at_once: int = LOOKS_AT_ONCE,
        lease: timedelta = LEASE,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._watches = watches
        self._service = service
        self._teller = teller
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._most = looks_at_once
        self._lease = lease
        self._pause = pause_seconds
        self._looks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in the background; `aclose` ends it."""
        self._loop = asyncio.create_task(self._run())

    async def aclose(self, drain_seconds: float = 5.0) -> None:
        """Take nothing more, let looks under way finish within the bound, end the rest."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait((self._loop,))
        if self._looks:
            _, late = await asyncio.wait(self._looks, timeout=drain_seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    async def _run(self) -> None:
        away = False
        while True:
            room = self._most - len(self._looks)
            claimed: list[Claimed] = []
            if room > 0:
                try:
                    claimed = await self._watches.claim(self._clock(), room, self._lease)
                    away = False
                except StoreAwayError:
                    if not away:
                        log.warning("watches wait until Redis is back")
                    away = True
                except Exception:
                    log.exception("watches could not be taken")
            for one in claimed:
                task = asyncio.create_task(self._attend(one))
                self._looks.add(task)
                task.add_done_callback(self._done)
            self._freed.clear()
            if claimed and len(claimed) == room:
                # There may be more that are due: go on as soon as there is room.
                await self._freed.wait()
            else:
                await asyncio.sleep(self._pause)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._looks.discard(task)
        self._freed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a look at a watch failed", exc_info=error)

    async def _attend(self, claimed: Claimed) -> None:
        watch = claimed.watch
        # Each look is a task of its own.
        set_asker(Asker("watch", user=watch.user, team=watch.team, channel=watch.channel))
        set_space(watch.space)
        late = self._clock() - claimed.due
        self._metrics.watch_looked(late.total_seconds())
        try:
            if watch.untold:
                await self._tell(watch)
            elif watch.ended:
                await self._watches.remove(watch)
            else:
                await self._look(watch)
        except StoreAwayError:
            log.debug("a watch waits until Redis is back", id=watch.id)

    async def _look(self, watch: Watch) -> None:
        try:
            answer = await self._service.ask(
                watch.question, refresh=True, unseen=True, vantage=watch.vantage
            )
        except ServiceClosedError:
            return  # the lease ends, and another process looks
        except PlaceFailedError:
            if watch.vantage is None:
                await self._look_again(watch)
            else:
                await self._note_look(watch, look_in_vain(watch, self._clock()))
            return
        except CheckFailedError:
            await self._look_again(watch)
            return
        # Nobody waits for this answer, and half of one would look as if a revoked certificate
        # were mended until the CA has answered.
        if answer.report.pending:
            later = await self._service.later(answer)
            if later is None:
                await self._look_again(watch)
                return
            answer = later
        looked = look(watch, answer.report)
        if looked.untold:
            await self._service.keep(answer)
        await self._note_look(watch, looked)

    async def _note_look(self, watch: Watch, looked: Watch) -> None:
        now = self._clock()
        if looked.ended and not looked.untold:
            await self._watches.remove(looked)
            return
        # With something to tell, the next to take it is due soon: should we die now, it is told.
        due = now + self._lease if looked.untold else next_look(looked, now)
        if await self._watches.settle(looked, watch.turn, due) and looked.untold:
            await self._tell(looked)

    async def _look_again(self, watch: Watch) -> None:
        again = watch.model_copy(update={"turn": watch.turn + 1})
        await self._watches.settle(again, watch.turn, next_look(again, self._clock()))

    async def _tell(self, watch: Watch) -> None:
        left = list(watch.untold)
        told: Told = "told"
        while left and told == "told":
            told = await self._teller.tell(watch, left[0])
            self._metrics.watch_told(told)
            if told == "told":
                left.pop(0)
        now = self._clock()
        if told == "never" or watch.attempts >= ATTEMPTS:
            log.warning("a watch ended: nobody can be told", id=watch.id, channel=watch.channel)
            await self._watches.remove(watch)
            return
        if not left and watch.ended:
            await self._watches.remove(watch)
            return
        after = watch.model_copy(
            update={
                "turn": watch.turn + 1,
                "untold": tuple(left),
                "attempts": watch.attempts + 1 if left else 0,
            }
        )
        due = next_attempt(watch, now) if left else next_look(after, now)
        await self._watches.settle(after, watch.turn, due)
