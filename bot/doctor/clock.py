"""Our clock against those that the other looks saw. Pure.

Dates of certificates forgive minutes; what is shared over Redis does not: watches are due, and
orders to workers expire, by clocks that have to agree. Slack refuses signatures that are five
minutes old (docs.slack.dev, "Verifying requests from Slack"), and we refuse Slack's.
"""

from collections.abc import Sequence
from datetime import timedelta

from bot.doctor.finding import Finding, OtherClock, fine, note, wrong

AGREES = timedelta(seconds=5)
"""An HTTP Date has whole seconds, and was written a moment before it arrived."""
BEARABLE = timedelta(seconds=60)


def judge_clocks(others: Sequence[OtherClock]) -> list[Finding]:
    """What the others' clocks say of ours; one that stands alone is the wrong one."""
    if not others:
        return [note("clock", "unknown")]
    agreeing = [one for one in others if abs(one.offset) <= AGREES]
    found = []
    if agreeing:
        most = max(abs(one.offset) for one in agreeing).total_seconds()
        names = ", ".join(dict.fromkeys(one.source for one in agreeing))
        found.append(fine("clock", "agrees", names=names, seconds=f"{most:.1f}"))
    for one in others:
        if one not in agreeing:
            say = note if abs(one.offset) <= BEARABLE else wrong
            seconds = round(abs(one.offset).total_seconds())
            whose = "theirs" if agreeing else "ours"
            way = "slow" if (one.offset > timedelta(0)) != bool(agreeing) else "fast"
            found.append(say("clock", f"{whose}_{way}", n=seconds, name=one.source))
    return found
