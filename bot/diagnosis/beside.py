"""Connections beside the first one: small questions whose answers nobody should wait for.

They start together with the handshake that counts and say what that one cannot: which certificate
clients get that want RSA, and how old a version the server still speaks. Each is a hand-made
ClientHello of at most TLS 1.2, where the certificate travels in the clear (RFC 5246, 7.4.2): one
round trip after TCP's, no keys, nothing of OpenSSL.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from bot.diagnosis.contact import USUAL_STARTTLS, Contact
from bot.diagnosis.hello import RSA_SCHEMES, RSA_SUITES, HelloAnswer, say_hello
from bot.diagnosis.proxy import Route

_TLS_1_0, _TLS_1_1 = 0x0301, 0x0302
_PROTOCOL_VERSION = 70

# They take as many round trips as the first connection. One that takes longer than this and than
# that did is not waited for: some servers keep silent where they should refuse.
_LEAST_PATIENCE = 0.3


@dataclass(frozen=True, slots=True)
class Beside:
    """The answers; None where there was none in time.

    `rsa` is to a hello of TLS 1.2 with suites and schemes of RSA only, `old` to one of TLS 1.1,
    `oldest` to one of TLS 1.0, asked only where `old` chose TLS 1.1.
    """

    rsa: HelloAnswer | None = None
    old: HelloAnswer | None = None
    oldest: HelloAnswer | None = None


async def contact_with_others(
    contact: Coroutine[Any, Any, Contact],
    address: IPv4Address | IPv6Address,
    port: int,
    *,
    route: Route,
    usual_port: int,
    server_name: str | None,
    starttls: str | None,
    deadline: float,
) -> tuple[Contact, Beside | None]:
    """Make the first contact and the connections beside it.

    Args:
        contact: The first contact, not yet begun.
        address: Where to connect; the caller has asked the egress policy.
        port: TCP port.
        route: The way there.
        usual_port: The port that people name; on ports of plain protocols nothing is asked.
        server_name: Goes into SNI; None for an IP address.
        starttls: The protocol that the asker named; nothing is asked then.
        deadline: Moment of the loop's clock after which nothing is waited for.

    Returns:
        The contact, and the answers (None: nothing was asked, or no TLS was spoken).
    """
    if starttls is not None or usual_port in USUAL_STARTTLS:
        return await contact, None
    loop = asyncio.get_running_loop()
    started = loop.time()
    rsa = asyncio.ensure_future(
        say_hello(
            address,
            port,
            route=route,
            server_name=server_name,
            deadline=deadline,
            suites=RSA_SUITES,
            schemes=RSA_SCHEMES,
        )
    )
    old = asyncio.ensure_future(_old_versions(address, port, route, server_name, deadline))
    try:
        made = await contact
        if not (made.handshake.chain or made.handshake.fault is None):
            return made, None
        if not (rsa.done() and old.done()):
            patience = max(_LEAST_PATIENCE, loop.time() - started)
            await asyncio.wait((rsa, old), timeout=patience)
        older, oldest = old.result() if old.done() else (None, None)
        return made, Beside(rsa.result() if rsa.done() else None, older, oldest)
    finally:
        rsa.cancel()
        old.cancel()
        await asyncio.gather(rsa, old, return_exceptions=True)


async def _old_versions(
    address: IPv4Address | IPv6Address,
    port: int,
    route: Route,
    server_name: str | None,
    deadline: float,
) -> tuple[HelloAnswer, HelloAnswer | None]:
    """The answers to TLS 1.1 and, where that is spoken, to TLS 1.0."""

    async def ask(version: int) -> HelloAnswer:
        return await say_hello(
            address,
            port,
            route=route,
            server_name=server_name,
            deadline=deadline,
            version=version,
        )

    old = await ask(_TLS_1_1)
    return old, await ask(_TLS_1_0) if old.version == "TLSv1.1" else None


def oldest_version(highest: str | None, beside: Beside) -> str | None:
    """The oldest version that the server speaks, as far as the answers tell.

    Args:
        highest: What the widest hello, which offers everything since TLS 1.0, came to.
        beside: The other answers.
    """
    if beside.old is None:
        return None
    if beside.old.version is not None:
        older = beside.oldest
        if beside.old.version == "TLSv1.1" and older is not None and older.version == "TLSv1":
            return "TLSv1"
        return beside.old.version
    if beside.old.alert is None:
        return None  # it kept silent or hung up, for whatever reason
    if highest != "TLSv1.3":
        return highest
    rsa = beside.rsa
    if rsa is None or (rsa.version is None and rsa.alert is None):
        return None
    if rsa.alert == _PROTOCOL_VERSION:
        return "TLSv1.3"
    # Refused for its suites, by a server that has another alert for versions.
    told_apart = rsa.version is not None or beside.old.alert == _PROTOCOL_VERSION
    return "TLSv1.2" if told_apart else None
