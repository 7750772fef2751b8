"""The resolver against a real name server on loopback."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, ip_address
from typing import cast

import pycares
import pytest

from bot.diagnosis.resolve import (
    MOST_ADDRESSES,
    FixedResolver,
    NameNotResolvedError,
    Place,
    SystemResolver,
    aliases_of,
)
from tests.diagnosis.names import Names

A, AAAA, CNAME = 1, 28, 5
NO_ERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
Answer = tuple[int, list[tuple[int, bytes]]]
Zone = Callable[[str, int], Answer | None]


class NameServer(asyncio.DatagramProtocol):
    """Just enough of RFC 1035 to answer one question per datagram."""

    def __init__(self, zone: Zone) -> None:
        self.asked: list[tuple[str, int]] = []
        self._zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question, as the zone says."""
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        name, kind = ".".join(labels).lower(), int.from_bytes(data[at + 1 : at + 3])
        self.asked.append((name, kind))
        answer = self._zone(name, kind)
        if answer is None:
            return
        code, records = answer
        head = data[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(records), 0, 0)
        body = b"".join(
            struct.pack("!HHHIH", 0xC00C, one, 1, 60, len(value)) + value for one, value in records
        )
        self._transport.sendto(head + data[12 : at + 5] + body, addr)


@asynccontextmanager
async def resolving(zone: Zone) -> AsyncIterator[SystemResolver]:
    """A resolver that asks a name server with this zone."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: NameServer(zone), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    resolver = SystemResolver([f"127.0.0.1:{port}"])
    try:
        yield resolver
    finally:
        await resolver.aclose()
        transport.close()


def addresses(*texts: str) -> Zone:
    """A zone where every name has these addresses."""
    found = [ip_address(one) for one in texts]

    def zone(_: str, kind: int) -> Answer:
        version = {A: 4, AAAA: 6}.get(kind)
        return NO_ERROR, [(kind, one.packed) for one in found if one.version == version]

    return zone


async def test_both_kinds_of_addresses_are_found() -> None:
    """A and AAAA records are all given, each once."""
    zone = addresses("192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1")
    async with resolving(zone) as resolver:
        found = await resolver.resolve("www.example.test", 5)
    assert {str(one.address) for one in found} == {"192.0.2.1", "192.0.2.2", "2001:db8::1"}
    assert len(found) == 3
    assert all(one.port is None for one in found)


@pytest.mark.parametrize("text", ["192.0.2.7", "2001:db8::7"])
async def test_one_kind_is_enough(text: str) -> None:
    """A name with only A or only AAAA records resolves."""
    async with resolving(addresses(text)) as resolver:
        assert await resolver.resolve("www.example.test", 5) == (Place(ip_address(text)),)


async def test_an_alias_needs_addresses() -> None:
    """An alias counts with the addresses that came along; one that leads nowhere has none."""
    alias = (CNAME, b"\x05other\x07example\x04test\x00")

    def zone(name: str, kind: int) -> Answer:
        records = [(A, ip_address("192.0.2.9").packed)] if kind == A else []
        return NO_ERROR, [alias, *(records if name.startswith("good") else [])]

    async with resolving(zone) as resolver:
        found = await resolver.resolve("good.example.test", 5)
        with pytest.raises(NameNotResolvedError, match="bad") as caught:
            await resolver.resolve("bad.example.test", 5)
    assert found == (Place(ip_address("192.0.2.9")),)
    assert found[0].aliases == ("other.example.test",)
    assert caught.value.fault == "no_address"


def alias(owner: bytes, name: bytes) -> pycares.AddrInfoCname:
    """One CNAME record as c-ares gives it."""
    return pycares.AddrInfoCname(60, owner.decode(), name.decode())


@pytest.mark.parametrize(
    ("records", "names"),
    [
        ([], ()),
        ([alias(b"B.test", b"c.test"), alias(b"a.test", b"b.test.")], ("b.test", "c.test")),
        ([alias(b"a.test", b"b.test"), alias(b"a.test", b"b.test")], ("b.test",)),
        ([alias(b"a.test", b"b.test"), alias(b"b.test", b"a.test")], ("b.test", "a.test")),
        ([alias(b"stray.test", b"b.test")], ()),
    ],
    ids=["none", "in any order", "for A and AAAA", "a loop", "a stray"],
)
def test_aliases_are_put_in_order(
    records: list[pycares.AddrInfoCname], names: tuple[str, ...]
) -> None:
    """The names on the way to the address, from the one asked for."""
    assert aliases_of("a.test", records) == names


def test_a_long_way_of_aliases_is_bounded() -> None:
    """A zone that is nothing but aliases does not fill the answer."""
    records = [alias(f"n{i}.test".encode(), f"n{i + 1}.test".encode()) for i in range(100)]
    assert len(aliases_of("n0.test", records)) == 16


async def test_many_addresses_are_bounded() -> None:
    """A name with a hundred addresses does not cause a hundred handshakes."""
    many = [str(IPv4Address("198.51.100.0") + n) for n in range(28)]
    async with resolving(addresses(*many)) as resolver:
        found = await resolver.resolve("many.example.test", 5)
    assert len(found) == MOST_ADDRESSES
    assert {str(one.address) for one in found} <= set(many)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ((NXDOMAIN, []), "nxdomain"),
        ((NO_ERROR, []), "no_address"),
        ((SERVFAIL, []), "servfail"),
        ((REFUSED, []), "refused"),
    ],
    ids=["NXDOMAIN", "NODATA", "SERVFAIL", "REFUSED"],
)
async def test_faults_are_told_apart(answer: Answer, fault: str) -> None:
    """A name that does not exist, one without addresses and a failing server are three things."""
    async with resolving(lambda _name, _kind: answer) as resolver:
        with pytest.raises(NameNotResolvedError, match=r"gone\.example\.test: .+") as caught:
            await resolver.resolve("gone.example.test", 5)
    assert caught.value.fault == fault
    assert caught.value.host == "gone.example.test"


async def test_silence_ends_in_time() -> None:
    """A name server that does not answer costs the time that it is given, and no more."""
    loop = asyncio.get_running_loop()
    async with resolving(lambda _name, _kind: None) as resolver:
        started = loop.time()
        with pytest.raises(NameNotResolvedError, match="no answer in time") as caught:
            await resolver.resolve("slow.example.test", 0.5)
        took = loop.time() - started
    assert caught.value.fault == "timeout"
    assert 0.4 < took < 2


async def test_one_kind_may_fail() -> None:
    """Addresses of one kind count, though the server fails for the other."""

    def zone(name: str, kind: int) -> Answer | None:
        return addresses("192.0.2.1")(name, kind) if kind == A else (SERVFAIL, [])

    async with resolving(zone) as resolver:
        found = await resolver.resolve("half.example.test", 8)
    assert found == (Place(ip_address("192.0.2.1")),)


async def test_side_by_side() -> None:
    """Many names at once each get their own answer."""

    def zone(name: str, kind: int) -> Answer | None:
        return addresses(f"192.0.2.{name.partition('.')[0][1:]}")(name, kind)

    async with resolving(zone) as resolver:
        found = await asyncio.gather(
            *(resolver.resolve(f"n{number}.example.test", 5) for number in range(1, 60))
        )
    assert [str(one[0].address) for one in found] == [f"192.0.2.{n}" for n in range(1, 60)]


@pytest.mark.parametrize("host", ["", ".", "a..b", "x" * 300, "ex ample.test", "日本.test", "\0"])
async def test_no_name_makes_it_raise_anything_else(host: str) -> None:
    """A name that cannot be asked for is one that does not resolve."""
    async with resolving(lambda _name, _kind: (NXDOMAIN, [])) as resolver:
        with pytest.raises(NameNotResolvedError, match=r"^"):
            await resolver.resolve(host, 2)


async def test_closing_twice_or_unused_is_fine() -> None:
    """A resolver that asked nothing has nothing to give back."""
    resolver = SystemResolver()
    await resolver.aclose()
    await resolver.aclose()


async def test_fixed_names_are_not_asked_for() -> None:
    """The lab's names never leave the machine; the rest is asked elsewhere."""
    others = Names({"www.example.test": ["192.0.2.1"]})
    known = (Place(ip_address("127.0.0.1"), 8443),)
    resolver = FixedResolver({"healthy.lab.test": known}, others)
    assert await resolver.resolve("healthy.lab.test", 1) == known
    assert await resolver.resolve("www.example.test", 1) == (Place(ip_address("192.0.2.1")),)
    assert others.asked == ["www.example.test"]
