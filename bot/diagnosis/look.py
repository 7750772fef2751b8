"""The evidence of one address: the handshake that counts, the chain, what was fetched, revocation.

What stands here is gathering; judging is the rules'.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bot.diagnosis.beside import contact_with_others
from bot.diagnosis.certificate import (
    Certificate,
    MalformedCertificateError,
    is_self_signed,
    read_certificate,
)
from bot.diagnosis.clock import Witness, skew_of
from bot.diagnosis.complete import Asking, complete, needs_completion
from bot.diagnosis.contact import make_contact
from bot.diagnosis.fault import Fault
from bot.diagnosis.handshake import Handshake
from bot.diagnosis.head import HTTPS_PORTS, ask_head
from bot.diagnosis.inquire import inquire, server_name
from bot.diagnosis.path import best_path
from bot.diagnosis.proxy import Route
from bot.diagnosis.question import Question
from bot.diagnosis.resolve import Place
from bot.diagnosis.revocation import places_of, read_ocsp
from bot.diagnosis.second import goes_by_client, in_doubt, second_chain
from bot.diagnosis.status import Allowance, Revocation
from bot.diagnosis.surroundings import Surroundings
from bot.diagnosis.view import View

# The share of a check's time that the server gets; the rest is for fetching and judging.
_HANDSHAKE_SHARE = 0.8

# Before a certificate is called expired or not yet valid, another clock is waited for this long.
_WITNESS_SECONDS = 1.0


async def look(
    place: Place,
    question: Question,
    around: Surroundings,
    at: datetime,
    deadline: float,
    *,
    asking: Asking,
    allowance: Allowance,
    turns: asyncio.Lock,
) -> View:
    """Gather the evidence of one address.

    Args:
        place: The address, which the policy may still forbid.
        question: What is asked.
        around: Where the check runs.
        at: The moment to judge by.
        deadline: Moment of the loop's clock after which nothing is waited for.
        asking: The AIA addresses of the whole check.
        allowance: Its OCSP and CRL addresses.
        turns: Held by whoever reads certificates.
    """
    target = question.target
    view = View(target, at, around.trust, aliases=place.aliases)
    port = place.port or target.port
    if place.name is None and not around.policy.permits(place.address):
        fault = Fault("denied", "not permitted by the egress policy")
        return replace(view, handshake=Handshake(place.address, port, fault=fault))
    seen_address = place.address if place.name is None else None
    route = Route(around.proxies.for_tls(target.host, port, seen_address), place.name)
    handshakes_end = deadline - question.timeout * (1 - _HANDSHAKE_SHARE)
    started = asyncio.get_running_loop().time()
    first = make_contact(
        place.address,
        port,
        route=route,
        usual_port=target.port,
        server_name=server_name(target),
        starttls=target.starttls,
        ask_http=target.port in HTTPS_PORTS,
        deadline=handshakes_end,
    )
    contact, beside = await contact_with_others(
        first,
        place.address,
        port,
        route=route,
        usual_port=target.port,
        server_name=server_name(target),
        starttls=target.starttls,
        deadline=handshakes_end,
    )
    took = asyncio.get_running_loop().time() - started
    seen = contact.handshake
    if contact.starttls != target.starttls:
        view = replace(view, target=target.model_copy(update={"starttls": contact.starttls}))
    view = replace(
        view,
        handshake=seen,
        unanswered=contact.unanswered,
        only_size=contact.only_size,
        beside=beside,
    )
    async with turns:
        # Sixteen addresses that send 100 KB each are read one a turn of the loop: others wait, too.
        view = read_chain(view, seen.chain)
        await asyncio.sleep(0)
        other = _second_view(view)
    head, view, (completed, revocation), (second, by_client_order) = await asyncio.gather(
        ask_head(view, target.port, took, handshakes_end),
        inquire(view, seen, handshakes_end),
        fetch_evidence(view, question, around, asking, deadline, allowance=allowance),
        _about_second(
            view, other, question, around, asking, deadline=deadline, allowance=allowance
        ),
    )
    view = replace(
        view,
        head=head,
        completion=completed.completion,
        revocation=revocation,
        other=second,
        by_client_order=by_client_order,
    )
    if question.at is None:
        view = await _by_the_right_clock(
            view, question, around, asking, deadline, allowance=allowance
        )
    return view


async def _by_the_right_clock(
    view: View,
    question: Question,
    around: Surroundings,
    asking: Asking,
    deadline: float,
    *,
    allowance: Allowance,
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
            async with asyncio.timeout_at(min(deadline, now + _WITNESS_SECONDS)):
                got = await asking.fetch_itself(leaf.issuer_urls[0])
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
    if around.reference is not None:
        source, ahead = around.reference
        witnesses.append(Witness(source, clock + ahead))
    skew = skew_of(clock, witnesses, around.released)
    if skew is None:
        return view
    right = read_chain(replace(view, at=clock + skew.offset, skew=skew), seen.chain)
    completed, revocation = await fetch_evidence(
        right, question, around, asking, deadline, allowance=allowance
    )
    matters = accused != (not leaf.not_before <= right.at <= leaf.not_after)
    return replace(
        right,
        completion=completed.completion,
        revocation=revocation,
        skew_matters=matters,
        other=_second_view(right),
    )


def _second_view(view: View) -> View | None:
    """The evidence of the server's second certificate; what is of the session stays with the first."""
    chain = second_chain(view)
    return read_chain(View(view.target, view.at, view.trust), chain) if chain else None


async def _about_second(
    view: View,
    other: View | None,
    question: Question,
    around: Surroundings,
    asking: Asking,
    *,
    deadline: float,
    allowance: Allowance,
) -> tuple[View | None, bool | None]:
    """Complete the evidence of the second certificate, and ask who is given it."""
    seen = view.handshake
    if other is None or seen is None:
        return None, None
    completing = fetch_evidence(other, question, around, asking, deadline, allowance=allowance)
    if not in_doubt(view, other):
        (completed, revocation), by_client_order = await completing, None
    else:
        (completed, revocation), by_client_order = await asyncio.gather(
            completing, goes_by_client(view, seen, deadline)
        )
    return replace(completed, revocation=revocation), by_client_order


async def fetch_evidence(
    view: View,
    question: Question,
    around: Surroundings,
    asking: Asking,
    deadline: float,
    *,
    allowance: Allowance,
) -> tuple[View, Revocation | None]:
    """Fetch missing issuers, and ask whether the certificates were revoked."""
    started = asyncio.get_running_loop().time()
    if question.fetch:
        view = await _complete(view, asking, deadline)
    path, leaf = view.path, view.leaf
    if leaf is None or path is None or len(path.certificates) < 2:
        return view, None
    stapled = None
    if view.handshake is not None and view.handshake.staple is not None:
        issuer = path.certificates[1]
        stapled = read_ocsp(view.handshake.staple, leaf, issuer, view.at, how="stapled")
    known = Revocation(places_of(leaf).must_staple, stapled)
    if question.fetch and around.asker is not None:
        until = min(deadline, started + around.patience)
        known = await around.asker.ask_along(path, known, view.at, until=until, allowance=allowance)
    return view, known


async def _complete(view: View, asking: Asking, deadline: float) -> View:
    leaf = view.leaf
    if leaf is None or is_self_signed(leaf) or not needs_completion(view.as_sent):
        return view

    completion = await complete(
        leaf,
        view.sent[1:],
        view.trust,
        view.at,
        fetch=asking.fetch,
        deadline=deadline,
        itself=asking.fetch_itself,
    )
    return replace(view, completion=completion)


def read_chain(view: View, chain: tuple[bytes, ...]) -> View:
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
