"""Where the bot may connect to: public addresses, and what a setting names."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.diagnosis.egress import EgressPolicy

PUBLIC = ("8.8.8.8", "203.0.112.1", "2606:4700:4700::1111", "2a00:1450:4001::200e")
SPECIAL = {
    "this network": "0.0.0.0",
    "this network, any": "0.1.2.3",
    "private 10": "10.0.0.5",
    "private 172.16": "172.31.255.254",
    "private 192.168": "192.168.1.1",
    "shared by carriers": "100.64.0.1",
    "loopback": "127.0.0.1",
    "loopback, another": "127.77.3.4",
    "link-local": "169.254.1.1",
    "IETF protocols": "192.0.0.8",
    "documentation": "192.0.2.1",
    "documentation 2": "198.51.100.7",
    "documentation 3": "203.0.113.9",
    "6to4 relays": "192.88.99.1",
    "benchmarks": "198.18.0.1",
    "benchmarks, upper half": "198.19.255.1",
    "multicast": "224.0.0.251",
    "multicast, scoped": "239.255.255.250",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "v6 unspecified": "::",
    "v6 loopback": "::1",
    "v6 mapped loopback": "::ffff:127.0.0.1",
    "v6 mapped private": "::ffff:10.1.2.3",
    "v6 mapped metadata": "::ffff:169.254.169.254",
    "v6 compatible loopback": "::127.0.0.1",
    "v6 translated loopback": "::ffff:0:127.0.0.1",
    "v6 unique local": "fc00::1",
    "v6 unique local, in use": "fd12:3456:789a::1",
    "v6 link-local": "fe80::1",
    "v6 link-local with a scope": "fe80::1%eth0",
    "v6 site-local": "fec0::1",
    "v6 multicast": "ff02::1",
    "v6 multicast, global": "ff0e::1",
    "v6 documentation": "2001:db8::1",
    "v6 documentation 2": "3fff::1",
    "v6 benchmarks": "2001:2::1",
    "v6 ORCHID": "2001:20::1",
    "v6 discard": "100::1",
    "v6 segment routing": "5f00::1",
    "6to4 of loopback": "2002:7f00:1::1",
    "6to4 of private": "2002:c0a8:101::1",
    "6to4 of metadata": "2002:a9fe:a9fe::1",
    "NAT64 of loopback": "64:ff9b::7f00:1",
    "NAT64 of private": "64:ff9b::10.0.0.5",
    "NAT64 of metadata": "64:ff9b::169.254.169.254",
    "NAT64 of a network's own": "64:ff9b:1::8.8.8.8",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "Teredo of loopback": "2001:0:808:808:0:ffff:80ff:fffe",
    "not given out": "4000::1",
}
METADATA = (
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd00:ec2::254%1",
    "::ffff:169.254.169.254",
    "::ffff:168.63.129.16",
    "64:ff9b::169.254.169.254",
    "64:ff9b::168.63.129.16",
    "2002:a83f:8110::1",
)
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
ANY_ADDRESS = st.one_of(
    st.integers(0, 2**32 - 1).map(IPv4Address),
    st.integers(0, 2**128 - 1).map(IPv6Address),
    # Addresses that carry an IPv4 one, which a random number hardly ever is.
    st.builds(
        lambda prefix, low: IPv6Address((prefix << 32) | low),
        st.sampled_from([0, 0xFFFF, 0xFFFF0000, 0x64_FF9B << 64]),
        st.integers(0, 2**32 - 1),
    ),
    st.builds(
        lambda carried, low: IPv6Address((0x2002 << 112) | (carried << 80) | low),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**80 - 1),
    ),
)
NAT64 = ip_network("64:ff9b::/96")


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_permitted(text: str) -> None:
    """What everybody can reach needs no setting."""
    assert EgressPolicy().permits(ip_address(text))


@pytest.mark.parametrize("text", SPECIAL.values(), ids=SPECIAL.keys())
def test_special_addresses_are_denied(text: str) -> None:
    """No special range is open by default, whichever way its address is written."""
    assert not EgressPolicy().permits(ip_address(text))


@pytest.mark.parametrize("text", METADATA)
@pytest.mark.parametrize("allow", [(), EVERYTHING], ids=["by default", "everything allowed"])
def test_metadata_stays_closed(text: str, allow: tuple[IPv4Network, ...]) -> None:
    """Neither the default nor a wide network opens where clouds hand out credentials."""
    assert not EgressPolicy(allow).permits(ip_address(text))


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("169.254.169.254", "169.254.169.254/32"),
        ("168.63.129.16", "168.63.129.0/24"),
        ("fd00:ec2::254", "fd00:ec2::254/128"),
    ],
)
def test_metadata_opens_to_whoever_names_it(text: str, network: str) -> None:
    """A network that names the address closely is meant."""
    assert EgressPolicy((ip_network(network),)).permits(ip_address(text))


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.5", "10.0.0.0/8"),
        ("127.0.0.1", "127.0.0.0/8"),
        ("::ffff:10.0.0.5", "10.0.0.0/8"),
        ("fd12::1", "fd00::/8"),
        ("::1", "::1/128"),
    ],
)
def test_a_setting_opens_its_network_and_no_other(text: str, network: str) -> None:
    """What is allowed is permitted, its neighbours stay closed."""
    policy = EgressPolicy((ip_network(network),))
    assert policy.permits(ip_address(text))
    assert not policy.permits(ip_address("192.168.1.1"))
    assert not policy.permits(ip_address("fe80::1"))


def test_an_allowed_tunnel_does_not_open_what_it_carries() -> None:
    """Allowing the 6to4 range lets nobody reach a private IPv4 address through it."""
    policy = EgressPolicy((ip_network("2002::/16"),))
    assert not policy.permits(ip_address("2002:c0a8:101::1"))
    assert policy.permits(ip_address("2002:808:808::1"))


def test_nat64_of_a_public_address_is_permitted() -> None:
    """Machines without IPv4 reach public servers through RFC 6052 addresses."""
    assert EgressPolicy().permits(ip_address("64:ff9b::8.8.8.8"))


@pytest.mark.parametrize("text", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_deny_beats_allow(text: str) -> None:
    """A denied network stays closed, though it is public and though it is allowed as well."""
    denied = (ip_network("8.8.8.0/24"),)
    assert not EgressPolicy(deny=denied).permits(ip_address(text))
    assert not EgressPolicy((*EVERYTHING, *denied), denied).permits(ip_address(text))


def test_widening_leaves_denials_in_place() -> None:
    """An asker's own networks come on top of the policy, under its denials."""
    policy = EgressPolicy(deny=(ip_network("10.1.0.0/16"),))
    wider = policy.widened(("10.0.0.1/8",))
    assert wider.permits(ip_address("10.2.0.1"))
    assert not wider.permits(ip_address("10.1.0.1"))
    assert not policy.permits(ip_address("10.2.0.1"))
    assert policy.widened(()) is policy


@given(ANY_ADDRESS)
@example(IPv6Address("::ffff:0:7f00:1"))
def test_nothing_special_is_ever_permitted(address: IPv4Address | IPv6Address) -> None:
    """What `ipaddress` calls private, local, multicast or reserved is denied, and what it carries."""
    policy = EgressPolicy()
    carried: list[IPv4Address | IPv6Address] = [address]
    if isinstance(address, IPv6Address):
        tunnelled = (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
        carried.extend(one for one in tunnelled if one is not None)
        if address in NAT64:  # reserved as such; its public half is the whole internet's
            carried = [IPv4Address(int(address) & 0xFFFFFFFF)]
        if address.ipv4_mapped is not None:
            carried = [address.ipv4_mapped]
    for one in carried:
        if (
            one.is_private
            or one.is_loopback
            or one.is_link_local
            or one.is_multicast
            or one.is_reserved
            or one.is_unspecified
        ):
            assert not policy.permits(address)


@given(ANY_ADDRESS, st.sampled_from(METADATA))
def test_metadata_needs_a_close_network(address: IPv4Address | IPv6Address, text: str) -> None:
    """No network that is wider than a few hundred addresses opens a metadata address."""
    length = 23 if address.version == 4 else 119
    wide = ip_network((address, length), strict=False)
    assert not EgressPolicy((wide, *EVERYTHING)).permits(ip_address(text))


def test_a_network_denied_in_its_mapped_form_is_denied() -> None:
    """::ffff:0:0/96 names addresses as they are written; what it carries is looked at as well."""
    denied = EgressPolicy(deny=(ip_network("::ffff:8.8.8.0/120"),))
    assert not denied.permits(ip_address("::ffff:8.8.8.8"))
    assert denied.permits(ip_address("8.8.4.4"))


@pytest.mark.parametrize("text", ["fd20:ce::254", "fd00:c1::a9fe:a9fe", "fe80::a9fe:a9fe%2"])
def test_metadata_of_each_cloud_needs_a_close_network(text: str) -> None:
    """A company's whole fd00::/8 does not open the addresses that hand out credentials."""
    wide = EgressPolicy((ip_network("fd00::/8"), ip_network("fe80::/10")))
    assert not wide.permits(ip_address(text))
    assert wide.permits(ip_address("fd12::1"))
