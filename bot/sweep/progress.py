"""How far a sweep is: of one that runs, and of one that only lies in Redis."""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.store.sweeps import Sweeps
from bot.sweep.job import DamagedError, Standing, State, unpack_rows
from bot.sweep.tally import Tally

_SPEED_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Progress:
    """How far a sweep is. `left_seconds` is None while nothing can be said.

    `by` brought it into this state (empty: nobody), `reason` says why it ended by itself, `places`
    are who checks; none: the bot itself.
    """

    state: State
    total: int
    tally: Tally
    now: datetime
    by: str = ""
    reason: str = ""
    rate: float = 0.0
    left_seconds: float | None = None
    workers: int = 0
    places: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        """Hosts with a result."""
        return self.tally.total


@dataclass
class Speed:
    """Results a second, of late."""

    seen: deque[tuple[float, int]] = field(default_factory=deque)

    def at(self, now: float, done: int) -> float:
        """The rate as of `now` (seconds of any clock), when `done` are done."""
        self.seen.append((now, done))
        while len(self.seen) > 2 and now - self.seen[1][0] >= _SPEED_SECONDS:
            self.seen.popleft()
        then, before = self.seen[0]
        return (done - before) / (now - then) if now - then > 0.5 else 0.0


async def progress_of(sweeps: Sweeps, standing: Standing, now: datetime) -> Progress:
    """How far a sweep is that nobody runs now, from what was stored.

    Raises:
        StoreAwayError: Redis is away.
    """
    tally = Tally()
    with suppress(DamagedError):
        for packed in await sweeps.rows(standing.sweep.id):
            for row in unpack_rows(packed):
                tally.add(row, now)
    return Progress(
        state=standing.state,
        total=standing.sweep.count,
        tally=tally,
        now=now,
        by=standing.by,
        reason=standing.reason,
    )
