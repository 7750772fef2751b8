"""The dates of the server's own certificate: expired, not yet valid, or about to expire."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

# Automatic renewal happens with a third of the lifetime left, so a certificate that has come to a
# fifth of it was not renewed; for long-lived ones two weeks are what people need.
_SOON = timedelta(days=14)
_SOON_SHARE = 0.2


def find(view: View) -> Iterator[Finding]:
    """Look at the leaf's dates as of the view's moment."""
    leaf = view.leaf
    if leaf is None:
        return
    if view.at > leaf.not_after:
        yield _finding(Cause.EXPIRED, leaf, view.at - leaf.not_after)
    elif view.at < leaf.not_before:
        yield _finding(Cause.NOT_YET_VALID, leaf, leaf.not_before - view.at)
    elif leaf.not_after - view.at <= soon(leaf.not_before, leaf.not_after):
        yield _finding(Cause.EXPIRING_SOON, leaf, leaf.not_after - view.at)


def soon(not_before: datetime, not_after: datetime) -> timedelta:
    """How long before its end a certificate of this lifetime is worth a warning."""
    return min(_SOON, (not_after - not_before) * _SOON_SHARE)


def _finding(code: Cause, leaf: Certificate, distance: timedelta) -> Finding:
    return Finding(
        code=code,
        severity="warning" if code is Cause.EXPIRING_SOON else "critical",
        evidence={
            "name": leaf.subject_name,
            "not_before": leaf.not_before.isoformat(),
            "not_after": leaf.not_after.isoformat(),
            "seconds": int(distance.total_seconds()),
            "sha256": leaf.sha256,
        },
    )
