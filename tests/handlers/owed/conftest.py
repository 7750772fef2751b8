"""A town without bots."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.handlers.owed.town import Town, open_town
from tests.store.conftest import fragile_server

__all__ = ["fragile_server", "town"]


@pytest.fixture
async def town(tmp_path: Path, redis_url: str) -> AsyncIterator[Town]:
    """Where the test starts bots."""
    async with open_town(tmp_path, redis_url) as opened:
        yield opened
