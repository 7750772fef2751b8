"""An expired certificate is sent beside a chain that works: current clients pass over it.

Old ones do not: they took what the server sent and never looked for another way (May 2020 with
AddTrust, September 2021 with DST Root CA X3).
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

# Roots that once cross-signed others and have expired since; their certificates are in no store
# any more, so their end is written down here (as it stood in them).
_ENDED: dict[str, datetime] = {
    "AddTrust External CA Root": datetime(2020, 5, 30, 10, 48, 38, tzinfo=UTC),
    "DST Root CA X3": datetime(2021, 9, 30, 14, 1, 15, tzinfo=UTC),
    "GlobalSign Root CA - R2": datetime(2021, 12, 15, 8, 0, tzinfo=UTC),
    "Baltimore CyberTrust Root": datetime(2025, 5, 12, 23, 59, tzinfo=UTC),
}

# Those that follow what was sent and stop at the expired end; OpenSSL before 1.1.0, GnuTLS before
# 3.6.14 and LibreSSL before 3.2 (their change logs).
_OLD_CLIENTS = ("openssl-1.0.2",)


def find(view: View) -> Iterator[Finding]:
    """Find expired CA certificates among those sent, when a good path passes them by."""
    path = view.as_sent
    if path is None or not path.verdict.ok:
        return
    named = {one.issuer_der for one in view.sent}
    for one in dict.fromkeys(view.sent[1:]):
        if one in path.certificates or one.subject_der not in named:
            continue
        ended = _end(one, view)
        if ended is None:
            continue
        same = next(
            (other for other in path.certificates[1:-1] if other.subject_der == one.subject_der),
            None,
        )
        intermediate = same is not None and view.at > one.not_after
        evidence: dict[str, JsonValue] = {
            "rule": "beside" if view.at > one.not_after else "under_expired",
            "name": one.subject_name,
            "subject": one.subject,
            "issuer": one.issuer_name,
            "not_after": ended.isoformat(),
            "seconds": int((view.at - ended).total_seconds()),
            "sha256": one.sha256,
            "position": view.sent.index(one) + 1,
            "replacement": True,
            "breaks": [*_OLD_CLIENTS, *(("gnutls",) if intermediate else ())],
        }
        code = Cause.EXPIRED_INTERMEDIATE if intermediate else Cause.EXPIRED_ROOT_OR_CROSS_SIGN
        yield Finding(code=code, severity="warning", evidence=evidence)


def _end(one: Certificate, view: View) -> datetime | None:
    """When the way over this certificate ended; None when it is open still."""
    if view.at > one.not_after:
        return one.not_after
    if one.self_issued:
        return None
    above = [other for other in view.sent if other.subject_der == one.issuer_der]
    ends = [other.not_after for other in (*above, *view.trust.issuers_of(one))]
    if one.issuer_name in _ENDED:
        ends.append(_ENDED[one.issuer_name])
    return min(ends) if ends and all(view.at > end for end in ends) else None
