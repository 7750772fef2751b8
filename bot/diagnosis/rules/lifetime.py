"""A public certificate lives longer than the CA/Browser Forum allows for the day of its issue.

Baseline Requirements 6.3.2: 825 days from 2018-03-01, 398 from 2020-09-01, and by ballot SC-081v3
200 from 2026-03-15, 100 from 2027-03-15, 47 from 2029-03-15. Private CAs are free in it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.trust import is_public_root
from bot.diagnosis.view import View

# From when on, how many days, and who refuses more (Apple and Chrome since 825 and 398 days).
_SCHEDULE: tuple[tuple[datetime, int, tuple[str, ...]], ...] = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47, ()),
    (datetime(2027, 3, 15, tzinfo=UTC), 100, ()),
    (datetime(2026, 3, 15, tzinfo=UTC), 200, ()),
    (datetime(2020, 9, 1, tzinfo=UTC), 398, ("chrome", "safari")),
    (datetime(2018, 3, 1, tzinfo=UTC), 825, ("chrome", "safari")),
)
# What Apple and Chrome go by where the Forum has become stricter since.
_REFUSED_AT = timedelta(days=398)


def find(view: View) -> Iterator[Finding]:
    """Find a leaf under a public root that was issued for too long."""
    leaf, path = view.leaf, view.path
    if leaf is None or path is None or not is_public_root(path.certificates[-1]):
        return
    allowed = allowed_days(leaf.not_before)
    # Both ends belong to the validity (RFC 5280, 4.1.2.5).
    lifetime = leaf.not_after - leaf.not_before + timedelta(seconds=1)
    if allowed is None or lifetime <= timedelta(days=allowed[0]):
        return
    days, breaks = allowed
    if not breaks and lifetime > _REFUSED_AT:
        breaks = ("chrome", "safari")
    evidence: dict[str, JsonValue] = {
        "name": leaf.subject_name,
        "not_before": leaf.not_before.isoformat(),
        "not_after": leaf.not_after.isoformat(),
        "days": -(-lifetime // timedelta(days=1)),
        "allowed": days,
    }
    if breaks:
        evidence["breaks"] = list(breaks)
    yield Finding(code=Cause.VALIDITY_TOO_LONG, severity="warning", evidence=evidence)


def allowed_days(issued: datetime) -> tuple[int, tuple[str, ...]] | None:
    """How many days a certificate issued then may live, and who refuses more; None: no limit."""
    return next(((days, who) for start, days, who in _SCHEDULE if issued >= start), None)
