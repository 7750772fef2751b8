"""The sweeper: takes the sweeps that wait, has their hosts checked, and says how far they are.

Any number of processes may run one each on one Redis. Whoever runs a sweep holds a lease on it; one
that dies is followed by another, which asks what has no result yet. Results are written in parcels
(`bot.sweep.job`), each once.

A sweep asks how things are now: it does not read the cache. It does not fill it either, nor the
lists of what was checked lately, so that it pushes nothing out that people look at. What it found
is noted in the hosts' histories: "since when?" and "who else uses this intermediate?" are what a
sweep of everything is good for (`note`).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

import structlog

from bot.audit import Asker, note, set_asker
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report, Target
from bot.places import Places
from bot.store.connection import StoreAwayError
from bot.store.space import set_space
from bot.store.sweeps import Claimed, Sweeps
from bot.sweep import Politeness, Tally, Unanswered
from bot.sweep import sweep as run_sweep
from bot.sweep.job import (
    ANYWHERE,
    PARCEL,
    DamagedError,
    Parcel,
    State,
    Sweep,
    pack,
    unpack_rows,
    unpack_targets,
)
from bot.sweep.pace import network_of
from bot.sweep.progress import Progress, Speed
from bot.sweep.results import key_of, row_of
from bot.sweep.run import WAITS
from bot.vantage import OVERTIME_SECONDS
from bot.worker import RemoteFailureError, RemoteVantage, VantageAwayError
from bot.worker.wire import ANY

log = structlog.get_logger(__name__)

OWN_AT_ONCE: Final = 20
"""Checks of a sweep that this process itself runs at a time: a tenth of what people may have."""
OWN_RATE: Final = 50.0
"""The same a second: people's own checks need this process, too."""
PART_OF_WORKERS: Final = 0.8
"""Of the checks that workers run at a time; the rest is for people."""
MOST_AT_ONCE: Final = 2000
CHECK_SECONDS: Final = 10.0

PAUSE_SECONDS: Final = 1.0
PAINT_SECONDS: Final = 4.0
"""Between two changes of the message: chat.update is of Tier 3, 50 a minute for the whole app."""
_RETRY_SECONDS: Final = 0.5
_FAREWELL_SECONDS: Final = 3.0

Note = Callable[[Question, Report], Awaitable[None]]
_Halt = Literal["stop", "lost", "nobody", "damaged"]


class Shower(Protocol):
    """Who shows people how far a sweep is."""

    async def show(self, sweep: Sweep, progress: Progress) -> None:
        """Put it into the sweep's message; never raises for what Slack answers."""

    async def ended(self, sweep: Sweep, progress: Progress) -> None:
        """Tell that it is over; the message shows it already. Never raises either."""


class Sweeper:
    """The sweeps of one process; `start`, then `aclose`."""

    def __init__(
        self,
        sweeps: Sweeps,
        places: Places,
        shower: Shower,
        clock: Callable[[], datetime],
        *,
        politeness: Politeness,
        note: Note | None = None,
        pause_seconds: float = PAUSE_SECONDS,
        paint_seconds: float = PAINT_SECONDS,
        waits: Sequence[float] = WAITS,
        own_rate: float = OWN_RATE,
    ) -> None:
        """Nothing has begun.

        Args:
            sweeps: Where they are kept.
            places: Who checks.
            shower: Who shows.
            clock: The time.
            politeness: Bounds of each sweep.
            note: Takes each result for the histories.
            pause_seconds: Between two looks for work.
            paint_seconds: Between two changes of the message.
            waits: Before each further try where nobody answers.
            own_rate: Checks a second of a sweep for which this process itself checks.
        """
        self._sweeps = sweeps
        self._tools = _Tools(
            sweeps, places, shower, clock, politeness, note, paint_seconds, tuple(waits), own_rate
        )
        self._pause = pause_seconds
        self._runs: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._nudged = asyncio.Event()

    def start(self) -> None:
        """Begin in the background; `aclose` ends it."""
        self._loop = asyncio.create_task(self._run())

    def nudge(self) -> None:
        """There is something to do."""
        self._nudged.set()

    async def aclose(self) -> None:
        """Take nothing more, and leave what is under way to another bot, or to this one's next start."""
        tasks = [*self._runs, *([self._loop] if self._loop is not None else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self) -> None:
        away = False
        while True:
            claimed = None
            try:
                claimed = await self._sweeps.claim()
                away = False
            except StoreAwayError:
                if not away:
                    log.warning("sweeps wait until Redis is back")
                away = True
            except Exception:
                log.exception("sweeps could not be taken")
            if claimed is not None:
                task = asyncio.create_task(_Run(self._tools, claimed).run())
                self._runs.add(task)
                task.add_done_callback(self._done)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._nudged.wait()
            self._nudged.clear()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._runs.discard(task)
        self._nudged.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a sweep failed", exc_info=error)


@dataclass(frozen=True)
class _Tools:
    sweeps: Sweeps
    places: Places
    shower: Shower
    clock: Callable[[], datetime]
    politeness: Politeness
    note: Note | None
    paint_seconds: float
    waits: tuple[float, ...]
    own_rate: float
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OWN_AT_ONCE))


class _HaltedError(Exception):
    """The sweep goes on no further here."""

    def __init__(self, why: _Halt) -> None:
        super().__init__(why)
        self.why: _Halt = why


class _Run:
    """One sweep, while this process holds its lease."""

    def __init__(self, tools: _Tools, claimed: Claimed) -> None:
        self._tools = tools
        self._claimed = claimed
        self._sweep = claimed.sweep
        self._targets = b""
        self._tally = Tally()
        self._networks: Counter[str] = Counter()
        self._fresh: list[Report] = []
        self._parcels: list[Parcel] = []
        self._written = 0
        self._writing = asyncio.Lock()
        self._speed = Speed()

    async def run(self) -> None:
        """Go on with it until it is done, stopped, taken away, or this process ends."""
        sweep = self._sweep
        set_asker(Asker("sweep", user=sweep.user, team=sweep.team, channel=sweep.channel))
        set_space(sweep.space)
        painter: asyncio.Task[None] | None = None
        why: _Halt | None = None
        try:
            try:
                rest = await self._begun()
                painter = asyncio.create_task(self._paint())
                await self._work(rest)
            except* _HaltedError as halted:
                why = _first(halted).why
            finally:
                if painter is not None:
                    painter.cancel()
                    await asyncio.wait((painter,))
            await self._end(why)
        except asyncio.CancelledError:
            await self._hand_over()
            raise
        except StoreAwayError:
            log.info("a sweep waits until Redis is back", id=sweep.id)

    async def _begun(self) -> list[Target]:
        """What has no result yet."""
        id_ = self._sweep.id
        self._targets = await self._tools.sweeps.targets(id_)
        now = self._tools.clock()
        known = set()
        try:
            targets = await asyncio.to_thread(unpack_targets, self._targets)
            reports = [one async for one in self._tools.sweeps.reports(id_)]
            for packed, whole in zip(await self._tools.sweeps.rows(id_), reports, strict=False):
                rows = unpack_rows(packed)
                self._parcels.append(Parcel(len(rows), packed, whole))
                for row in rows:
                    known.add(row.key)
                    self._tally.add(row, now)
        except DamagedError as error:
            raise _HaltedError("damaged") from error
        self._written = len(self._parcels)
        rest = [one for one in targets if key_of(one) not in known]
        self._networks.update(network_of(one.host) for one in rest)
        if known:
            log.info("a sweep is continued", id=id_, done=len(known), left=len(rest))
        return rest

    async def _work(self, rest: Sequence[Target]) -> None:
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(self._keep())
            try:
                await self._ask_all(rest)
                await self._flush()
            finally:
                keeper.cancel()

    async def _ask_all(self, rest: Sequence[Target]) -> None:
        polite = self._tools.politeness
        if self._crowd() is None:
            polite = Politeness(
                min(polite.rate, self._tools.own_rate), polite.network_rate, polite.network_at_once
            )
        answers = run_sweep(
            rest, self._ask, at_once=self._at_once, politeness=polite, waits=self._tools.waits
        )
        async with aclosing(answers):
            async for answer in answers:
                if isinstance(answer, Unanswered):
                    if answer.error.code == "nobody":
                        raise _HaltedError("nobody")
                    continue
                self._fresh.append(answer)
                self._tally.add(row_of(answer), self._tools.clock())
                self._networks[network_of(answer.target.host)] -= 1
                if len(self._fresh) >= PARCEL:
                    await self._flush()

    async def _ask(self, target: Target) -> Report:
        question = Question(target=target, timeout=CHECK_SECONDS)
        place = self._crowd()
        if place is not None:
            report = await place.check(question)
        elif self._sweep.vantage not in (ANYWHERE, self._tools.places.own.name):
            raise VantageAwayError("nobody", self._sweep.vantage)
        else:
            report = await self._ask_here(question)
        if self._tools.note is not None:
            await self._tools.note(question, report)
        return report

    async def _ask_here(self, question: Question) -> Report:
        own = self._tools.places.own
        try:
            async with self._tools.slots, asyncio.timeout(question.timeout + OVERTIME_SECONDS):
                return await own.check(question)
        except TimeoutError as error:
            raise RemoteFailureError("expired", own.name) from error
        except Exception as error:
            log.exception("a check of a sweep broke", host=question.target.host)
            raise RemoteFailureError("defect", own.name) from error

    def _crowd(self) -> RemoteVantage | None:
        return self._tools.places.crowd(self._sweep.vantage or ANY)

    def _at_once(self) -> int:
        crowd = self._crowd()
        if crowd is None:
            return OWN_AT_ONCE
        room = sum(one.at_once for one in crowd.workers)
        return min(max(int(room * PART_OF_WORKERS), 1), MOST_AT_ONCE)

    async def _keep(self) -> None:
        """Keep the lease, hear whether to stop, and write what has come."""
        pause = self._tools.sweeps.lease.total_seconds() / 6
        while True:
            await asyncio.sleep(pause)
            with suppress(StoreAwayError):
                went, stop = await self._tools.sweeps.keep(self._claimed)
                if went == "lost":
                    raise _HaltedError("lost")
                if went == "gone":
                    async with self._writing:
                        await self._restore()
                if stop:
                    raise _HaltedError("stop")
            await self._flush()

    async def _flush(self) -> None:
        """Write what has come; waits while Redis is away."""
        async with self._writing:
            while self._fresh or self._written < len(self._parcels):
                if self._fresh:
                    some = self._fresh[:PARCEL]
                    parcel = await asyncio.to_thread(pack, some)
                    # In one step: a cancelled task leaves each result in one of the two.
                    self._parcels.append(parcel)
                    del self._fresh[: len(some)]
                try:
                    await self._write()
                except StoreAwayError:
                    await asyncio.sleep(_RETRY_SECONDS)

    async def _write(self) -> None:
        while self._written < len(self._parcels):
            number = self._written
            went = await self._tools.sweeps.write(self._claimed, number, self._parcels[number])
            if went == "lost":
                raise _HaltedError("lost")
            if went == "gone":
                await self._restore()
            else:
                self._written = number + 1

    async def _restore(self) -> None:
        if await self._tools.sweeps.restore(self._claimed, self._targets) == "lost":
            raise _HaltedError("lost")
        log.warning("Redis forgot a sweep; it is written anew", id=self._sweep.id)
        self._written = 0

    async def _end(self, why: _Halt | None) -> None:
        sweep = self._sweep
        if why == "lost":
            log.warning("a sweep was taken over by another bot", id=sweep.id)
            return
        if why != "damaged":
            await self._flush()
        standing = await self._tools.sweeps.standing(sweep.id)
        stopped_by = standing.by if standing is not None and why == "stop" else ""
        state: State = "done" if why is None else "stopped"
        reason: str = why if why in ("nobody", "damaged") else ""
        progress = self._progress(
            state, by=self._claimed.by if state == "done" else stopped_by, reason=reason
        )
        # Shown before it is left: should this process die in between, the next one shows it again.
        async with self._kept():
            await self._tools.shower.show(sweep, progress)
        if not await self._tools.sweeps.leave(self._claimed, state, reason):
            return
        broken = progress.tally.verdicts["broken"]
        note(f"sweep {state}", id=sweep.id, hosts=sweep.count, done=progress.done, broken=broken)
        await self._tools.shower.ended(sweep, progress)

    @asynccontextmanager
    async def _kept(self) -> AsyncIterator[None]:
        """Keep the lease until the end of the block."""

        async def keep() -> None:
            while True:
                with suppress(StoreAwayError):
                    await self._tools.sweeps.keep(self._claimed)
                await asyncio.sleep(self._tools.sweeps.lease.total_seconds() / 6)

        keeper = asyncio.create_task(keep())
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.wait((keeper,))

    async def _hand_over(self) -> None:
        """This process ends: another one goes on at once."""
        with suppress(StoreAwayError, TimeoutError, _HaltedError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._flush()
                await self._tools.sweeps.leave(self._claimed, None)

    async def _paint(self) -> None:
        shown: tuple[int, tuple[str, ...]] | None = None
        pause = self._tools.paint_seconds / 4
        while True:
            progress = self._progress("running", by=self._claimed.by)
            if (progress.done, progress.places) != shown:
                await self._tools.shower.show(self._sweep, progress)
                shown = progress.done, progress.places
            # At first somebody looks whether it goes on.
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._tools.paint_seconds)

    def _progress(self, state: State, *, by: str = "", reason: str = "") -> Progress:
        done, total = self._tally.total, self._sweep.count
        rate = self._speed.at(asyncio.get_running_loop().time(), done)
        crowd = self._crowd()
        workers = crowd.workers if crowd is not None else ()
        left = None
        if rate > 0:
            # The largest network takes its time, however fast the others are.
            largest = max(self._networks.values(), default=0)
            left = max((total - done) / rate, largest / self._tools.politeness.network_rate)
        return Progress(
            state=state,
            total=total,
            tally=self._tally,
            now=self._tools.clock(),
            by=by,
            reason=reason,
            rate=rate,
            left_seconds=left,
            workers=len(workers),
            places=tuple(dict.fromkeys(one.vantage for one in workers)),
        )


def _first(group: BaseExceptionGroup[_HaltedError]) -> _HaltedError:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, _HaltedError)  # noqa: S101 - except* gave nothing else
    return found
