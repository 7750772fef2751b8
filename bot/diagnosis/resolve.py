"""Names to addresses, without a thread: c-ares through aiodns.

It reads the machine's resolv.conf and hosts file, and says apart what getaddrinfo folds into one:
a name that does not exist, one without addresses, a name server that fails or keeps silent.
"""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal, Protocol

import aiodns
import pycares

MOST_ADDRESSES = 16
# Name servers give up after about as many.
_MOST_ALIASES = 16

ResolutionFault = Literal["nxdomain", "no_address", "servfail", "timeout", "refused", "other"]

_FAULTS: dict[int, ResolutionFault] = {
    pycares.errno.ARES_ENOTFOUND: "nxdomain",
    pycares.errno.ARES_ENODATA: "no_address",
    pycares.errno.ARES_ESERVFAIL: "servfail",
    pycares.errno.ARES_ETIMEOUT: "timeout",
    pycares.errno.ARES_EREFUSED: "refused",
    pycares.errno.ARES_ECONNREFUSED: "refused",
}


@dataclass(frozen=True, slots=True)
class Place:
    """An address, and the port to use there when it is not the target's own.

    `name` is set where only a proxy can resolve it; the address is then the unspecified one.

    `aliases` are the names that the one asked for leads to (CNAME), one after the other.
    """

    address: IPv4Address | IPv6Address
    port: int | None = None
    aliases: tuple[str, ...] = field(default=(), compare=False)
    name: str | None = None

    def __str__(self) -> str:
        """What people read: the address, or the name where there is none."""
        return self.name or str(self.address)


class NameNotResolvedError(Exception):
    """DNS has no address for the name; `fault` says why, `text` is the resolver's own word."""

    def __init__(self, host: str, fault: ResolutionFault, text: str) -> None:
        super().__init__(f"{host}: {text}")
        self.host = host
        self.fault = fault
        self.text = text


class Resolver(Protocol):
    """Whoever knows the addresses of a name."""

    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        """All addresses of `host`, at most `MOST_ADDRESSES`, within `within` seconds.

        Raises:
            NameNotResolvedError: There is none, or nobody could say.
        """


class SystemResolver:
    """The machine's own name servers, or those that are named."""

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        """`nameservers` (`address` or `address:port`) take the place of the machine's."""
        self._nameservers = tuple(nameservers)
        self._ares: aiodns.DNSResolver | None = None

    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        """See `Resolver.resolve`."""
        if self._ares is None:
            self._ares = aiodns.DNSResolver(self._nameservers or None)
        try:
            async with asyncio.timeout(within):
                found = await self._ares.getaddrinfo(
                    host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM
                )
        except TimeoutError as error:
            raise NameNotResolvedError(host, "timeout", "no answer in time") from error
        except aiodns.error.DNSError as error:
            code, text = error.args[0], str(error.args[1])
            raise NameNotResolvedError(host, _FAULTS.get(code, "other"), text) from error
        aliases = aliases_of(host, found.cnames)
        places = []
        for node in found.nodes:
            raw = node.addr[0]
            text = raw.decode() if isinstance(raw, bytes) else str(raw)
            places.append(Place(ip_address(text.partition("%")[0]), aliases=aliases))
        unique = tuple(dict.fromkeys(places))[:MOST_ADDRESSES]
        if not unique:
            raise NameNotResolvedError(host, "no_address", "no address")
        return unique

    async def aclose(self) -> None:
        """Give the resolver's sockets back."""
        if self._ares is not None:
            await self._ares.close()
            self._ares = None


def aliases_of(host: str, records: Iterable[pycares.AddrInfoCname]) -> tuple[str, ...]:
    """The names on the way from `host`, by records in any order; loops and strays end it."""
    further = {one.alias.rstrip(".").lower(): one.name.rstrip(".") for one in records}
    found: list[str] = []
    at = host.lower()
    while at in further and len(found) < _MOST_ALIASES:
        name = further.pop(at)
        found.append(name)
        at = name.lower()
    return tuple(found)


class FixedResolver:
    """Knows some names by heart (the lab's) and asks another resolver for the rest."""

    def __init__(self, places: dict[str, tuple[Place, ...]], otherwise: Resolver) -> None:
        self._places = places
        self._otherwise = otherwise

    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        """See `Resolver.resolve`."""
        known = self._places.get(host)
        if known is not None:
            return known
        return await self._otherwise.resolve(host, within)
