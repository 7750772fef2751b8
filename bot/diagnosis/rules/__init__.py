"""The rules: each looks at one address's evidence and says what it finds. Pure functions.

A rule is one file with `find(view)`; `RULES` says which exist, `ORDER` which finding is the cause
when there are several. What breaks every client comes before what breaks some, and what a new
certificate would not mend before what it would.
"""

from collections.abc import Callable, Iterable

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.rules import (
    alpn,
    chain_gap,
    cipher,
    client_certificate,
    clock,
    dh,
    distrust,
    expired_beside,
    expired_intermediate,
    extra,
    hostname,
    interception,
    invalid_chain,
    lifetime,
    order,
    other_certificate,
    plaintext,
    protocol,
    purpose,
    reaching,
    refusal,
    renegotiation,
    revoked,
    second_opinion,
    self_signed,
    server_name,
    starttls,
    unreadable,
    untrusted_root,
    validity,
    weakness,
)
from bot.diagnosis.view import View

Rule = Callable[[View], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    reaching.find,
    plaintext.find,
    starttls.find,
    unreadable.find,
    protocol.find,
    cipher.find,
    dh.find,
    renegotiation.find,
    server_name.find,
    client_certificate.find,
    alpn.find,
    refusal.find,
    self_signed.find,
    hostname.find,
    validity.find,
    revoked.find,
    clock.find,
    chain_gap.find,
    interception.find,
    untrusted_root.find,
    distrust.find,
    expired_intermediate.find,
    expired_beside.find,
    order.find,
    extra.find,
    lifetime.find,
    purpose.find,
    weakness.find,
    invalid_chain.find,
)

ORDER: tuple[Cause, ...] = (
    Cause.DNS_FAILURE,
    Cause.EGRESS_DENIED,
    Cause.CONNECTION_REFUSED,
    Cause.PLAINTEXT_ON_TLS_PORT,
    Cause.STARTTLS_REFUSED,
    Cause.MALFORMED_CERTIFICATE,
    Cause.EXTRA_CERTIFICATES,
    Cause.PROTOCOL_VERSION,
    Cause.DH_KEY_TOO_SMALL,
    Cause.NO_SHARED_CIPHER,
    Cause.RENEGOTIATION_OR_LEGACY,
    Cause.SNI_UNRECOGNIZED,
    Cause.WRONG_CHAIN_ORDER,
    Cause.SELF_SIGNED,
    Cause.HOSTNAME_MISMATCH,
    Cause.EXPIRED,
    Cause.NOT_YET_VALID,
    Cause.REVOKED,
    Cause.CERTIFICATE_NOT_TLS,
    Cause.WEAK_SIGNATURE_OR_KEY,
    Cause.INTERCEPTION_PROXY,
    Cause.UNTRUSTED_ROOT,
    Cause.WRONG_INTERMEDIATE,
    Cause.MISSING_INTERMEDIATE,
    Cause.EXPIRED_INTERMEDIATE,
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN,
    Cause.INVALID_CHAIN,
    Cause.CLIENT_CERTIFICATE_REQUIRED,
    Cause.HANDSHAKE_FAILURE,
    Cause.CONNECTION_RESET,
    Cause.TIMEOUT,
    Cause.CLOCK_SKEW,
    Cause.OCSP_PROBLEM,
    Cause.BACKENDS_DIFFER,
    Cause.EXPIRING_SOON,
)
_SEVERITY = {"critical": 0, "warning": 1, "info": 2}


def findings_of(view: View) -> tuple[Finding, ...]:
    """All findings of one address, the cause first."""
    found = _found(view)
    if view.other is not None:
        found = other_certificate.together(view, found, _found(view.other))
    return in_order(_with_via(one, view) for one in found)


def _found(view: View) -> list[Finding]:
    misplaced = order.leaf_not_first(view)
    judged = order.rearranged(view) or view
    found = [finding for rule in RULES for finding in rule(judged)]
    if misplaced is not None:
        found.append(misplaced)
    if not any(one.severity == "critical" for one in found):
        found.extend(second_opinion.find(judged))
    return found


def _with_via(finding: Finding, view: View) -> Finding:
    """What was seen through a proxy may be the proxy's doing: its name is part of all evidence."""
    if view.via is None:
        return finding
    return finding.model_copy(update={"evidence": {**finding.evidence, "via": view.via}})


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with what breaks most first."""
    return tuple(
        sorted(
            findings,
            key=lambda one: (
                _SEVERITY[one.severity],
                ORDER.index(one.code) if one.code in ORDER else len(ORDER),
            ),
        )
    )
