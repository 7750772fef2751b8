"""A bot with other places to ask: real workers over the real queue, servers of the lab."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from bot.demo.lab import SCENARIOS, open_lab
from bot.demo.lab.scenarios.elsewhere import ELSEWHERE
from bot.demo.vantages import lab_vantage, open_vantages
from tests.handlers.conftest import Run, Running

KEY = "a key that only the tests know"
NEEDED = {"healthy", "missing-intermediate", "expired"}

WithPlaces = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def with_places(run: Run, redis_url: str) -> WithPlaces:
    """Starts a bot that sees the lab, with the demo's other places beside it."""

    @asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Running]:
        chosen = [one for one in SCENARIOS if one.name in NEEDED]
        async with (
            open_lab(scenarios=(*chosen, *ELSEWHERE)) as lab,
            open_vantages(lab, redis_url, KEY),
            run(
                open_vantage=lab_vantage(lab),
                real=True,
                tlscheck_allow_networks=" ".join(lab.networks),
                tlscheck_worker_key=SecretStr(KEY),
                **options,
            ) as bot,
        ):
            yield bot

    return start
