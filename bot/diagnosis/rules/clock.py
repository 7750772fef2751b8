"""The clock of the machine that checks is wrong: said before dates are held against anyone."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Find that our own clock is off."""
    skew = view.skew
    if skew is None:
        return
    seconds = int(skew.offset.total_seconds())
    yield Finding(
        code=Cause.CLOCK_SKEW,
        severity="warning" if view.skew_matters else "info",
        evidence={
            "seconds": abs(seconds),
            "behind": seconds > 0,
            "at_least": skew.at_least,
            "sources": list(skew.sources),
            "source": skew.sources[0] if skew.sources else None,
            "judged_at": view.at.isoformat(),
        },
    )
