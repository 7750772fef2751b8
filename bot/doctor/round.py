"""The doctor's round: all looks side by side, each bounded; one that fails stops no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.doctor.clock import judge_clocks
from bot.doctor.finding import AREAS, Area, Finding, Sight, wrong

log = structlog.get_logger(__name__)

LOOK_SECONDS = 12.0
"""Longer than each look's own bounds: these name what was waited for."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one area."""

    area: Area
    run: Callable[[], Awaitable[Sight]]


async def make_round(
    looks: Sequence[Look], *, seconds: float = LOOK_SECONDS
) -> tuple[Finding, ...]:
    """All findings, by area.

    Args:
        looks: Run at the same time.
        seconds: The bound of each.
    """
    sights = await asyncio.gather(*(_bounded(one, seconds) for one in looks))
    clocks = [one for sight in sights for one in sight.clocks]
    findings = [one for sight in sights for one in sight.findings]
    findings += judge_clocks(clocks)
    order: dict[str, int] = {area: place for place, area in enumerate(AREAS)}
    return tuple(sorted(findings, key=lambda one: order[one.area]))


async def _bounded(look: Look, seconds: float) -> Sight:
    try:
        async with asyncio.timeout(seconds):
            return await look.run()
    except TimeoutError:
        return Sight((wrong(look.area, "slow", seconds=int(seconds)),))
    except Exception as error:
        log.exception("a look broke", area=look.area)
        return Sight((wrong(look.area, "broke", error=type(error).__name__),))
