"""Starting and ending the lab: an address for every scenario, all in this process's event loop."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from types import MappingProxyType

from bot.demo.lab.aia import serve_aia
from bot.demo.lab.authority import AIA_HOST, DOMAIN, Authority
from bot.demo.lab.loopback import House, bound_socket, network
from bot.demo.lab.scenario import Elsewhere, Refused, Scenario, Server
from bot.demo.lab.scenarios import SCENARIOS
from bot.demo.lab.switch import Switch

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Lab:
    """The running lab.

    Attributes:
        roots_pem: The root that clients of the lab trust, PEM.
        networks: The CIDRs in which its servers listen.
        hosts: Each name and the addresses (with real ports) behind it. Names that do not resolve
            are not in it. Clients believe that they connect to port 443, or 80 for AIA.
        aia_requests: The paths that the AIA server was asked for, in order.
        switches: The servers that can be mended while the lab runs, by host.
        authority: The lab's CAs, for tests that need their certificates.
    """

    roots_pem: bytes
    networks: tuple[str, ...]
    hosts: Mapping[str, tuple[Address, ...]]
    aia_requests: list[str]
    switches: Mapping[str, Switch]
    authority: Authority

    def address_of(self, name: str) -> Address:
        """The first address of a host, given in full or without the lab's domain.

        Raises:
            LookupError: The lab has no such host.
        """
        for host in (name, f"{name}.{DOMAIN}"):
            if found := self.hosts.get(host):
                return found[0]
        msg = f"the lab has no address for {name!r}"
        raise LookupError(msg)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@contextlib.asynccontextmanager
async def open_lab(
    *,
    clock: Callable[[], datetime] = _utc_now,
    scenarios: Iterable[Scenario] = SCENARIOS,
) -> AsyncIterator[Lab]:
    """Start the servers of the scenarios, and end them with the block.

    Args:
        clock: Read once: all dates derive from it.
        scenarios: Which servers to start.

    Raises:
        OSError: No loopback port can be bound.
    """
    authority = Authority(clock().replace(microsecond=0))
    numbers = count()
    seen: list[str] = []
    hosts: dict[str, tuple[Address, ...]] = {}
    switches: dict[str, Switch] = {}
    async with contextlib.AsyncExitStack() as stack:
        aia_socket = bound_socket(next(numbers))
        hosts[AIA_HOST] = (aia_socket.getsockname(),)
        await stack.enter_async_context(serve_aia(aia_socket, authority, seen))
        house = House()
        stack.push_async_callback(house.aclose)
        for scenario in scenarios:
            servers = scenario.build(authority, scenario.host)
            addresses = await _start(servers, house, numbers)
            for one in servers:
                if isinstance(one, Switch):
                    switches[scenario.host] = one
            if addresses:
                hosts.update(dict.fromkeys(scenario.hosts, addresses))
        yield Lab(
            roots_pem=authority.root.pem,
            networks=(network(),),
            hosts=MappingProxyType(hosts),
            aia_requests=seen,
            switches=MappingProxyType(switches),
            authority=authority,
        )


async def _start(
    servers: tuple[Server | Refused | Elsewhere, ...], house: House, numbers: "count[int]"
) -> tuple[Address, ...]:
    addresses: list[Address] = []
    for server in servers:
        if isinstance(server, Elsewhere):
            addresses.append((server.address, server.port))
            continue
        bound = bound_socket(next(numbers))
        addresses.append(bound.getsockname())
        if isinstance(server, Refused):
            house.hold(bound)
        else:
            await house.listen(bound, server.visits(house))
    return tuple(addresses)
