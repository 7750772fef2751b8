"""How long an answer may be given again. Pure."""

from datetime import timedelta

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Report

UNREACHABLE_FRESH = timedelta(seconds=15)
"""How long "could not be reached" is given again: long enough against hammering, short enough for
somebody who is just mending it."""

PENDING_FRESH = timedelta(seconds=15)
"""How long an answer is given again that waits for its update, should the update be lost."""


def cache_for(report: Report, cache_seconds: int) -> timedelta:
    """How long a Report may be given to the next asker.

    An unreachable server may be back any moment. A verdict about dates ends with the date: a
    certificate that expires in a minute is not called valid for five.
    """
    longest = timedelta(seconds=cache_seconds)
    if report.pending:
        longest = min(longest, PENDING_FRESH)
    if report.verdict == "unreachable" or report.cause is Cause.TIMEOUT:
        return min(longest, UNREACHABLE_FRESH)
    turns = (
        moment - report.checked_at
        for endpoint in report.endpoints
        for certificate in endpoint.chain
        for moment in (certificate.not_before, certificate.not_after)
    )
    return min((turn for turn in turns if timedelta(0) < turn < longest), default=longest)
