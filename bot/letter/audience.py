"""Who a letter goes to: the site's owner, whoever runs a network, or nobody.

Decided by the cause, not by politeness: a letter to an owner who can do nothing costs trust.
"""

from typing import Literal

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Report

Audience = Literal["owner", "network", "nobody"]

_NETWORK = frozenset({Cause.INTERCEPTION_PROXY, Cause.EGRESS_DENIED})
_NOBODY = frozenset(
    {
        Cause.CLOCK_SKEW,
        Cause.CA_BUNDLE_MISSING,
        Cause.PINNING_MISMATCH,
        Cause.TLS_ON_PLAINTEXT_PORT,
        Cause.AMBIGUOUS_ISSUER,
        Cause.NOT_A_TLS_ERROR,
    }
)


def audience_of(report: Report) -> Audience:
    """Whose attention the cause of this Report needs."""
    if report.cause is None or not report.findings:
        return "nobody"
    evidence = report.findings[0].evidence
    elsewhere = evidence.get("how") == "no_route" or report.findings[0].at_proxy
    if report.cause in _NETWORK or elsewhere:
        return "network"
    # An intermediate without its root in the asker's own trust store is no fault of the site.
    if report.cause in _NOBODY or evidence.get("rule") == "partial_anchor":
        return "nobody"
    return "owner"
