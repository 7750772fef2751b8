"""The demo's other places: real workers, each of which differs in one thing from where the bot is.

They take their checks from the real queue; what differs (name servers, policy, bundle, clock, a
gateway on the way) is given to the real vantage, and nothing of it is known to the bot.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from types import MappingProxyType

from bot.demo.lab import Lab
from bot.demo.lab.authority import DOMAIN
from bot.demo.lab.loopback import DISTINCT_NETWORK, House, bound_beside, bound_socket
from bot.demo.lab.pki import make_intermediate, make_leaf, make_root
from bot.demo.lab.scenario import Scenario
from bot.demo.lab.scenarios.certificate import expired_leaf
from bot.demo.lab.scenarios.elsewhere import (
    INSPECTED,
    NOT_FROM_THERE,
    OLD_BUNDLE,
    RENEWED_TODAY,
    SPLIT_DNS,
)
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.machine import MachineStore
from bot.diagnosis.resolve import FixedResolver, Place, SystemResolver
from bot.diagnosis.roots import Age, age_of, membership_of
from bot.diagnosis.surroundings import utc_now
from bot.diagnosis.trust import TrustStore, trust_store
from bot.settings import Settings, load_settings
from bot.store.connection import connect
from bot.vantage import CHANNEL_PATIENCE, LocalVantage, open_local_vantage
from bot.worker.machine import Machine, bundles_of
from bot.worker.worker import Worker

TOKYO, OSAKA, OFFICE, DMZ, BATCH = "prod-tokyo", "prod-osaka", "office", "dmz", "batch-nagoya"

ODD: Mapping[Scenario, str] = MappingProxyType(
    {
        OLD_BUNDLE: TOKYO,
        INSPECTED: OFFICE,
        SPLIT_DNS: OSAKA,
        NOT_FROM_THERE: DMZ,
        RENEWED_TODAY: BATCH,
    }
)
"""The servers that are seen otherwise from one place, and which one that is."""

BEHIND = timedelta(hours=26)
"""How far the clock of the batch machine is behind."""

_DEBIAN = "/etc/ssl/certs/ca-certificates.crt"
_RED_HAT = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
# No server of the lab itself is at an address this far on.
_OLD_SERVER = 10_000

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class _Point:
    """A place with one worker; what is not said is as where the bot is."""

    name: str
    labels: Mapping[str, str]
    system: str
    python: str
    openssl: str
    bundle: str = _DEBIAN
    old_bundle: bool = False
    hosts: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    deny: tuple[str, ...] = ()
    behind: timedelta = timedelta()


def lab_vantage(
    lab: Lab, *, hosts: Mapping[str, tuple[str, int]] = MappingProxyType({}), clock: Clock = utc_now
) -> Callable[[Settings], AbstractAsyncContextManager[LocalVantage]]:
    """Opens a vantage from which the lab's names lead to its servers, and its roots are trusted.

    Args:
        lab: The lab.
        hosts: Names that lead elsewhere from there.
        clock: What the clock there shows.
    """
    places = {
        host: tuple(Place(ip_address(address), port) for address, port in addresses)
        for host, addresses in lab.hosts.items()
    }
    places |= {host: (Place(ip_address(at), port),) for host, (at, port) in hosts.items()}

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[LocalVantage]:
        # Names that are not the lab's go to the machine's own name servers: real hosts work too.
        system = SystemResolver()
        async with open_local_vantage(
            settings,
            resolver=FixedResolver(places, system),
            extra_roots_pem=_roots(lab),
            patience=CHANNEL_PATIENCE,
            clock=clock,
        ) as vantage:
            yield vantage
        await system.aclose()

    return opened


@asynccontextmanager
async def open_vantages(
    lab: Lab, url: str, key: str, *, clock: Clock = utc_now
) -> AsyncIterator[tuple[str, ...]]:
    """Workers at all places, until the end of the block.

    Args:
        lab: The lab, with the servers of `bot.demo.lab.scenarios.elsewhere`.
        url: Redis' address.
        key: What orders are signed with.
        clock: The time, where clocks are right.

    Yields:
        The names of the places; their workers have announced themselves.
    """
    stop = asyncio.Event()
    running: list[asyncio.Task[None]] = []
    async with AsyncExitStack() as stack:
        house = House()
        stack.push_async_callback(house.aclose)
        points = await _points(lab, house)
        try:
            # One after the other: each has little to do, and the page should not wait for it.
            for point in points:
                worker = await stack.enter_async_context(_worker(lab, point, url, key, clock))
                running.append(asyncio.create_task(worker.run(stop)))
            yield tuple(one.name for one in points)
        finally:
            stop.set()
            await asyncio.gather(*running, return_exceptions=True)


async def _points(lab: Lab, house: House) -> tuple[_Point, ...]:
    """The places, and the servers that only they see."""
    ca = lab.authority
    old = bound_socket(_OLD_SERVER)
    await house.listen(old, TlsServer((expired_leaf(ca, SPLIT_DNS.host), ca.issuing)).visits(house))
    root = make_root("Zscaler Root CA", now=ca.now, organization="Zscaler Inc.")
    issuing = make_intermediate(
        root, "Zscaler Intermediate Root CA (zscloud.test)", now=ca.now, organization="Zscaler Inc."
    )
    # At the address of the server itself: a gateway on the way keeps it.
    gateway = bound_beside(lab.hosts[INSPECTED.host][0][0])
    inspected = make_leaf(issuing, INSPECTED.host, now=ca.now)
    await house.listen(gateway, TlsServer((inspected, issuing)).visits(house))
    ubuntu = "Linux-4.15.0-213-generic-x86_64-with-Ubuntu-18.04-bionic"
    debian = "Linux-6.1.0-28-amd64-x86_64-with-glibc2.36"
    rocky = "Linux-5.14.0-503.el9_5.x86_64-x86_64-with-glibc2.34"
    points = (
        _Point(
            name=TOKYO,
            labels={"region": "tokyo", "role": "app"},
            system=ubuntu,
            python="3.6.9",
            openssl="OpenSSL 1.1.1  11 Sep 2018",
            old_bundle=True,
        ),
        _Point(
            name=OSAKA,
            labels={"region": "osaka", "role": "app"},
            system=debian,
            python="3.11.2",
            openssl="OpenSSL 3.0.15 3 Sep 2024",
            hosts={SPLIT_DNS.host: old.getsockname()},
        ),
        _Point(
            name=OFFICE,
            labels={"site": "shibuya"},
            system=debian,
            python="3.11.2",
            openssl="OpenSSL 3.0.15 3 Sep 2024",
            hosts={INSPECTED.host: gateway.getsockname()},
        ),
        _Point(
            name=DMZ,
            labels={"zone": "dmz"},
            system=rocky,
            python="3.9.21",
            openssl="OpenSSL 3.2.2 4 Jun 2024",
            bundle=_RED_HAT,
            deny=(lab.hosts[NOT_FROM_THERE.host][0][0],),
        ),
        _Point(
            name=BATCH,
            labels={"region": "nagoya", "role": "batch"},
            system=rocky,
            python="3.9.21",
            openssl="OpenSSL 3.2.2 4 Jun 2024",
            bundle=_RED_HAT,
            behind=BEHIND,
        ),
    )
    if DISTINCT_NETWORK in lab.networks:
        return points
    # With one address for all servers nothing can be denied to one place alone.
    return tuple(one for one in points if not one.deny)


@asynccontextmanager
async def _worker(
    lab: Lab, point: _Point, url: str, key: str, clock: Clock
) -> AsyncIterator[Worker]:
    def shows() -> datetime:
        return clock() - point.behind

    settings = load_settings(
        _env_file=None,
        tlscheck_vantage=point.name,
        tlscheck_allow_networks=" ".join(lab.networks),
        tlscheck_deny_networks=" ".join(point.deny),
        no_proxy=f"{load_settings(_env_file=None).no_proxy},{DOMAIN}",
    )
    there = lab_vantage(lab, hosts=point.hosts, clock=shows if point.behind else clock)
    async with there(settings) as vantage:
        stores = (_bundle(lab, point),)
        vantage.know_machine(stores)
        machine = Machine(
            host=f"{point.name}-1",
            system=point.system,
            python=point.python,
            python_openssl=point.openssl,
            openssl=point.openssl,
            bundles=bundles_of(stores),
        )
        connection = connect(url)
        try:
            worker = Worker(
                vantage,
                connection,
                url,
                labels=point.labels,
                key=key.encode(),
                at_once=20,
                machine=machine,
                clock=shows,
            )
            await worker.announce()
            yield worker
        finally:
            await connection.aclose()


def _bundle(lab: Lab, point: _Point) -> MachineStore:
    """The CA bundle of the machine there."""
    today = trust_store(None, _roots(lab))
    if not point.old_bundle:
        return MachineStore(
            point.bundle, "system", today, age_of(one.sha256 for one in today.anchors)
        )
    release = date(2019, 9, 11)
    newer = lab.authority.newer_root.der
    # Of the list of then, what is still on today's: the others are in no file that we have.
    kept = []
    for one in today.anchors:
        known = membership_of(one.sha256)
        if (known is None or known.entered <= release) and one.der != newer:
            kept.append(one)
    return MachineStore(point.bundle, "system", TrustStore(kept), Age(release, release))


def _roots(lab: Lab) -> str:
    return (lab.roots_pem + lab.authority.newer_root.pem).decode()
