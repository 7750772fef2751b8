"""How many checks a person and a channel may have in a minute.

The check that runs is what counts: an answer from the cache, somebody else's check that is shared
(500 people who ask for one host in an incident are one check), explanations, help and lists are
free. Redis being away refuses nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import timedelta
from typing import Literal

import structlog

from bot.audit import Asker
from bot.service import NotPermittedError
from bot.store.rates import Rate, Rates
from handlers.owed.delivery import is_resumed
from handlers.slack.measure import Measures

log = structlog.get_logger(__name__)

PER = timedelta(minutes=1)
TAKE_SECONDS = 0.5
"""How long Redis may take to count, before nothing is counted."""

Whose = Literal["person", "channel", "step"]


TOGETHER = 10
"""Checks of one comparison, each at another place, that count as one."""


class _Together:
    """What the checks of one comparison have taken so far."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.taken = 0
        self.refused: TooOftenError | None = None


_TOGETHER: ContextVar[_Together | None] = ContextVar("together", default=None)


def count_together() -> None:
    """From now on the checks of this task, and of those it starts, count as one for every ten.

    A comparison is one question; with each place as one, it would use up what a person has in a
    minute. With all of them as one, 30 questions a minute would be 1500 checks of one server.
    """
    _TOGETHER.set(_Together())


class TooOftenError(NotPermittedError):
    """The allowance of this person, or of this channel, is used up for `wait`."""

    def __init__(self, whose: Whose, wait: timedelta) -> None:
        super().__init__(f"{whose}: {wait}")
        self.whose: Whose = whose
        self.wait = wait


def permit_by(
    rates: Rates, measures: Measures, *, person: int, channel: int
) -> Callable[[Asker], Awaitable[None]]:
    """What every check that people ask for has to pass.

    Args:
        rates: The allowances in Redis.
        measures: Counts who is told to wait.
        person: Checks a minute for one person; 0: as many as they like.
        channel: The same for all who ask in one channel together, and for all workflows together.
    """

    async def permit(asker: Asker) -> None:
        together = _TOGETHER.get()
        if together is None:
            await permit_one(asker)
            return
        # One after the other: the next nine are free only once the first was permitted.
        async with together.lock:
            if together.refused is not None:
                raise TooOftenError(together.refused.whose, together.refused.wait)
            if together.taken % TOGETHER == 0:
                try:
                    await permit_one(asker)
                except TooOftenError as error:
                    together.refused = error
                    raise
            together.taken += 1

    async def permit_one(asker: Asker) -> None:
        if asker.surface == "watch" or is_resumed():
            # Looks are spread over time, and bounded by how much a channel may watch; what another
            # bot had begun was counted there.
            return
        allowances: tuple[tuple[Whose, str, int], ...] = (
            ("person", asker.user, person),
            ("channel", asker.channel, channel),
            # Slack says of a workflow neither who began it nor where: all of them are one asker.
            ("step", asker.surface if asker.surface == "step" else "", channel),
        )
        for whose, id_, most in allowances:
            if not id_ or not most:
                continue
            wait = await _take(rates, whose, f"{asker.team}\n{id_}", most)
            if wait is not None:
                measures.told_to_wait.labels(whose).inc()
                raise TooOftenError(whose, wait)

    return permit


async def _take(rates: Rates, whose: Whose, who: str, most: int) -> timedelta | None:
    try:
        async with asyncio.timeout(TAKE_SECONDS):
            return await rates.take(whose, who, Rate(most, PER))
    except TimeoutError:
        log.info("not counted: Redis is slow", kind=whose)
        return None
