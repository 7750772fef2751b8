"""One check from the question to the Report: evidence is gathered side by side, then judged.

The stations, each a module of its own: resolve, egress, contact (with handshake and hello), inquire,
certificate, path,
complete (with aia), rules, combine, clients, remedies.
"""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from bot.diagnosis.aia import IssuerFetcher
from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import (
    Certificate,
    MalformedCertificateError,
    is_self_signed,
    read_certificate,
)
from bot.diagnosis.clients import predict
from bot.diagnosis.clients.evaluate import Anchor, differing
from bot.diagnosis.clock import Witness, skew_of
from bot.diagnosis.combine import Combined, Judged, combine
from bot.diagnosis.complete import Asking, complete, needs_completion
from bot.diagnosis.contact import make_contact
from bot.diagnosis.effort import bounded_effort
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.fault import Fault
from bot.diagnosis.handshake import Handshake
from bot.diagnosis.inquire import inquire, server_name
from bot.diagnosis.path import best_path, climb
from bot.diagnosis.question import Question
from bot.diagnosis.remedies import fix_for, full_chain
from bot.diagnosis.report import (
    ChainCertificate,
    ClientPrediction,
    Endpoint,
    Finding,
    PathCertificate,
    Report,
    Role,
    Target,
    Verification,
)
from bot.diagnosis.resolve import NameNotResolvedError, Place, Resolver
from bot.diagnosis.revocation import places_of, read_ocsp
from bot.diagnosis.roots import membership_of
from bot.diagnosis.rules import findings_of
from bot.diagnosis.rules.order import rearranged
from bot.diagnosis.status import Revocation, StatusAsker
from bot.diagnosis.trust import OpenSSLVerdict, TrustStore
from bot.diagnosis.view import View

Clock = Callable[[], datetime]

# The share of a check's time that the server gets; the rest is for fetching and judging.
_HANDSHAKE_SHARE = 0.8

# Ports where HTTP is spoken over TLS: there a server may refuse with a page.
_HTTPS_PORTS = frozenset({443, 4443, 6443, 8443, 9443, 10443})

# How long an answer waits for OCSP and CRLs; honest responders take a tenth of it.
PATIENCE = 1.5

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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a check needs from the place where it runs.

    `asker` asks for revocation (None: nobody does); `patience` is how long, in seconds, the answer
    waits for that; `released` is a moment that is certainly past.
    """

    resolver: Resolver
    policy: EgressPolicy
    fetcher: IssuerFetcher
    trust: TrustStore
    clock: Clock
    vantage: str
    asker: StatusAsker | None = None
    patience: float = PATIENCE
    released: datetime | None = None


async def examine(question: Question, around: Surroundings) -> Report:
    """Run one check. Whatever the server does ends in a Report, within the question's timeout."""
    with bounded_effort():
        return await _examine(question, around)


async def _examine(question: Question, around: Surroundings) -> Report:
    loop = asyncio.get_running_loop()
    started = loop.time()
    checked_at = around.clock()
    at = _floored(question.at or checked_at)
    target = question.target
    try:
        places = await _places(question, around.resolver)
    except NameNotResolvedError as error:
        finding = Finding(
            code=Cause.DNS_FAILURE,
            severity="critical",
            evidence={"host": target.host, "how": error.fault, "error": error.text},
        )
        judged = [Judged("", View(target, at, around.trust, _never_tried(target)), (finding,))]
    else:
        deadline = started + question.timeout
        asking = Asking(around.fetcher.fetch)
        turns = asyncio.Lock()
        views = await asyncio.gather(
            *(
                _look(place, question, around, at, deadline, asking=asking, turns=turns)
                for place in places
            )
        )
        judged = []
        for place, view in zip(places, views, strict=True):
            judged.append(Judged(str(place.address), view, findings_of(view)))
            await asyncio.sleep(0)
    duration = round((loop.time() - started) * 1000)
    return _report(target, judged, around, checked_at, duration)


async def examine_file(
    certificates: Sequence[bytes],
    target: Target,
    around: Surroundings,
    *,
    at: datetime,
    fetch: bool,
) -> Report:
    """Judge a chain as if a server had sent exactly these certificates (DER, in this order)."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    with bounded_effort():
        view = _read(View(target, _floored(at), around.trust), tuple(certificates))
        question = Question(target=target, fetch=fetch)
        asking = Asking(around.fetcher.fetch)
        view, revocation = await _fetch(view, question, around, asking, started + 10.0)
        view = replace(view, revocation=revocation)
        judged = [Judged("", view, findings_of(view))]
        duration = round((loop.time() - started) * 1000)
        return _report(target, judged, around, around.clock(), duration)


async def _places(question: Question, resolver: Resolver) -> tuple[Place, ...]:
    if question.addresses:
        return tuple(Place(ip_address(one.address), one.port) for one in question.addresses)
    host = question.target.host
    try:
        return (Place(ip_address(host)),)
    except ValueError:
        return await resolver.resolve(host, question.timeout * 0.5)


async def _look(
    place: Place,
    question: Question,
    around: Surroundings,
    at: datetime,
    deadline: float,
    *,
    asking: Asking,
    turns: asyncio.Lock,
) -> View:
    target = question.target
    view = View(target, at, around.trust)
    port = place.port or target.port
    if not around.policy.permits(place.address):
        fault = Fault("denied", "not permitted by the egress policy")
        return replace(view, handshake=Handshake(place.address, port, fault=fault))
    handshakes_end = deadline - question.timeout * (1 - _HANDSHAKE_SHARE)
    contact = await make_contact(
        place.address,
        port,
        usual_port=target.port,
        server_name=server_name(target),
        starttls=target.starttls,
        ask_http=target.port in _HTTPS_PORTS,
        deadline=handshakes_end,
    )
    seen = contact.handshake
    if contact.starttls != target.starttls:
        view = replace(view, target=target.model_copy(update={"starttls": contact.starttls}))
    view = replace(view, handshake=seen, unanswered=contact.unanswered, only_size=contact.only_size)
    async with turns:
        # Sixteen addresses that send 100 KB each are read one a turn of the loop: others wait, too.
        view = _read(view, seen.chain)
        await asyncio.sleep(0)
    view, (completed, revocation) = await asyncio.gather(
        inquire(view, seen, handshakes_end), _fetch(view, question, around, asking, deadline)
    )
    view = replace(view, completion=completed.completion, revocation=revocation)
    if question.at is None:
        view = await _by_the_right_clock(view, question, around, asking, deadline)
    return view


async def _by_the_right_clock(
    view: View, question: Question, around: Surroundings, asking: Asking, deadline: float
) -> View:
    """When our clock is wrong, judge once more by the clocks of those who answered."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    leaf, seen = view.leaf, view.handshake
    if leaf is None or seen is None:
        return view
    fetches = list(view.completion.fetches) if view.completion else []
    heard = [(one.url, one.date, one.heard) for one in fetches if one.date is not None]
    heard += view.revocation.dates if view.revocation else ()
    accused = not leaf.not_before <= view.at <= leaf.not_after
    if accused and not heard and question.fetch and leaf.issuer_urls:
        # The CA's server is asked for nothing but the time: the site's own would be a party.
        try:
            async with asyncio.timeout_at(min(deadline, now + around.patience)):
                got = await asking.fetch(leaf.issuer_urls[0])
        except TimeoutError:
            pass
        else:
            heard += [(got.url, got.date, got.heard)] if got.date is not None else []
    now = loop.time()
    witnesses = [
        Witness(urlsplit(url).hostname or url, date + timedelta(seconds=now - at))
        for url, date, at in heard
    ]
    clock = around.clock()
    skew = skew_of(clock, witnesses, around.released)
    if skew is None:
        return view
    right = _read(replace(view, at=clock + skew.offset, skew=skew), seen.chain)
    completed, revocation = await _fetch(right, question, around, asking, deadline)
    matters = accused != (not leaf.not_before <= right.at <= leaf.not_after)
    return replace(
        right, completion=completed.completion, revocation=revocation, skew_matters=matters
    )


async def _fetch(
    view: View, question: Question, around: Surroundings, asking: Asking, deadline: float
) -> tuple[View, Revocation | None]:
    """Fetch missing issuers, and ask whether the certificate was revoked."""
    started = asyncio.get_running_loop().time()
    if question.fetch:
        view = await _complete(view, asking, deadline)
    path, leaf = view.path, view.leaf
    if leaf is None or path is None or len(path.certificates) < 2:
        return view, None
    issuer = path.certificates[1]
    places = places_of(leaf)
    stapled = None
    if view.handshake is not None and view.handshake.staple is not None:
        stapled = read_ocsp(view.handshake.staple, leaf, issuer, view.at, how="stapled")
    known = Revocation(places.must_staple, stapled)
    answered = stapled is not None and stapled.state in ("good", "revoked")
    if question.fetch and around.asker is not None and not answered:
        until = min(deadline, started + around.patience)
        asked = await around.asker.ask(leaf, issuer, view.at, until=until)
        known = replace(asked, must_staple=known.must_staple, stapled=known.stapled)
    return view, known


async def _complete(view: View, asking: Asking, deadline: float) -> View:
    leaf = view.leaf
    if leaf is None or is_self_signed(leaf) or not needs_completion(view.as_sent):
        return view

    completion = await complete(
        leaf, view.sent[1:], view.trust, view.at, fetch=asking.fetch, deadline=deadline
    )
    return replace(view, completion=completion)


def _read(view: View, chain: tuple[bytes, ...]) -> View:
    """Read the certificates and ask OpenSSL about them."""
    certificates: list[Certificate] = []
    unreadable: list[str] = []
    for der in chain:
        try:
            certificates.append(read_certificate(der))
        except MalformedCertificateError as error:
            unreadable.append(error.reason)
            if not certificates:
                break  # without the server's own certificate there is nothing to judge
    if not certificates:
        return replace(view, unreadable=tuple(unreadable))
    sent = tuple(certificates)
    as_sent = best_path(sent[0], sent[1:], (), view.trust, view.at)
    if (
        as_sent is not None
        and not view.trust.has_partial_anchors
        and set(as_sent.certificates[:-1]) == set(sent)
    ):
        verdict = as_sent.verdict
    else:
        verdict = view.trust.verify(sent, view.at)
    return replace(view, sent=sent, unreadable=tuple(unreadable), verdict=verdict, as_sent=as_sent)


def _report(
    target: Target,
    judged: Sequence[Judged],
    around: Surroundings,
    checked_at: datetime,
    duration_ms: int,
) -> Report:
    combined = combine(judged)
    view = combined.lead.view
    target = view.target  # with the protocol that the server turned out to begin with
    arranged = rearranged(view) or view
    chain_is_at_fault = combined.cause in _OTHER_CHAIN_HELPS or (
        view.verdict is not None and not view.verdict.ok
    )
    pem = full_chain(arranged.path, view.at, around.trust) if chain_is_at_fault else None
    first = combined.findings[0] if combined.findings else None
    fix = fix_for(combined.cause, first, target, pem)
    if combined.cause is Cause.BACKENDS_DIFFER and combined.lead.cause is not None and fix:
        # Say what to do on the odd ones, too.
        own = fix_for(
            combined.lead.cause,
            combined.lead.findings[0],
            target,
            pem,
            address=combined.lead.address,
        )
        fix = fix.model_copy(update={"steps": (*fix.steps, *(own.steps if own else ()))})
    return Report(
        id=uuid.uuid4().hex,
        target=target,
        checked_at=checked_at,
        duration_ms=duration_ms,
        vantage=around.vantage,
        verdict=combined.verdict,
        cause=combined.cause,
        verify=_verification(view.verdict),
        findings=combined.findings,
        endpoints=tuple(
            _endpoint(one) for one in judged if one.view.handshake is None or one.address
        ),
        path=_path(arranged),
        clients=_clients(combined, target),
        fix=fix,
    )


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
        error=seen.fault.reason if seen and seen.fault else None,
        tls_version=seen.tls_version if seen else None,
        cipher=seen.cipher if seen else None,
        alpn=seen.alpn if seen else None,
        verify=_verification(view.verdict),
        chain=_chain(view),
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


def _never_tried(target: Target) -> Handshake:
    return Handshake(ip_address("0.0.0.0"), target.port)  # noqa: S104 - no address is known


def _floored(moment: datetime) -> datetime:
    # Certificates know whole seconds, and the last one belongs to them (RFC 5280, 4.1.2.5).
    return moment.replace(microsecond=0)


def utc_now() -> datetime:
    """The clock that is passed in when nobody chose another."""
    return datetime.now(UTC)
