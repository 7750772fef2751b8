"""Workers over a real server, the lab's servers, and the service that asks them all."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.demo.lab.scenarios.elsewhere import ELSEWHERE
from bot.demo.vantages import lab_vantage
from bot.places import Places, places_of
from bot.service import Service
from bot.settings import load_settings
from bot.store import open_store
from tests.store.conftest import utc_now
from tests.worker.process import Plan

OpenBot = Callable[[], AbstractAsyncContextManager[tuple[Service, Places]]]

NEEDED = {"healthy", "expired", "timeout-silent", "connection-refused"}


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """A few of the lab's servers, and those that are sound."""
    chosen = [one for one in SCENARIOS if one.name in NEEDED]
    async with open_lab(scenarios=(*chosen, *ELSEWHERE)) as running:
        yield running


@pytest.fixture
def all_roots(lab: Lab) -> str:
    """What a place trusts beside the public roots: both of the lab's."""
    return (lab.roots_pem + lab.authority.newer_root.pem).decode()


@pytest.fixture
def machine(tmp_path: Path, all_roots: str) -> Path:
    """A machine's file system with a bundle of today, the lab's roots in it."""
    return with_bundle(tmp_path / "today", all_roots)


def with_bundle(root: Path, pem: str) -> Path:
    """A file system with that CA bundle in Debian's place."""
    file = root / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    file.parent.mkdir(parents=True)
    file.write_text(pem, encoding="ascii")
    return root


@pytest.fixture
def plan(lab: Lab, redis_url: str, all_roots: str, machine: Path) -> Plan:
    """A worker that finds the lab's servers, trusts its roots, and calls itself prod-tokyo."""
    return Plan(
        url=redis_url,
        vantage="prod-tokyo",
        names={host: places[0] for host, places in lab.hosts.items()},
        networks=lab.networks,
        roots_pem=all_roots,
        root=str(machine),
    )


@pytest.fixture
def open_bot(lab: Lab, redis_url: str) -> OpenBot:
    """A process that asks all places; its own one, `office`, is in the lab."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[tuple[Service, Places]]:
        settings = load_settings(
            _env_file=None,
            redis_url=SecretStr(redis_url),
            tlscheck_vantage="office",
            tlscheck_allow_networks=" ".join(lab.networks),
        )
        async with (
            open_store(redis_url, utc_now) as store,
            lab_vantage(lab)(settings) as own,
            places_of(settings, own) as places,
        ):
            service = Service(own, store, places=places)
            yield service, places
            await service.aclose(0)

    return opened
