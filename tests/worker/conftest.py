"""Workers over a real server, and the lab's servers that they check."""

from collections.abc import AsyncIterator

import pytest

from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.worker import Post, open_post
from tests.store.conftest import fragile_server
from tests.worker.process import Plan

__all__ = ["fragile_server"]

NEEDED = {"healthy", "missing-intermediate", "timeout-silent", "revoked-late"}


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """A few of the lab's servers."""
    async with open_lab(scenarios=[one for one in SCENARIOS if one.name in NEEDED]) as running:
        yield running


@pytest.fixture
def plan(lab: Lab, redis_url: str) -> Plan:
    """A worker that finds the lab's servers, and calls itself prod-tokyo."""
    return Plan(
        url=redis_url,
        vantage="prod-tokyo",
        names={host: places[0] for host, places in lab.hosts.items()},
        networks=lab.networks,
        roots_pem=lab.roots_pem.decode(),
    )


@pytest.fixture
async def post(redis_url: str) -> AsyncIterator[Post]:
    """The asker's side."""
    async with open_post(redis_url) as opened:
        yield opened
