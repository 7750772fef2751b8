"""All places that this process can ask: its own, and those where workers stand.

A place is a name. Workers of one name are one place; one that is called as this process calls
itself is this place. Where nobody stands any more, nobody is found.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from bot.diagnosis.question import Question
from bot.diagnosis.surroundings import PATIENCE
from bot.diagnosis.target import parse_target
from bot.settings import Settings, SettingsError
from bot.store.connection import StoreAddressError, StoreAwayError
from bot.vantage import CHANNEL_PATIENCE, Vantage
from bot.worker import (
    Post,
    Presence,
    RemoteFailureError,
    RemoteVantage,
    VantageAwayError,
    key_of,
    open_post,
)
from bot.worker.machine import Machine
from bot.worker.wire import ANY

LOOK_SECONDS = 2.0
"""How long finding out who is there may take."""


_OURS = "0" * 32
_ANY_HOST = Question(target=parse_target("tlscheck.invalid"))


class Places:
    """The places by name; the first one is this process' own."""

    def __init__(
        self,
        own: Vantage,
        post: Post | None = None,
        *,
        machine: Machine | None = None,
        patience: float = CHANNEL_PATIENCE,
    ) -> None:
        """Without a `post` there is only `own`; `machine` is the one that `own` runs on.

        `patience` is how long an answer from elsewhere waits for OCSP and CRLs, in seconds.
        """
        self._patience = patience
        self._own = own
        self._post = post
        self._machine = machine
        self._away = False

    @property
    def own(self) -> Vantage:
        """Where this process itself checks."""
        return self._own

    @property
    def away(self) -> bool:
        """Whether Redis did not say who is there when it was asked last."""
        return self._away

    def names(self) -> tuple[str, ...]:
        """All places, as of the last look (every two seconds, once somebody looked)."""
        workers = self._post.workers if self._post is not None else ()
        return tuple(dict.fromkeys((self._own.name, *(one.vantage for one in workers))))

    def strangers(self) -> tuple[str, ...]:
        """Where workers stand that do not share our key, and none that do: they cannot be asked."""
        found = self._post.strangers if self._post is not None else ()
        return tuple(dict.fromkeys(one.vantage for one in found if one.vantage not in self.names()))

    def presences(self, name: str) -> tuple[Presence, ...]:
        """What the workers at a place say of themselves, and what we can say of our own place."""
        if self._post is None:
            return ()
        if name != self._own.name:
            return self._post.workers_of(name)
        own = Presence(
            id=_OURS,
            vantage=name,
            roots_digest=self._own.roots_digest(_ANY_HOST),
            signed=False,
            at_once=1,
            clock_offset=round(self._post.clock_offset, 3),
            machine=self._machine,
        )
        return (own,)

    async def look(self) -> tuple[str, ...]:
        """All places, as of now; those that are known when Redis does not answer."""
        await self._looked()
        return self.names()

    async def _looked(self) -> bool:
        if self._post is None:
            return True
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._post.look()
        except (StoreAwayError, TimeoutError):
            self._away = True
        else:
            self._away = False
        return not self._away

    async def find(self, name: str) -> Vantage:
        """The place of that name, however its letters are written.

        Raises:
            VantageAwayError: Nobody is there, and its `known` names those that can be asked; or
                Redis is away.
            RemoteFailureError: Workers are there, and do not share our key.
        """
        if (found := self._known(name)) is None:
            if not await self._looked():
                raise VantageAwayError("redis", name[:64])
            found = self._known(name)
        if found is None and name in self.strangers():
            raise RemoteFailureError("signature", name)
        if found is None:
            raise VantageAwayError("nobody", name[:64], known=", ".join(self.names()))
        if found == self._own.name or self._post is None:
            return self._own
        return self._post.vantage(found, patience=self._patience)

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
    settings: Settings,
    own: Vantage,
    *,
    machine: Machine | None = None,
    patience: float = CHANNEL_PATIENCE,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[Places]:
    """The places that the settings lead to; Redis being away is no error here.

    Args:
        settings: Redis' address and the workers' key.
        own: This process' own place; it stays its owner's.
        machine: What is known of the machine that it is on.
        patience: How long answers from elsewhere wait for OCSP and CRLs, in seconds.
        clock: The time.

    Raises:
        SettingsError: Redis' address cannot be read.
    """
    if settings.redis_url is None:
        yield Places(own, machine=machine)
        return
    async with AsyncExitStack() as stack:
        url = settings.redis_url.get_secret_value()
        opening = open_post(url, key=key_of(settings.tlscheck_worker_key), clock=clock)
        try:
            post = await stack.enter_async_context(opening)
        except StoreAddressError as error:
            msg = f"REDIS_URL: {error}"
            raise SettingsError(msg) from error
        places = Places(own, post, machine=machine, patience=patience)
        await places.look()
        yield places
