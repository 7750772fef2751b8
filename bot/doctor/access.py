"""Outgoing access, tried the way checks take: a real check of a public host, and a CA's address.

Names, addresses, the egress policy and proxies are those of every other check; so what fails here
fails there, and for the same reason.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.diagnosis.causes import Cause
from bot.diagnosis.download import Downloaded, Downloader, DownloadError
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report, Target
from bot.diagnosis.resolve import Resolver, SystemResolver
from bot.doctor.finding import Finding, OtherClock, Sight, fine, note, wrong
from bot.settings import Settings
from bot.vantage import open_local_vantage, proxies_of

_CHECK_SECONDS = 8.0
_MOST_BYTES = 256 * 1024

_CLOSED = (Cause.TIMEOUT, Cause.CONNECTION_REFUSED, Cause.CONNECTION_RESET)
_OPENED = (Cause.INTERCEPTION_PROXY, Cause.UNTRUSTED_ROOT)


async def look_outside(
    settings: Settings, target: Target, ca_url: str, resolver: Resolver | None = None
) -> Sight:
    """Check the target, and fetch from the CA.

    Args:
        settings: With roots that can be read.
        target: A public host.
        ca_url: What a certificate could point to.
        resolver: Asked in place of the system's.
    """
    own = SystemResolver() if resolver is None else None
    names = resolver or own or SystemResolver()
    try:
        seen, fetched = await asyncio.gather(
            _check(settings, target, names), _fetch(settings, ca_url, names)
        )
    finally:
        if own is not None:
            await own.aclose()
    place = urlsplit(ca_url).hostname or ca_url
    if isinstance(fetched, DownloadError):
        # What is wrong with everything is said once.
        reached = seen.mark == "fine"
        say = wrong if reached else note
        return Sight((seen, say("access", "no_ca", host=place, reason=str(fetched)[:160])))
    clocks: tuple[OtherClock, ...] = ()
    if fetched.date is not None:
        since = timedelta(seconds=asyncio.get_running_loop().time() - fetched.heard)
        clocks = (OtherClock(place, fetched.date - (datetime.now(UTC) - since)),)
    return Sight((seen, fine("access", "ca", host=place)), clocks)


async def _check(settings: Settings, target: Target, resolver: Resolver) -> Finding:
    question = Question(target=target, timeout=_CHECK_SECONDS)
    async with open_local_vantage(settings, resolver=resolver, patience=0.0) as here:
        report = await here.check(question)
    return _judged(report)


def _judged(report: Report) -> Finding:
    values: dict[str, Any] = {"host": report.target.host, "milliseconds": round(report.duration_ms)}
    via = next((one.via for one in report.endpoints if one.via), None)
    if report.verdict in ("ok", "warning"):
        if via is not None:
            return fine("access", "by_proxy", via=via, **values)
        return fine("access", "open", **values)
    code = "broken"
    if report.findings and report.findings[0].at_proxy:
        code = "at_proxy"
    elif report.cause is Cause.DNS_FAILURE:
        code = "no_dns"
    elif report.cause is Cause.EGRESS_DENIED:
        code = "denied"
    elif report.cause in _CLOSED:
        code = "closed"
    elif report.cause in _OPENED:
        code = "opened"
    return Finding("access", code, "wrong", values, report=report)


async def _fetch(settings: Settings, url: str, resolver: Resolver) -> Downloaded | DownloadError:
    policy = EgressPolicy(settings.tlscheck_allow_networks, settings.tlscheck_deny_networks)
    downloader = Downloader(resolver, policy, proxies_of(settings))
    try:
        return await downloader.download(url, most_bytes=_MOST_BYTES)
    except DownloadError as error:
        return error
    finally:
        await downloader.aclose()
