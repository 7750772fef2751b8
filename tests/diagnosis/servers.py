"""Real servers of the lab, started one at a time, and a hierarchy to give them certificates."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address
from itertools import count

from bot.demo.lab.authority import Authority
from bot.demo.lab.loopback import House, bound_socket
from bot.demo.lab.scenario import Server

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
_NUMBERS = count()


@functools.cache
def authority(now: datetime = NOW) -> Authority:
    """One hierarchy as of this moment, for all tests of a process."""
    return Authority(now)


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[tuple[IPv4Address, int]]:
    """One server on loopback; its address and port."""
    house = House()
    bound = bound_socket(next(_NUMBERS))
    address, port = bound.getsockname()
    await house.listen(bound, server.visits(house))
    try:
        yield IPv4Address(address), port
    finally:
        await house.aclose()
