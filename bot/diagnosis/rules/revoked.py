"""A certificate was revoked, or its status is not to be had as it should be (RFC 6960, 7633)."""

from collections.abc import Iterator
from datetime import datetime

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.report import Finding
from bot.diagnosis.revocation import Fault, Status
from bot.diagnosis.status import Revocation
from bot.diagnosis.view import View

# An answer came, and does not count; all other faults are those of an address that gives none.
_ANSWERED: frozenset[Fault] = frozenset(
    (
        "signature",
        "other_certificate",
        "other_issuer",
        "not_yet_valid",
        "out_of_date",
        "unreadable",
        "refused",
    )
)


def find(view: View) -> Iterator[Finding]:
    """Find a revoked certificate, a broken stapled answer, a responder that does not answer."""
    known = view.revocation
    leaf = view.leaf
    if known is None or leaf is None:
        return
    revoked = _revoked(known.answers)
    if revoked is not None:
        yield _finding(leaf, revoked)
    for one in known.above:
        said = _revoked(one.asked)
        if said is not None:
            yield _finding(one.certificate, said, by=one.issuer)
    if revoked is None:
        yield from _about_answers(view, known)


def _revoked(answers: tuple[Status, ...]) -> Status | None:
    return next((one for one in answers if one.state == "revoked"), None)


def _finding(certificate: Certificate, said: Status, *, by: Certificate | None = None) -> Finding:
    return Finding(
        code=Cause.REVOKED,
        severity="critical",
        evidence={
            "rule": "leaf" if by is None else "intermediate",
            "how": said.how,
            "name": certificate.subject_name,
            "issuer": certificate.issuer_name,
            "serial": certificate.serial,
            "sha256": certificate.sha256,
            "revoked_at": _text(said.revoked_at),
            "reason": said.reason,
            "address": said.url,
        },
    )


def _about_answers(view: View, known: Revocation) -> Iterator[Finding]:
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
        answered = last.state == "unknown" or last.fault in _ANSWERED
        yield _problem("answer" if answered else "unanswered", "info", last)


def _problem(problem: str, severity: str, status: Status | None) -> Finding:
    return Finding.model_validate(
        {
            "code": Cause.OCSP_PROBLEM,
            "severity": severity,
            "evidence": {
                "problem": problem,
                "how": status.how if status else None,
                "state": status.state if status else None,
                "fault": (status.fault or status.state) if status else None,
                "said": status.said if status else None,
                "address": status.url if status else None,
                "this_update": _text(status.this_update) if status else None,
                "next_update": _text(status.next_update) if status else None,
                # Firefox (SEC_ERROR_OCSP_OLD_RESPONSE) and GnuTLS take a stapled answer of the past
                # for a reason to refuse; both were seen to.
                "breaks": ["gnutls", "firefox"] if problem == "stapled" else [],
            },
        }
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
