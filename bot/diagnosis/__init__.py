"""Diagnosis: a target and a policy go in, a Report comes out.

What may live here: getting evidence (sockets only in resolve, tunnel, handshake, hello and download), judging
it (pure functions over evidence), and the values in between. What may not: Slack, Redis, the
language of the reply, settings from the environment.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_network

from bot.diagnosis.aia import IssuerFetcher
from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import read_pem_certificates
from bot.diagnosis.clock import bundle_date
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.examine import examine, examine_file
from bot.diagnosis.proxy import NO_PROXIES, Proxies
from bot.diagnosis.question import ConnectTo, Question
from bot.diagnosis.report import Report, Target
from bot.diagnosis.resolve import SystemResolver
from bot.diagnosis.status import StatusAsker
from bot.diagnosis.surroundings import Surroundings, utc_now
from bot.diagnosis.target import TargetError, parse_target
from bot.diagnosis.trust import trust_store

__all__ = [
    "Cause",
    "ConnectTo",
    "Question",
    "Report",
    "Target",
    "TargetError",
    "check",
    "examine_chain",
    "parse_target",
]


async def check(
    target: str | Target,
    *,
    addresses: Sequence[ConnectTo] | None = None,
    roots: bytes | None = None,
    at: datetime | None = None,
    starttls: str | None = None,
    fetch: bool = True,
    timeout: float = 10.0,  # noqa: ASYNC109 - the contract's name; it bounds more than one await
    allow_networks: Sequence[str] = (),
    proxies: Proxies = NO_PROXIES,
) -> Report:
    """Diagnose one live server.

    Args:
        target: What a person pasted, or a parsed target.
        addresses: Connect there in place of resolving the name.
        roots: PEM of exactly the roots to trust, in place of certifi's.
        at: Judge as of this moment (timezone-aware); now when None.
        starttls: Protocol to upgrade from.
        fetch: Whether AIA, OCSP and CRL addresses may be asked.
        timeout: Bound of the whole check, in seconds.
        allow_networks: CIDRs that may be connected to beyond public addresses.
        proxies: The HTTP proxies that lead to the servers.

    Raises:
        TargetError: The target is none.
        MalformedCertificateError: `roots` holds no readable certificate.
    """
    parsed = parse_target(target, starttls=starttls) if isinstance(target, str) else target
    question = Question(
        target=parsed,
        addresses=tuple(addresses or ()),
        roots_pem=_text(roots),
        at=at,
        fetch=fetch,
        timeout=timeout,
        allow_networks=tuple(allow_networks),
    )
    resolver = SystemResolver()
    policy = EgressPolicy(tuple(ip_network(one, strict=False) for one in allow_networks))
    fetcher = IssuerFetcher(resolver, policy, proxies=proxies)
    asker = StatusAsker(fetcher.downloader)
    around = Surroundings(
        resolver,
        policy,
        fetcher,
        trust_store(question.roots_pem),
        utc_now,
        "here",
        asker,
        released=bundle_date(),
        proxies=proxies,
    )
    try:
        return (await examine(question, around)).report
    finally:
        await asker.aclose()
        await fetcher.aclose()
        await resolver.aclose()


def examine_chain(
    pem: bytes,
    host: str,
    *,
    roots: bytes | None = None,
    at: datetime | None = None,
    fetch: bool = False,
) -> Report:
    """Diagnose a PEM bundle as if a server had sent exactly that, in this order.

    Must not be called from a running event loop.

    Args:
        pem: The first certificate is the server's own; blocks that are no certificate are passed
            over.
        host: The name it is for.
        roots: PEM of exactly the roots to trust, in place of certifi's.
        at: Judge as of this moment (timezone-aware); now when None.
        fetch: Whether AIA addresses may be asked.

    Raises:
        TargetError: The host is none.
        MalformedCertificateError: There is no readable certificate in `pem` or `roots`.
    """
    certificates = [one.der for one in read_pem_certificates(pem)]
    target = parse_target(host)
    trust = trust_store(_text(roots))

    async def run() -> Report:
        resolver = SystemResolver()
        policy = EgressPolicy()
        fetcher = IssuerFetcher(resolver, policy)
        asker = StatusAsker(fetcher.downloader)
        around = Surroundings(resolver, policy, fetcher, trust, utc_now, "file", asker)
        try:
            return await examine_file(certificates, target, around, at=at or utc_now(), fetch=fetch)
        finally:
            await asker.aclose()
            await fetcher.aclose()
            await resolver.aclose()

    return asyncio.run(run())


def _text(pem: bytes | None) -> str | None:
    # PEM is ASCII; what stands around it (names of CAs, often in Latin-1) does not matter.
    return None if pem is None else pem.decode("ascii", "replace")
