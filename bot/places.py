"""All places that this process can ask: its own, and those where workers stand.

A place is a name. Workers of one name are one place; one that is called as this process calls
itself is this place. Where nobody stands any more, nobody is found.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime

from bot.diagnosis.surroundings import PATIENCE
from bot.settings import Settings, SettingsError
from bot.store.connection import StoreAddressError, StoreAwayError
from bot.vantage import Vantage
from bot.worker import Post, Presence, RemoteVantage, VantageAwayError, key_of, open_post
from bot.worker.wire import ANY

LOOK_SECONDS = 2.0
"""How long finding out who is there may take."""


class Places:
    """The places by name; the first one is this process' own."""

    def __init__(self, own: Vantage, post: Post | None = None) -> None:
        """Without a `post` there is only `own`."""
        self._own = own
        self._post = post

    @property
    def own(self) -> Vantage:
        """Where this process itself checks."""
        return self._own

    def names(self) -> tuple[str, ...]:
        """All places, as of the last look (every two seconds, once somebody looked)."""
        workers = self._post.workers if self._post is not None else ()
        return tuple(dict.fromkeys((self._own.name, *(one.vantage for one in workers))))

    def presences(self, name: str) -> tuple[Presence, ...]:
        """What the workers at a place say of themselves; none for our own."""
        if self._post is None or name == self._own.name:
            return ()
        return self._post.workers_of(name)

    async def look(self) -> tuple[str, ...]:
        """All places, as of now; those that are known when Redis does not answer."""
        if self._post is not None:
            with suppress(StoreAwayError, TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._post.look()
        return self.names()

    async def find(self, name: str) -> Vantage:
        """The place of that name, however its letters are written.

        Raises:
            VantageAwayError: Nobody is there; its `known` names those that can be asked.
        """
        if (found := self._known(name)) is None:
            await self.look()
            found = self._known(name)
        if found is None:
            raise VantageAwayError("nobody", name[:64], known=", ".join(self.names()))
        if found == self._own.name or self._post is None:
            return self._own
        return self._post.vantage(found)

    def crowd(self, name: str = ANY) -> RemoteVantage | None:
        """All workers of that name, or of any, as one place whose later Reports nobody waits for.

        Returns:
            None where no worker stands, as of the last look.
        """
        if self._post is None or not self._post.workers_of(name):
            return None
        return self._post.vantage(name, patience=PATIENCE, later=False)

    def _known(self, name: str) -> str | None:
        names = self.names()
        if name in names:
            return name
        alike = [one for one in names if one.casefold() == name.casefold()]
        return alike[0] if len(alike) == 1 else None


@asynccontextmanager
async def places_of(
    settings: Settings, own: Vantage, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> AsyncIterator[Places]:
    """The places that the settings lead to; Redis being away is no error here.

    Args:
        settings: Redis' address and the workers' key.
        own: This process' own place; it stays its owner's.
        clock: The time.

    Raises:
        SettingsError: Redis' address cannot be read.
    """
    if settings.redis_url is None:
        yield Places(own)
        return
    async with AsyncExitStack() as stack:
        url = settings.redis_url.get_secret_value()
        opening = open_post(url, key=key_of(settings.tlscheck_worker_key), clock=clock)
        try:
            post = await stack.enter_async_context(opening)
        except StoreAddressError as error:
            msg = f"REDIS_URL: {error}"
            raise SettingsError(msg) from error
        places = Places(own, post)
        await places.look()
        yield places
