"""Workers over a real server, the lab's servers, and the service that asks them all."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from pydantic import SecretStr

from bot.demo.lab import Lab
from bot.demo.vantages import lab_vantage
from bot.places import Places, places_of
from bot.service import Service
from bot.settings import load_settings
from bot.store import open_store
from tests.store.conftest import utc_now
from tests.worker.conftest import lab, plan

__all__ = ["lab", "plan"]

OpenBot = Callable[[], AbstractAsyncContextManager[tuple[Service, Places]]]


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
