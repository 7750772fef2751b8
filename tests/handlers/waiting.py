"""Waiting for a condition, within a bound."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], Awaitable[object] | object], seconds: float = 10.0) -> None:
    """Look every 20 ms until the condition holds.

    Raises:
        TimeoutError: It did not hold within `seconds`.
    """
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if isinstance(found, Awaitable):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)
