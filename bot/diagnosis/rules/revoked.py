"""The certificate was revoked, or its status is not to be had as it should be (RFC 6960, 7633)."""

from collections.abc import Iterator
from datetime import datetime

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.revocation import Status
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Find a revoked certificate, a broken stapled answer, a responder that does not answer."""
    known = view.revocation
    leaf = view.leaf
    if known is None or leaf is None:
        return
    revoked = next((one for one in known.answers if one.state == "revoked"), None)
    if revoked is not None:
        yield Finding(
            code=Cause.REVOKED,
            severity="critical",
            evidence={
                "how": revoked.how,
                "name": leaf.subject_name,
                "serial": leaf.serial,
                "revoked_at": _text(revoked.revoked_at),
                "reason": revoked.reason,
                "address": revoked.url,
            },
        )
        return
    stapled = known.stapled
    if known.must_staple and view.handshake is not None:
        if stapled is None or stapled.state != "good":
            problem = "must_staple" if stapled is None else "must_staple_broken"
            yield _problem(problem, "critical", stapled)
        return
    if stapled is not None and stapled.state != "good":
        yield _problem("stapled", "warning", stapled)
        return
    last = known.asked[-1] if known.asked else None
    if stapled is None and last is not None and last.state in ("unknown", "unusable"):
        # Clients pass over an address that does not answer, so it is worth a note, no more.
        unanswered = last.this_update is None and last.fault not in ("signature", "unauthorized")
        yield _problem("unanswered" if unanswered else "answer", "info", last)


def _problem(problem: str, severity: str, status: Status | None) -> Finding:
    return Finding.model_validate(
        {
            "code": Cause.OCSP_PROBLEM,
            "severity": severity,
            "evidence": {
                "problem": problem,
                "how": status.how if status else None,
                "state": status.state if status else None,
                "error": (status.fault or status.state) if status else None,
                "address": status.url if status else None,
                "this_update": _text(status.this_update) if status else None,
                "next_update": _text(status.next_update) if status else None,
                # GnuTLS takes a stapled answer of the past for a reason to refuse (its lab run).
                "breaks": ["gnutls"] if problem == "stapled" else [],
            },
        }
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
