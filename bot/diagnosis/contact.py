"""The first contact with one address: which handshake is made, and which one counts.

Mostly there is one handshake. On ports where a plain protocol comes first, that protocol is tried,
and TLS from the first byte beside it when nothing is said; where the widest ClientHello is not
answered, a small one is tried. What the server does decides, never the port alone.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Any

from bot.diagnosis.fault import Fault
from bot.diagnosis.handshake import (
    Handshake,
    Progress,
    shake_hands,
    starts_like_tls,
)
from bot.diagnosis.hello import HelloAnswer, say_hello
from bot.diagnosis.offer import Profile
from bot.diagnosis.proxy import Route

_Try = Coroutine[Any, Any, Handshake]

# Ports of the IANA service names registry on which these protocols start without TLS.
USUAL_STARTTLS = MappingProxyType(
    {
        21: "ftp",
        25: "smtp",
        110: "pop3",
        119: "nntp",
        143: "imap",
        389: "ldap",
        587: "smtp",
        2525: "smtp",
        3268: "ldap",
        3306: "mysql",
        4190: "sieve",
        5222: "xmpp",
        5269: "xmpp-server",
        5432: "postgres",
    }
)

# Servers greet at once, save those that let early talkers trip (postscreen waits for 6 s); these
# must not hear from us on the connection that counts, so the other try has one of its own.
_GREETING_SECONDS = 1.0
# An answer to a ClientHello takes a round trip; the slowest satellites need less than this.
_ANSWER_SECONDS = 1.5
# RFC 7685 padding that brings the hand-made hello to the size of one with X25519MLKEM768.
_LARGE = 1700


@dataclass(frozen=True, slots=True)
class Contact:
    """The handshake that counts, and how it came about.

    `starttls` is the protocol that was changed over from. `unanswered` is the widest handshake,
    when only the small one was answered; `only_size` says whether the very same hello was
    answered when short and not answered when padded (None: it could not be found out).
    """

    handshake: Handshake
    starttls: str | None = None
    unanswered: Handshake | None = None
    only_size: bool | None = None


async def make_contact(
    address: IPv4Address | IPv6Address,
    port: int,
    *,
    route: Route,
    usual_port: int,
    server_name: str | None,
    starttls: str | None,
    ask_http: bool,
    deadline: float,
) -> Contact:
    """Make the handshake that says most about this address.

    Args:
        address: Where to connect; the caller has asked the egress policy.
        port: TCP port.
        route: The way there.
        usual_port: The port that people name, which says what protocol to expect.
        server_name: Goes into SNI; None for an IP address.
        starttls: The protocol that the asker named; None to go by what the server does.
        ask_http: See `shake_hands`.
        deadline: Moment of the loop's clock after which nothing is waited for.
    """
    progress = Progress()

    def shake(
        protocol: str | None, seen: Progress | None = None, profile: Profile = "widest"
    ) -> _Try:
        return shake_hands(
            address,
            port,
            route=route,
            server_name=server_name,
            deadline=deadline,
            profile=profile,
            ask_http=ask_http and protocol is None,
            # The first one of a web server: what software it is may be asked over it.
            hold=ask_http and protocol is None and profile == "widest",
            starttls=protocol,
            progress=seen,
        )

    async def only_size(protocol: str | None) -> bool | None:
        return await _only_size(
            address,
            port,
            route=route,
            server_name=server_name,
            deadline=deadline,
            starttls=protocol,
        )

    async def or_small(first: asyncio.Future[Handshake], protocol: str | None) -> Contact:
        """The first try, or the same with a small hello where the large one was not answered."""
        sent = asyncio.ensure_future(progress.hello_sent.wait())
        try:
            either: set[asyncio.Future[Any]] = {first, sent}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sent.cancel()
        await asyncio.wait({first}, timeout=_ANSWER_SECONDS)
        if first.done() and not _hung_up(first.result(), progress):
            return Contact(first.result(), protocol)
        if not first.done() and progress.answered:
            return Contact(await first, protocol)
        small = await shake(protocol, profile="small")
        if not _speaks_tls(small) or progress.answered:
            return Contact(await first, protocol)
        proven = await only_size(protocol)
        if progress.answered:
            return Contact(await first, protocol)
        silent = Handshake(
            address, port, connected=True, fault=Fault("silent", "timed out"), route=route
        )
        return Contact(small, protocol, first.result() if first.done() else silent, proven)

    guess = USUAL_STARTTLS.get(usual_port) if starttls is None else None
    first = asyncio.ensure_future(shake(starttls or guess, progress))
    try:
        if guess is not None:
            return await _plain_or_tls(
                guess, first, partial(shake, None), partial(or_small, first, guess), progress
            )
        return await or_small(first, starttls)
    finally:
        await _drop(first)


async def _plain_or_tls(
    guess: str,
    first: asyncio.Future[Handshake],
    tls: Callable[[], _Try],
    plain: Callable[[], Coroutine[Any, Any, Contact]],
    progress: Progress,
) -> Contact:
    """Change over from the plain protocol, unless the server speaks TLS from the first byte."""
    second: asyncio.Future[Handshake] | None = None
    try:
        await asyncio.wait({first}, timeout=_GREETING_SECONDS)
        if progress.hello_sent.is_set():
            return await plain()
        if first.done():
            if not _not_that_protocol(first.result()):
                return Contact(first.result(), guess)
        elif progress.heard or not progress.connected:
            return await plain()
        second = asyncio.ensure_future(tls())
        await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
        if not second.done() and _speaks_tls(first.result()):
            return Contact(first.result(), guess)
        at_once = await second
        if _speaks_tls(at_once):
            return Contact(at_once)
        slow = await first
        if _not_that_protocol(slow) and at_once.fault and at_once.fault.kind == "plaintext":
            return Contact(at_once)
        return Contact(slow, guess)
    finally:
        await _drop(second)


def _speaks_tls(seen: Handshake) -> bool:
    if seen.completed or seen.chain:
        return True
    return seen.fault is not None and seen.fault.kind in ("alert", "openssl")


def _hung_up(seen: Handshake, progress: Progress) -> bool:
    """The server went away at the ClientHello without a byte."""
    kinds = ("reset", "closed")
    return (
        progress.hello_sent.is_set()
        and not seen.received
        and seen.fault is not None
        and seen.fault.kind in kinds
    )


def _not_that_protocol(seen: Handshake) -> bool:
    """What came in place of the plain protocol leaves room for TLS from the first byte."""
    fault = seen.fault
    if fault is None or not seen.connected or seen.chain:
        return False
    if fault.kind == "starttls":
        return not seen.first_bytes or starts_like_tls(seen.first_bytes)
    return fault.kind in ("closed", "reset", "silent") and (
        not seen.received or starts_like_tls(seen.first_bytes)
    )


async def _only_size(
    address: IPv4Address | IPv6Address,
    port: int,
    *,
    route: Route,
    server_name: str | None,
    deadline: float,
    starttls: str | None,
) -> bool | None:
    """Send one hello twice, the second time padded to the size of a post-quantum one."""
    until = min(deadline, asyncio.get_running_loop().time() + _ANSWER_SECONDS)
    short, long = await asyncio.gather(
        *(
            say_hello(
                address,
                port,
                route=route,
                server_name=server_name,
                deadline=until,
                starttls=starttls,
                size=size,
            )
            for size in (0, _LARGE)
        )
    )
    if short == HelloAnswer():
        return None
    return long == HelloAnswer()


async def _drop(*tries: asyncio.Future[Handshake] | None) -> None:
    running = [one for one in tries if one is not None and not one.done()]
    for one in running:
        one.cancel()
    await asyncio.gather(*running, return_exceptions=True)
