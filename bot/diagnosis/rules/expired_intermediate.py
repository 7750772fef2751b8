"""A certificate above the server's own has expired."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Find an expired certificate on every path that the sent certificates allow."""
    path = view.as_sent
    if path is None or path.verdict.ok:
        return
    for one, source in zip(path.certificates[1:], path.sources[1:], strict=True):
        if view.at <= one.not_after:
            continue
        better = view.path
        yield Finding(
            code=Cause.EXPIRED_ROOT_OR_CROSS_SIGN
            if source == "roots"
            else Cause.EXPIRED_INTERMEDIATE,
            severity="critical",
            evidence={
                "name": one.subject_name,
                "subject": one.subject,
                "not_after": one.not_after.isoformat(),
                "seconds": int((view.at - one.not_after).total_seconds()),
                "sha256": one.sha256,
                "replacement": better is not None and better.verdict.ok,
            },
        )
        return
