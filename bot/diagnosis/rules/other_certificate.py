"""A server with two certificates, an ECDSA one and an RSA one: who gets which, and what is wrong.

Nearly every client names ECDSA first and is judged by the ECDSA chain. The RSA chain goes to
clients without ECDSA and, where the server goes by the client's order of preference, to those that
name RSA first. Two jobs renew the two certificates; one of them may have failed.
"""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

# Findings about what was presented; all others are about the session, whichever it was.
_OF_CERTIFICATES = frozenset(
    {
        Cause.MALFORMED_CERTIFICATE,
        Cause.EXTRA_CERTIFICATES,
        Cause.WRONG_CHAIN_ORDER,
        Cause.SELF_SIGNED,
        Cause.HOSTNAME_MISMATCH,
        Cause.EXPIRED,
        Cause.NOT_YET_VALID,
        Cause.EXPIRING_SOON,
        Cause.REVOKED,
        Cause.CERTIFICATE_NOT_TLS,
        Cause.WEAK_SIGNATURE_OR_KEY,
        Cause.VALIDITY_TOO_LONG,
        Cause.INTERCEPTION_PROXY,
        Cause.UNTRUSTED_ROOT,
        Cause.WRONG_INTERMEDIATE,
        Cause.MISSING_INTERMEDIATE,
        Cause.EXPIRED_INTERMEDIATE,
        Cause.EXPIRED_ROOT_OR_CROSS_SIGN,
        Cause.INVALID_CHAIN,
    }
)
_GIVEN_TO = {True: "rsa_first", False: "rsa_only", None: "unknown"}
# Added to the commands of RSA findings: a hello that leaves the server no other choice.
ASK_FOR_RSA = "-tls1_2 -cipher aRSA"


def together(view: View, own: Sequence[Finding], others: Sequence[Finding]) -> list[Finding]:
    """The findings of both chains, each with the clients that it is about.

    Args:
        view: The evidence, by the ECDSA chain; `view.other` has the RSA chain.
        own: What was found of the ECDSA chain and of the session.
        others: What was found of the RSA chain.
    """
    own_bad = {one.code for one in own if _breaks(one)}
    other_bad = {one.code for one in others if _breaks(one)}
    leaf = view.other.leaf if view.other is not None else None
    if leaf is None:
        return list(own)
    facts: dict[str, JsonValue] = {
        "other_certificate": "broken" if other_bad else "good",
        "other_name": leaf.subject_name,
        "other_not_after": leaf.not_after.isoformat(),
        "other_sha256": leaf.sha256,
        "other_command": ASK_FOR_RSA,
    }
    if view.by_client_order and own_bad != other_bad:
        facts["given_to"] = "ecdsa_first"
    found = [_with(one, facts) if _breaks(one) else one for one in own]
    for one in others:
        known = {other.code for other in own if other.severity == one.severity}
        if one.code in known or one.code not in _OF_CERTIFICATES or one.severity == "info":
            continue
        found.append(_of_rsa(one, own_bad, view.by_client_order))
    return found


def _of_rsa(one: Finding, own_bad: set[Cause], by_client_order: bool | None) -> Finding:
    """A finding of the RSA chain; it breaks nobody of today where nobody of today is given it."""
    facts: dict[str, JsonValue] = {
        "certificate": "RSA",
        "given_to": _GIVEN_TO[by_client_order],
        "other_certificate": "broken" if own_bad else "good",
        "command": ASK_FOR_RSA,
    }
    if "breaks" in one.evidence:
        facts["breaks"] = []
    critical = one.severity == "critical" and by_client_order is True
    return _with(one, facts).model_copy(update={"severity": "critical" if critical else "warning"})


def _breaks(one: Finding) -> bool:
    return one.severity == "critical" and one.code in _OF_CERTIFICATES


def _with(one: Finding, facts: Mapping[str, JsonValue]) -> Finding:
    return one.model_copy(update={"evidence": {**one.evidence, **facts}})
