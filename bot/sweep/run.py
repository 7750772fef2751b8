"""Asking: so many at a time, in the order of `pace`, again where a place was away."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.diagnosis.report import Report, Target
from bot.sweep.pace import Pace, Politeness
from bot.worker.errors import RemoteError, VantageAwayError

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
"""Seconds before each further try where nobody answered: together half a minute, and a try's own."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A target without a result, and why; the sweep may be continued with it."""

    target: Target
    error: RemoteError


_ANOTHER_MAY = frozenset({"expired", "version", "signature"})
"""Refusals after which it is worth asking again: the queue was long, or one worker is set up wrongly."""

_Check = asyncio.Task[Report | Unanswered]


async def sweep(
    targets: Sequence[Target],
    ask: Callable[[Target], Awaitable[Report]],
    *,
    at_once: Callable[[], int],
    politeness: Politeness,
    waits: Sequence[float] = WAITS,
) -> AsyncGenerator[Report | Unanswered, None]:
    """One result for each target, in the order in which they come.

    Args:
        targets: Each once.
        ask: Has one checked; RemoteError where there is no answer.
        at_once: How many may be under way now; it may change with the workers that live.
        politeness: Bounds.
        waits: Before each further try.
    """
    loop = asyncio.get_running_loop()
    pace = Pace(targets, politeness)
    running: dict[_Check, Target] = {}
    ended: asyncio.Queue[_Check] = asyncio.Queue()

    async def one(target: Target) -> Report | Unanswered:
        for wait in (*waits, None):
            try:
                return await ask(target)
            except RemoteError as error:
                again = isinstance(error, VantageAwayError) or error.code in _ANOTHER_MAY
                if wait is None or not again:
                    return Unanswered(target, error)
                await asyncio.sleep(wait)
        raise AssertionError

    try:
        while pace.left or running:
            wait: float | None = None
            while len(running) < max(1, at_once()):
                target, pause = pace.next(loop.time())
                if target is None:
                    wait = None if pause == float("inf") else pause
                    break
                task = asyncio.create_task(one(target))
                running[task] = target
                task.add_done_callback(ended.put_nowait)
            over = await _next(ended, wait)
            while over is not None:
                pace.ended(running.pop(over))
                yield over.result()
                over = None if ended.empty() else ended.get_nowait()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _next(ended: asyncio.Queue[_Check], wait: float | None) -> _Check | None:
    """The first check that ends; None when none does within the wait."""
    try:
        async with asyncio.timeout(wait):
            return await ended.get()
    except TimeoutError:
        return None
