"""Certificates that the server need not send: twice, of somebody else, the root, a spare cross-sign.

Only where a chain works nevertheless. By names alone: a server may send thousands, and each
signature costs.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from bot.diagnosis.causes import Cause, Severity
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

Kind = Literal["duplicate", "unrelated", "root", "unneeded"]

# GnuTLS 3.7.0 refused a chain with a certificate sent twice (its issue 1131); many servers send
# their root, and a cross-sign that only old clients need is no fault.
_SEVERITY: dict[Kind, Severity] = {
    "duplicate": "warning",
    "unrelated": "warning",
    "root": "info",
    "unneeded": "info",
}
_SHOWN = 20


def find(view: View) -> Iterator[Finding]:
    """Find what could be left out of a chain that reaches an anchor, one finding for each kind."""
    path = view.as_sent
    if path is None or not path.verdict.ok:
        return
    kinds: dict[Kind, list[Certificate]] = {}
    for one, kind in _kinds(view, path.certificates):
        kinds.setdefault(kind, []).append(one)
    for kind, severity in _SEVERITY.items():
        if extra := kinds.get(kind):
            yield _finding(kind, severity, extra, view)


def _kinds(view: View, path: Sequence[Certificate]) -> Iterator[tuple[Certificate, Kind]]:
    issuers = {one.issuer_der for one in view.sent}
    counted = Counter(view.sent)
    for one in dict.fromkeys(view.sent):
        if counted[one] > 1:
            yield one, "duplicate"
        if one == view.leaf:
            continue
        if one == path[-1] or (one.self_issued and one in view.trust):
            yield one, "root"
        elif one in path or view.at > one.not_after:
            continue  # needed; or expired, which has a rule of its own
        elif one.subject_der not in issuers or (one.self_issued and not one.is_ca):
            yield one, "unrelated"
        else:
            yield one, "unneeded"


def _finding(kind: Kind, severity: Severity, extra: list[Certificate], view: View) -> Finding:
    return Finding(
        code=Cause.EXTRA_CERTIFICATES,
        severity=severity,
        evidence={
            "rule": kind,
            "names": [one.subject_name for one in extra[:_SHOWN]],
            "names_in_all": len(extra),
            "certificates": [
                {
                    "name": one.subject_name,
                    "sha256": one.sha256,
                    "position": view.sent.index(one) + 1,
                }
                for one in extra[:_SHOWN]
            ],
            "sent": len(view.sent),
            # The message's own lengths (RFC 8446, 4.4.2) are few bytes more.
            "bytes": sum(len(one.der) + 3 for one in view.sent),
        },
    )
