"""Where this program may connect to. Pure: addresses in, a decision out.

Public addresses are permitted; every special range only when a setting allows it. The decision is
made on the very address that is then connected to, for the target, each AIA fetch and each
redirect alike, so a name that resolves differently a moment later gains nothing.
"""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Addresses where clouds hand out credentials. Only a network that names them closely allows them:
# a wide 0.0.0.0/0 is not meant to.
#   169.254.169.254, fd00:ec2::254: AWS, Google, Azure, Oracle and others
#   169.254.170.2, 169.254.170.23: AWS ECS and EKS task credentials
#   168.63.129.16: Azure's WireServer, a public address
#   100.100.100.200: Alibaba;  192.0.0.192, fd00:c1::a9fe:a9fe: Oracle;  fd20:ce::254: Google
#   fe80::a9fe:a9fe: OpenStack
_METADATA: frozenset[Address] = frozenset(
    ip_address(one)
    for one in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd00:c1::a9fe:a9fe",
        "fd20:ce::254",
        "fe80::a9fe:a9fe",
    )
)
_CLOSE_V4, _CLOSE_V6 = 24, 120

# Ranges that older versions of `ipaddress` call global though nobody serves TLS to the public
# there (IANA special-purpose registries).
_SPECIAL: tuple[Network, ...] = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
    )
)
# All that IANA has given out for hosts on the internet (RFC 4291, 2.4). Outside of it lie, beside
# what `ipaddress` knows, the forms that carry an IPv4 address: ::127.0.0.1, ::ffff:0:127.0.0.1.
_PUBLIC_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Which addresses may be connected to. `deny` wins over `allow`, `allow` over the default."""

    allow: tuple[Network, ...] = ()
    deny: tuple[Network, ...] = ()

    def permits(self, address: Address) -> bool:
        """Whether a connection to this address may be opened."""
        if _within(address, self.deny):  # as written, too: ::ffff:0:0/96 names mapped ones
            return False
        return all(self._permits_one(one) for one in _faces(address))

    def widened(self, networks: tuple[str, ...]) -> "EgressPolicy":
        """The same policy with more networks allowed (CIDR texts, already checked)."""
        if not networks:
            return self
        more = tuple(ip_network(one, strict=False) for one in networks)
        return EgressPolicy(self.allow + more, self.deny)

    def _permits_one(self, address: Address) -> bool:
        if _within(address, self.deny):
            return False
        if address in _METADATA:
            close = _CLOSE_V4 if address.version == 4 else _CLOSE_V6
            return _within(address, tuple(one for one in self.allow if one.prefixlen >= close))
        if _within(address, self.allow):
            return True
        if address.version == 6 and address not in _PUBLIC_V6 and address not in _NAT64:
            return False
        return address.is_global and not address.is_multicast and not _within(address, _SPECIAL)


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def _faces(address: Address) -> tuple[Address, ...]:
    # An IPv6 address that carries an IPv4 one reaches that one: ::ffff:127.0.0.1 is loopback.
    if isinstance(address, IPv4Address):
        return (address,)
    # A scope (fd00:ec2::254%1) is part of equality, and no part of where a packet goes.
    address = IPv6Address(int(address))
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address, address.sixtofour)
    if address.teredo is not None:
        return (address, *address.teredo)
    if address in _NAT64:
        return (address, IPv4Address(int(address) & 0xFFFFFFFF))
    return (address,)
