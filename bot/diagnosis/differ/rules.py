"""The rules: each finds one difference of two Reports, or none.

`usual` is the side that fares better, `odd` the other. The rules are asked in the order of how
surely each explains what follows from it: a certificate that was made on the way explains another
chain and another verdict, not the other way round. Where what was seen does not decide, `certain`
is False, and `decide` is the address to look at from the other side.
"""

from collections.abc import Callable

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.differ.code import DifferenceCode
from bot.diagnosis.differ.outline import (
    accused_by,
    addresses_of,
    are_inside,
    chains_of,
    finding_of,
    leaf_of,
    sockets_of,
    told_by,
)
from bot.diagnosis.differ.side import (
    Divergence,
    Side,
    both_causes,
    both_certificates,
    common_address,
    has_public_root,
    own_root,
    same_address_other_leaf,
    whose,
)
from bot.diagnosis.report import MachineTrust
from bot.diagnosis.roots import membership_of
from bot.diagnosis.standing import lacks_private_root

_SHOWN = 8

_BY_DATE = frozenset(
    {
        Cause.EXPIRED,
        Cause.NOT_YET_VALID,
        Cause.EXPIRED_INTERMEDIATE,
        Cause.EXPIRED_ROOT_OR_CROSS_SIGN,
        Cause.EXPIRING_SOON,
        Cause.OCSP_PROBLEM,
        Cause.CLOCK_SKEW,
    }
)
_UNTRUSTED = frozenset({Cause.UNTRUSTED_ROOT, Cause.SELF_SIGNED, Cause.INTERCEPTION_PROXY})
_HANDSHAKE = frozenset(
    {
        Cause.PLAINTEXT_ON_TLS_PORT,
        Cause.STARTTLS_REFUSED,
        Cause.PROTOCOL_VERSION,
        Cause.NO_SHARED_CIPHER,
        Cause.SNI_UNRECOGNIZED,
        Cause.CLIENT_CERTIFICATE_REQUIRED,
        Cause.CLIENT_CERTIFICATE_REJECTED,
        Cause.DH_KEY_TOO_SMALL,
        Cause.RENEGOTIATION_OR_LEGACY,
        Cause.HANDSHAKE_FAILURE,
    }
)


def divergences(usual: Side, odd: Side) -> tuple[Divergence, ...]:
    """How `odd` differs from `usual`: the cause first, then what else differs. Never empty."""
    causes = [found for rule in _RULES for found in [rule(usual, odd)] if found is not None]
    first = causes[0] if causes else None
    if first is None:
        first = Divergence(
            DifferenceCode.UNEXPLAINED, certain=False, evidence=both_causes(usual, odd)
        )
    beside = [one for one in causes[1:] if one.code in _BESIDE.get(first.code, _STANDS_ALONE)]
    if (clock := _clock_of(odd)) is not None and first.code is not DifferenceCode.CLOCK:
        beside.append(clock)
    return (first, *beside)


def _interception(usual: Side, odd: Side) -> Divergence | None:
    for there, other in ((odd, usual), (usual, odd)):
        made = finding_of(there.report, Cause.INTERCEPTION_PROXY)
        if made is not None and finding_of(other.report, Cause.INTERCEPTION_PROXY) is None:
            return Divergence(
                DifferenceCode.INTERCEPTION,
                evidence={
                    "how": "product",
                    "product": made.evidence.get("product"),
                    "issuer": made.evidence.get("issuer"),
                    **whose(there, odd),
                    **both_certificates(usual, odd),
                },
            )
    if not same_address_other_leaf(usual, odd):
        return None
    for there, other in ((odd, usual), (usual, odd)):
        leaf = leaf_of(there.report)
        if leaf is None:
            continue
        facts: dict[str, JsonValue] = {
            "issuer": leaf.issuer_name or leaf.issuer,
            **whose(there, odd),
            **both_certificates(usual, odd),
        }
        # Trusted on both sides, but on one of them only by a root that the company added.
        root = own_root(there)
        if root is not None and has_public_root(other):
            return Divergence(
                DifferenceCode.INTERCEPTION,
                evidence={"how": "own_ca", "root": root, **facts},
            )
        via = next((one.via for one in there.report.endpoints if one.via), None)
        if there.report.cause is Cause.UNTRUSTED_ROOT and other.report.path is not None:
            return Divergence(
                DifferenceCode.INTERCEPTION,
                certain=False,
                evidence={"how": "proxy" if via else "unknown_ca", "proxy": via, **facts},
                decide=common_address(usual, odd),
            )
    return None


def _clock(usual: Side, odd: Side) -> Divergence | None:
    """A wrong clock, where it is what makes the difference: the same certificates, other dates."""
    found = _clock_of(odd)
    chains = chains_of(usual.report) == chains_of(odd.report)
    if found is None or not chains or odd.standing.because not in ("report", "clock"):
        return None
    return found if odd.report.cause in _BY_DATE else None


def _name(usual: Side, odd: Side) -> Divergence | None:
    finding = finding_of(odd.report, Cause.DNS_FAILURE)
    if finding is None or finding.at_proxy or odd.report.cause is not Cause.DNS_FAILURE:
        return None
    found = addresses_of(usual.report)
    if not found:
        return None
    return Divergence(
        DifferenceCode.UNKNOWN_NAME,
        evidence={
            "how": finding.evidence.get("how"),
            "inside": are_inside(found),
            "usual_addresses": list(found[:_SHOWN]),
        },
    )


def _addresses(usual: Side, odd: Side) -> Divergence | None:
    """The name leads elsewhere, and what stands there is what the answer is told by."""
    here, there = addresses_of(usual.report), addresses_of(odd.report)
    if not here or not there or sockets_of(usual.report) & accused_by(odd.report):
        return None
    if not sockets_of(odd.report) - sockets_of(usual.report):
        return None
    evidence: dict[str, JsonValue] = {
        "odd_addresses": list(there[:_SHOWN]),
        "usual_addresses": list(here[:_SHOWN]),
        "odd_inside": are_inside(there),
        "aliases": list(odd.report.aliases[:_SHOWN]),
        "usual_aliases": list(usual.report.aliases[:_SHOWN]),
        **both_certificates(usual, odd),
    }
    inside = are_inside(there)
    split = inside is not None and are_inside(here) is not None and inside != are_inside(here)
    chains = chains_of(odd.report)
    if chains and chains == chains_of(usual.report) and not split:
        return None  # servers of one kind: something else makes the difference
    certain = split or bool(chains and chains_of(usual.report))
    code = DifferenceCode.SPLIT_DNS if split else DifferenceCode.OTHER_ADDRESSES
    same = bool(chains) and chains == chains_of(usual.report)
    if same and odd.standing.verdict != usual.standing.verdict:
        return None
    return Divergence(
        code,
        certain=certain,
        evidence={**evidence, "same_certificates": same},
        decide=None if certain else there[0],
    )


def _certificate(usual: Side, odd: Side) -> Divergence | None:
    ours, theirs = leaf_of(usual.report), leaf_of(odd.report)
    if ours is None or theirs is None or ours.sha256 == theirs.sha256:
        return None
    return Divergence(
        DifferenceCode.OTHER_CERTIFICATE,
        evidence={
            "address": common_address(usual, odd),
            "older": theirs.not_before < ours.not_before,
            **both_certificates(usual, odd),
        },
        decide=common_address(usual, odd),
    )


def _chain(usual: Side, odd: Side) -> Divergence | None:
    ours, theirs = told_by(usual.report), told_by(odd.report)
    if ours is None or theirs is None or not ours.chain or not theirs.chain:
        return None
    here = {one.sha256: one.name or one.subject for one in ours.chain[1:]}
    there = {one.sha256: one.name or one.subject for one in theirs.chain[1:]}
    order = [one.sha256 for one in ours.chain] != [one.sha256 for one in theirs.chain]
    if ours.chain[0].sha256 != theirs.chain[0].sha256 or not order:
        return None
    missing = [name for sha256, name in here.items() if sha256 not in there]
    extra = [name for sha256, name in there.items() if sha256 not in here]
    return Divergence(
        DifferenceCode.OTHER_CHAIN,
        evidence={
            "address": common_address(usual, odd),
            "missing": [*missing[:_SHOWN]],
            "extra": [*extra[:_SHOWN]],
        },
        decide=common_address(usual, odd),
    )


def _roots(usual: Side, odd: Side) -> Divergence | None:
    if odd.standing.because == "roots" and odd.standing.verdict != "ok":
        store = odd.standing.store
        if store is not None:
            private = lacks_private_root(store)
            old = store.until is not None and not private
            code = DifferenceCode.OLDER_ROOTS if old else DifferenceCode.OTHER_ROOTS
            how = "private" if private else "bundle"
            return Divergence(code, evidence={"how": how, **_bundle(store)})
    if odd.report.cause not in _UNTRUSTED or chains_of(odd.report) != chains_of(usual.report):
        return None
    if usual.standing.because == "roots" and usual.standing.store is not None:
        return Divergence(
            DifferenceCode.OTHER_ROOTS,
            evidence={
                "how": "known",
                "store": usual.standing.store.store,
                "root": odd.report.findings[0].evidence.get("root")
                if odd.report.findings
                else None,
            },
        )
    if usual.report.path is not None:
        root = usual.report.path[-1]
        public = membership_of(root.sha256) is not None
        return Divergence(
            DifferenceCode.OTHER_ROOTS,
            evidence={
                "how": "program" if public else "setting",
                "root": root.name or root.subject,
                "sha256": root.sha256,
            },
        )
    return None


def _reach(usual: Side, odd: Side) -> Divergence | None:
    report = odd.report
    first = report.findings[0] if report.findings else None
    if report.verdict != "unreachable" or first is None or report.cause is not first.code:
        return None
    how = str(first.evidence.get("how"))
    evidence: dict[str, JsonValue] = {
        "how": how,
        "odd_addresses": list(addresses_of(report)[:_SHOWN]),
        "port": report.target.port,
        "error": first.evidence.get("error"),
    }
    via = next((one.via for one in report.endpoints if one.via), None) or first.evidence.get("via")
    if first.at_proxy:
        return Divergence(DifferenceCode.PROXY, evidence={**evidence, "proxy": via})
    code = {
        Cause.EGRESS_DENIED: DifferenceCode.EGRESS,
        Cause.CONNECTION_REFUSED: DifferenceCode.REFUSED,
        Cause.CONNECTION_RESET: DifferenceCode.CUT,
        Cause.TIMEOUT: DifferenceCode.TIMED_OUT,
    }.get(first.code)
    if how == "no_route":
        code = DifferenceCode.NO_ROUTE
    if code is None:
        return None
    evidence["connected"] = bool(first.evidence.get("connected"))
    evidence["by_name"] = bool(first.evidence.get("by_name"))
    return Divergence(code, evidence=evidence)


def _handshake(usual: Side, odd: Side) -> Divergence | None:
    cause = odd.report.cause
    cut = cause is Cause.CONNECTION_RESET and odd.report.verdict == "broken"
    # What was sent could not be read, or was too much: of the certificates nothing is known.
    unread = odd.report.verdict == "broken" and not chains_of(odd.report)
    if usual.report.cause is cause or (cause not in _HANDSHAKE and not cut and not unread):
        return None
    code = DifferenceCode.CUT if cut else DifferenceCode.OTHER_HANDSHAKE
    first = odd.report.findings[0] if odd.report.findings else None
    ours, theirs = told_by(usual.report), told_by(odd.report)
    return Divergence(
        code,
        certain=False,
        evidence={
            "cause": cause.value if cause else None,
            "odd_addresses": list(addresses_of(odd.report)[:_SHOWN]),
            "error": first.evidence.get("error") if first else None,
            "by_name": bool(first and first.evidence.get("by_name")),
            "connected": True,
            "usual_version": ours.tls_version if ours else None,
            "odd_version": theirs.tls_version if theirs else None,
        },
        decide=common_address(usual, odd),
    )


def _openssl(usual: Side, odd: Side) -> Divergence | None:
    if odd.standing.because != "openssl" or usual.standing.because == "openssl":
        return None
    return Divergence(
        DifferenceCode.OLD_OPENSSL,
        evidence={"openssl": odd.standing.openssl, "line": odd.standing.line},
    )


def _revocation(usual: Side, odd: Side) -> Divergence | None:
    cause = odd.report.cause
    same = chains_of(odd.report) == chains_of(usual.report)
    if cause not in (Cause.REVOKED, Cause.OCSP_PROBLEM) or usual.report.cause is cause or not same:
        return None
    return Divergence(
        DifferenceCode.REVOCATION,
        evidence={"how": "revoked" if cause is Cause.REVOKED else "problem"},
    )


_Rule = Callable[[Side, Side], Divergence | None]
_RULES: tuple[_Rule, ...] = (
    _interception,
    _clock,
    _name,
    _addresses,
    _certificate,
    _chain,
    _roots,
    _reach,
    _handshake,
    _openssl,
    _revocation,
)

# What is no mere consequence of the cause, and worth a line of its own.
_STANDS_ALONE = frozenset(
    {
        DifferenceCode.OLDER_ROOTS,
        DifferenceCode.OTHER_ROOTS,
        DifferenceCode.OLD_OPENSSL,
        DifferenceCode.EGRESS,
        DifferenceCode.PROXY,
    }
)
_BESIDE: dict[DifferenceCode, frozenset[DifferenceCode]] = {
    # Of a certificate that was made on the way, neither the root nor what OpenSSL says is news.
    DifferenceCode.INTERCEPTION: frozenset({DifferenceCode.SPLIT_DNS}),
    DifferenceCode.OLDER_ROOTS: frozenset({DifferenceCode.OLD_OPENSSL}),
}


def _clock_of(side: Side) -> Divergence | None:
    finding = finding_of(side.report, Cause.CLOCK_SKEW)
    if finding is not None:
        facts = {name: finding.evidence.get(name) for name in ("seconds", "behind", "at_least")}
        return Divergence(
            DifferenceCode.CLOCK, evidence={**facts, "source": finding.evidence.get("source")}
        )
    if side.offset is None:
        return None
    seconds = round(side.offset)
    return Divergence(
        DifferenceCode.CLOCK,
        evidence={
            "seconds": abs(seconds),
            "behind": seconds > 0,
            "at_least": False,
            "source": None,
        },
    )


def _bundle(store: MachineTrust) -> dict[str, JsonValue]:
    entered = membership_of(store.lacks_sha256 or "")
    return {
        "store": store.store,
        "kind": store.kind,
        "roots": store.roots,
        "root": store.lacks,
        "sha256": store.lacks_sha256,
        "year": str(store.until.year) if store.until else None,
        "entered": entered.entered.isoformat() if entered else None,
        "verify": store.verify.code,
        "message": store.verify.message,
    }
