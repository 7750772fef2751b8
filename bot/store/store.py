"""The store as the rest of the program sees it: one object with a part for each kind of thing."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

import structlog

from bot.store.choices import Choices
from bot.store.connection import Connection, connect
from bot.store.embedded import open_embedded_server
from bot.store.history import History
from bot.store.lock import LEASE_SECONDS, Locks
from bot.store.neighbours import Neighbours
from bot.store.notice import Notices
from bot.store.once import Once
from bot.store.posts import Posts
from bot.store.rates import Rates
from bot.store.recent import Recent
from bot.store.results import Results
from bot.store.shelf import RedisShelf
from bot.store.sweeps import Sweeps
from bot.store.threads import Threads
from bot.store.watches import Watches

log = structlog.get_logger(__name__)


class Store:
    """Results, histories, watches, threads, rates, locks, notices and deliveries, over one connection.

    Made by `open_store`.
    """

    def __init__(
        self, connection: Connection, clock: Callable[[], datetime], lease_seconds: float
    ) -> None:
        self.connection = connection
        self.results = Results(connection, clock)
        self.history = History(connection)
        self.neighbours = Neighbours(connection)
        self.watches = Watches(connection)
        self.threads = Threads(connection)
        self.rates = Rates(connection, clock)
        self.recent = Recent(connection)
        self.choices = Choices(connection)
        self.locks = Locks(connection, lease_seconds)
        self.posts = Posts(connection, self.locks)
        self.notices = Notices(connection)
        self.shelf = RedisShelf(connection)
        self.sweeps = Sweeps(connection)
        self.once = Once(connection, clock)

    @property
    def away(self) -> bool:
        """Whether Redis was away at the last attempt."""
        return self.connection.away

    async def ping(self) -> bool:
        """Whether Redis answers now; never raises."""
        return await self.connection.ping()

    async def first_time(
        self, kind: str, delivery: str, ttl: timedelta, *, owner: str = ""
    ) -> bool:
        """Whether nobody asked about this delivery before; see `Once.first_time`."""
        return await self.once.first_time(kind, delivery, ttl, owner=owner)

    async def aclose(self) -> None:
        """End all background work and close all connections."""
        await self.results.aclose()
        await self.shelf.aclose()
        await self.notices.aclose()
        await self.connection.aclose()


@asynccontextmanager
async def open_store(
    url: str | None,
    clock: Callable[[], datetime],
    *,
    on_away: Callable[[bool], None] = lambda away: None,
    lease_seconds: float = LEASE_SECONDS,
) -> AsyncIterator[Store]:
    """Open the store until the end of the block. Redis being away is no error here.

    Args:
        url: The address of Redis or Valkey; None starts the embedded server.
        clock: Says what time it is.
        on_away: Called with True when Redis goes away and with False when it is back.
        lease_seconds: How long a lock outlives a holder that died.

    Raises:
        StoreAddressError: The address cannot be read.
        EmbeddedServerError: The embedded server does not start here.
    """
    async with AsyncExitStack() as stack:
        if url is None:
            log.warning("REDIS_URL is not set: results are kept until this program ends")
            url = await stack.enter_async_context(open_embedded_server())
        store = Store(connect(url, on_away), clock, lease_seconds)
        stack.push_async_callback(store.aclose)
        yield store
