"""From judged evidence to the Report: the cause, the chain as sent, the path, clients, the fix. Pure."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from bot.diagnosis.beside import oldest_version
from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate, is_self_signed
from bot.diagnosis.clients import predict
from bot.diagnosis.clients.evaluate import Anchor, differing
from bot.diagnosis.combine import Combined, Judged, combine
from bot.diagnosis.machine import judged_there
from bot.diagnosis.path import climb
from bot.diagnosis.remedies import fix_for, fix_of_differing, full_chain, guess
from bot.diagnosis.report import (
    REVOCATION,
    ChainCertificate,
    ClientPrediction,
    Endpoint,
    Finding,
    Fix,
    PathCertificate,
    Report,
    Role,
    Target,
    Verification,
)
from bot.diagnosis.roots import membership_of
from bot.diagnosis.rules.order import rearranged
from bot.diagnosis.second import other_certificate
from bot.diagnosis.surroundings import Surroundings
from bot.diagnosis.trust import OpenSSLVerdict
from bot.diagnosis.view import View

# Of a certificate's names, as many as a Report carries.
_SHOWN_NAMES = 100

# Warnings and faults of what is sent beside a chain that is good in itself.
_OTHER_CHAIN_HELPS = frozenset(
    {
        Cause.WRONG_CHAIN_ORDER,
        Cause.EXTRA_CERTIFICATES,
        Cause.EXPIRED_INTERMEDIATE,
        Cause.EXPIRED_ROOT_OR_CROSS_SIGN,
    }
)


def assemble(
    target: Target,
    judged: Sequence[Judged],
    around: Surroundings,
    checked_at: datetime,
    duration_ms: int,
    *,
    result_id: str | None = None,
) -> Report:
    """Put the Report together from what was judged at each address.

    Args:
        target: What was asked for.
        judged: The evidence of each address with its findings.
        around: Where the check ran.
        checked_at: When it began, by that place's clock.
        duration_ms: How long it took.
        result_id: The Report's id; a new one when None.
    """
    combined = combine(judged)
    view = combined.lead.view
    target = view.target  # with the protocol that the server turned out to begin with
    arranged = rearranged(view) or view
    chain_is_at_fault = combined.cause in _OTHER_CHAIN_HELPS or (
        view.verdict is not None and not view.verdict.ok
    )
    pem = full_chain(arranged.path, view.at, around.trust) if chain_is_at_fault else None
    first = combined.findings[0] if combined.findings else None
    if first is not None and view.other is not None and first.evidence.get("certificate"):
        # What is at fault is the second certificate.
        second = rearranged(view.other) or view.other
        pem = full_chain(second.path, view.at, around.trust) if _helped(second, first) else None
    software = guess(view, view.aliases)
    code = software.code if software is not None else None
    if combined.cause is Cause.BACKENDS_DIFFER:
        lead = combined.lead
        own = lead.findings[0] if lead.cause is not None else None
        fix: Fix | None = fix_of_differing(
            first, own, target, pem, address=lead.address, software=code
        )
    else:
        fix = fix_for(combined.cause, first, target, pem, software=code)
    return Report(
        id=result_id or uuid.uuid4().hex,
        target=target,
        checked_at=checked_at,
        duration_ms=duration_ms,
        vantage=around.vantage,
        verdict=combined.verdict,
        cause=combined.cause,
        verify=_verification(view.verdict),
        findings=combined.findings,
        aliases=view.aliases,
        endpoints=tuple(
            _endpoint(one) for one in judged if one.view.handshake is None or one.address
        ),
        path=_path(arranged),
        clients=_clients(combined, target),
        fix=fix,
        pending=_pending(judged),
        software=software,
        machine=judged_there(view, around.machine),
    )


def _helped(view: View, first: Finding) -> bool:
    """Whether another chain would mend what was found."""
    return first.code in _OTHER_CHAIN_HELPS or (view.verdict is not None and not view.verdict.ok)


def _pending(judged: Sequence[Judged]) -> tuple[str, ...]:
    views = [view for one in judged for view in (one.view, one.view.other) if view is not None]
    waiting = any(view.revocation is not None and view.revocation.pending for view in views)
    return (REVOCATION,) if waiting else ()


def _clients(combined: Combined, target: Target) -> tuple[ClientPrediction, ...]:
    reached = [group for group in combined.groups if group[0].reached] or list(combined.groups)
    views = [group[0].view for group in reached]
    return differing(
        [
            predict(group[0].findings, target, view.at, _anchor(view))
            for group, view in zip(reached, views, strict=True)
        ]
    )


def _anchor(view: View) -> Anchor | None:
    if view.path is None:
        return None
    root = view.path.certificates[-1]
    membership = membership_of(root.sha256)
    if membership is None:
        return None
    bridged = any(one.subject_der == root.subject_der and one != root for one in view.sent)
    return Anchor(membership, bridged)


def _endpoint(judged: Judged) -> Endpoint:
    view, seen = judged.view, judged.view.handshake
    return Endpoint(
        address=judged.address,
        port=seen.port if seen else view.target.port,
        reachable=judged.reached,
        via=view.via,
        error=seen.fault.reason if seen and seen.fault else None,
        tls_version=seen.tls_version if seen else None,
        cipher=seen.cipher if seen else None,
        alpn=seen.alpn if seen else None,
        verify=_verification(view.verdict),
        chain=_chain(view),
        tls_oldest=oldest_version(seen.tls_version, view.beside) if seen and view.beside else None,
        other_certificate=other_certificate(view),
        other_chain=_chain(view.other) if view.other else (),
    )


def _chain(view: View) -> tuple[ChainCertificate, ...]:
    if view.leaf is None:
        return ()
    related = {*climb(view.leaf, view.sent), *(view.as_sent.certificates if view.as_sent else ())}
    return tuple(
        ChainCertificate(
            subject=one.subject,
            name=one.subject_name,
            issuer=one.issuer,
            issuer_name=one.issuer_name,
            not_before=one.not_before,
            not_after=one.not_after,
            sha256=one.sha256,
            key_sha256=one.key_sha256,
            serial=one.serial,
            dns_names=one.dns_names[:_SHOWN_NAMES],
            role=_role(index, one, related),
        )
        for index, one in enumerate(view.sent)
    )


def _role(index: int, one: Certificate, related: set[Certificate]) -> Role:
    if index == 0:
        return "leaf"
    if one not in related:
        return "unrelated"
    return "root" if is_self_signed(one) else "intermediate"


def _path(view: View) -> tuple[PathCertificate, ...] | None:
    path = view.path
    if path is None:
        return None
    return tuple(
        PathCertificate(
            subject=one.subject,
            name=one.subject_name,
            sha256=one.sha256,
            source=source,
            not_after=one.not_after,
        )
        for one, source in zip(path.certificates, path.sources, strict=True)
    )


def _verification(verdict: OpenSSLVerdict | None) -> Verification | None:
    return Verification(code=verdict.code, message=verdict.message) if verdict else None
