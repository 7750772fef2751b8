"""The later answer: the same evidence judged once more when the slow part of it has arrived.

A check does not wait for OCSP responders and CRLs beyond its place's patience. What was under way
then is waited for here, and the same rules make the same Report of it, under the same id.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from bot.diagnosis.assemble import assemble
from bot.diagnosis.combine import Judged
from bot.diagnosis.effort import bounded_effort
from bot.diagnosis.report import Report
from bot.diagnosis.rules import findings_of
from bot.diagnosis.status import Allowance
from bot.diagnosis.surroundings import Surroundings
from bot.diagnosis.view import View

LATER_SECONDS = 8.0
"""From a check's beginning to the end of its waiting for the slow part."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A check whose first Report was given while something was under way.

    `ends` is the moment of the loop's clock after which nothing is waited for.
    """

    report: Report
    judged: tuple[Judged, ...]
    around: Surroundings
    allowance: Allowance
    ends: float


async def finish(unfinished: Unfinished) -> Report:
    """Wait for the rest, and judge again; what does not come within the bound is taken as silent."""
    with bounded_effort():
        rest = await asyncio.gather(*(_again(one, unfinished) for one in unfinished.judged))
        first = unfinished.report
        return assemble(
            first.target,
            rest,
            unfinished.around,
            first.checked_at,
            first.duration_ms,
            result_id=first.id,
        )


async def _again(judged: Judged, unfinished: Unfinished) -> Judged:
    view = await _asked_again(judged.view, unfinished)
    if view.other is not None:
        view = replace(view, other=await _asked_again(view.other, unfinished))
    return Judged(judged.address, view, findings_of(view))


async def _asked_again(view: View, unfinished: Unfinished) -> View:
    known, asker = view.revocation, unfinished.around.asker
    if known is None or not known.pending or view.path is None or asker is None:
        return view
    known = await asker.ask_along(
        view.path, known, view.at, until=unfinished.ends, allowance=unfinished.allowance
    )
    return replace(view, revocation=known.given_up())


def matters(before: Report, after: Report) -> bool:
    """Whether somebody who has read the first Report should be told of the later one.

    Notes (a responder that keeps silent) break nobody and change nothing that was said.
    """
    return (before.verdict, before.cause, _said(before)) != (
        after.verdict,
        after.cause,
        _said(after),
    )


def _said(report: Report) -> list[tuple[str, str, str]]:
    return [
        (one.code.value, one.severity, str(sorted(one.evidence.items(), key=lambda item: item[0])))
        for one in report.findings
        if one.severity != "info"
    ]


def time_left(checked_at: datetime, now: datetime) -> float:
    """Seconds in which a later answer to a check of that moment may still come."""
    return LATER_SECONDS - max((now - checked_at).total_seconds(), 0.0)
