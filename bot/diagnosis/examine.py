"""One check from the question to the Report: evidence is gathered side by side, then judged.

The stations, each a module of its own: resolve, look (one address: egress, contact with handshake
and hello, inquire, certificate, path, complete with aia, status), rules, assemble (combine,
clients, remedies); what is slow follows in later.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address

from pydantic import JsonValue

from bot.diagnosis.assemble import assemble
from bot.diagnosis.causes import Cause
from bot.diagnosis.combine import Judged
from bot.diagnosis.complete import Asking
from bot.diagnosis.effort import bounded_effort
from bot.diagnosis.handshake import Handshake
from bot.diagnosis.later import LATER_SECONDS, Unfinished
from bot.diagnosis.look import fetch_evidence, look, read_chain
from bot.diagnosis.question import Question
from bot.diagnosis.report import Finding, Report, Target
from bot.diagnosis.resolve import NameNotResolvedError, Place
from bot.diagnosis.rules import findings_of
from bot.diagnosis.status import Allowance
from bot.diagnosis.surroundings import Surroundings
from bot.diagnosis.target import literal
from bot.diagnosis.view import View

# What stands for an address that is not known.
_UNSPECIFIED = ip_address("0.0.0.0")  # noqa: S104 - nothing listens or connects there


@dataclass(frozen=True, slots=True)
class Examined:
    """The Report of a check, and what may still change it (None: nothing)."""

    report: Report
    unfinished: Unfinished | None = None


async def examine(question: Question, around: Surroundings) -> Examined:
    """Run one check. Whatever the server does ends in a Report, within the question's timeout."""
    with bounded_effort():
        return await _examine(question, around)


async def _examine(question: Question, around: Surroundings) -> Examined:
    loop = asyncio.get_running_loop()
    started = loop.time()
    checked_at = around.clock()
    at = _floored(question.at or checked_at)
    target = question.target
    allowance = Allowance()
    try:
        places = await _places(question, around)
    except NameNotResolvedError as error:
        finding = _unresolved(target, error, around)
        judged = [Judged("", View(target, at, around.trust, _never_tried(target)), (finding,))]
    else:
        deadline = started + question.timeout
        asking = Asking(around.fetcher.fetch, itself=around.fetcher.fetch_itself)
        turns = asyncio.Lock()
        views = await asyncio.gather(
            *(
                look(
                    place,
                    question,
                    around,
                    at,
                    deadline,
                    asking=asking,
                    allowance=allowance,
                    turns=turns,
                )
                for place in places
            )
        )
        judged = []
        for place, view in zip(places, views, strict=True):
            judged.append(Judged(str(place), view, findings_of(view)))
            await asyncio.sleep(0)
    duration = round((loop.time() - started) * 1000)
    report = assemble(target, judged, around, checked_at, duration)
    if not report.pending:
        return Examined(report)
    ends = started + min(LATER_SECONDS, question.timeout)
    return Examined(report, Unfinished(report, tuple(judged), around, allowance, ends))


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
        view = read_chain(View(target, _floored(at), around.trust), tuple(certificates))
        question = Question(target=target, fetch=fetch)
        asking = Asking(around.fetcher.fetch, itself=around.fetcher.fetch_itself)
        view, revocation = await fetch_evidence(
            view, question, around, asking, started + 10.0, allowance=Allowance()
        )
        view = replace(view, revocation=revocation)
        judged = [Judged("", view, findings_of(view))]
        duration = round((loop.time() - started) * 1000)
        return assemble(target, judged, around, around.clock(), duration)


async def _places(question: Question, around: Surroundings) -> tuple[Place, ...]:
    if question.addresses:
        return tuple(Place(ip_address(one.address), one.port) for one in question.addresses)
    host, port = question.target.host, question.target.port
    address = literal(host)
    if address is not None:
        return (Place(address),)
    proxies = around.proxies
    by_proxy = proxies.for_tls(host, port) is not None and proxies.may_resolve(host)
    within = question.timeout * (0.2 if by_proxy else 0.5)
    try:
        return await around.resolver.resolve(host, within)
    except NameNotResolvedError:
        if by_proxy:
            return (Place(_UNSPECIFIED, name=host),)
        raise


def _unresolved(target: Target, error: NameNotResolvedError, around: Surroundings) -> Finding:
    evidence: dict[str, JsonValue] = {
        "host": target.host,
        "how": error.fault,
        "error": error.text,
    }
    proxy = around.proxies.for_tls(target.host, target.port)
    if proxy is not None:
        evidence["via"] = proxy.name
        evidence["proxy_resolves"] = around.proxies.resolves
    return Finding(code=Cause.DNS_FAILURE, severity="critical", evidence=evidence)


def _never_tried(target: Target) -> Handshake:
    return Handshake(_UNSPECIFIED, target.port)


def _floored(moment: datetime) -> datetime:
    # Certificates know whole seconds, and the last one belongs to them (RFC 5280, 4.1.2.5).
    return moment.replace(microsecond=0)
