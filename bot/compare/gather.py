"""Asking all places at once: each through the service, each answer as it comes, all bounded."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Protocol

from bot.compare.comparison import FailureCode, Seen
from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.places import Places
from bot.service import (
    Answer,
    CheckFailedError,
    NotPermittedError,
    PlaceFailedError,
    ServiceClosedError,
)
from bot.worker.presence import Presence

GRACE_SECONDS = 2.0
"""Beyond the question's own timeout: for the way there and back, and a short queue."""

_PATH = 200  # characters of a bundle's path that a presence keeps

_MARGIN = 0.25
"""How long before the bound an answer without what is still open in it is taken as it is."""

MOST_PLACES = 50
"""Places that one comparison asks; those after them are "left_out"."""


class Asking(Protocol):
    """The part of `bot.service.Service` that is used here."""

    async def ask(
        self, question: Question, *, refresh: bool = False, vantage: str | None = None
    ) -> Answer:
        """The newest answer of a place."""

    async def later(self, answer: Answer) -> Answer | None:
        """The same answer once what was open in it has arrived."""


async def gather(
    service: Asking,
    places: Places,
    question: Question,
    *,
    names: Sequence[str] | None = None,
    refresh: bool = False,
    grace: float = GRACE_SECONDS,
) -> AsyncGenerator[Seen, None]:
    """What each place sees, in the order in which the answers come.

    Args:
        service: Answers a question from one place.
        places: Who can be asked.
        question: What is asked.
        names: Only these places; None: all of them, as they stand now.
        refresh: Pass over what is cached.
        grace: How long beyond the question's timeout a place is waited for.

    Yields:
        One for each place. Who did not answer in time is "silent": what it finds later is cached.
    """
    if names is None:
        names = await places.look()
    names, left_out = names[:MOST_PLACES], names[MOST_PLACES:]
    loop = asyncio.get_running_loop()
    until = loop.time() + question.timeout + grace
    tasks = {
        asyncio.create_task(_ask(service, places, question, one, refresh, until)): one
        for one in names
    }
    waiting = set(tasks)
    try:
        while waiting:
            done, waiting = await asyncio.wait(
                waiting,
                timeout=max(0.0, until - loop.time()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in sorted(done, key=lambda one: names.index(tasks[one])):
                yield task.result()
            if not done:
                break
        for task in sorted(waiting, key=lambda one: names.index(tasks[one])):
            yield _seen(places, tasks[task], failure="silent")
        for name in left_out:
            yield _seen(places, name, failure="left_out")
    finally:
        # The check itself is the service's and goes on; only our waiting for it ends.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(  # noqa: PLR0917 - all of them are needed, and only this module calls it
    service: Asking, places: Places, question: Question, name: str, refresh: bool, until: float
) -> Seen:
    failure: FailureCode
    try:
        answer = await service.ask(question, refresh=refresh, vantage=name)
        if answer.report.pending:
            # Whether a certificate was revoked may be the difference: it is waited for, within the
            # bound, and the first answer stands when it does not come.
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until - _MARGIN):
                    answer = await service.later(answer) or answer
    except PlaceFailedError as error:
        failure = error.reason.code
    except ServiceClosedError:
        failure = "ending"
    except CheckFailedError:
        failure = "defect"
    except NotPermittedError:
        failure = "rates"
    else:
        presence = presence_of(answer.report, places.presences(name))
        seen = _seen(places, name).model_copy(update={"presence": presence})
        return seen.model_copy(update={"report": answer.report, "source": answer.source})
    return _seen(places, name, failure=failure)


def _seen(places: Places, name: str, *, failure: FailureCode | None = None) -> Seen:
    return Seen(vantage=name, own=name == places.own.name, failure=failure)


def presence_of(report: Report, presences: Sequence[Presence]) -> Presence | None:
    """What is known of the machine that made a Report, where several share the name of a place.

    Args:
        report: From one of them.
        presences: All of them.

    Returns:
        One that has the bundles which the Report was judged by, with a wrong clock where the Report
        says so. What several such machines do not agree in is left out.
    """
    stores = {(one.store[-_PATH:], one.roots) for one in report.machine}
    fitting = [
        one
        for one in presences
        if one.machine is not None
        and stores <= {(bundle.path[-_PATH:], bundle.roots) for bundle in one.machine.bundles}
    ] or list(presences)
    if not fitting:
        return None
    wrong = any(one.code is Cause.CLOCK_SKEW for one in report.findings)
    best = (max if wrong else min)(fitting, key=lambda one: abs(one.clock_offset))
    if best.machine is not None and any(
        one.machine is None or one.machine.openssl != best.machine.openssl for one in fitting
    ):
        unknown = best.machine.model_copy(update={"openssl": None})
        return best.model_copy(update={"machine": unknown})
    return best
