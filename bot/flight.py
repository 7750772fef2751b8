"""One task for many askers: the first asker of a key starts it, the others wait for the same one.

A task belongs to its `Flights`, not to an asker: an asker who goes away takes nothing from those
who still wait. Nothing here knows what the tasks do.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class FlightCancelledError(Exception):
    """The shared task was cancelled because its owner closed; the asker itself was not."""


class Flights(Generic[T]):
    """The tasks under way, by key."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def join(
        self, key: str, start: Callable[[], Coroutine[Any, Any, T]]
    ) -> tuple[asyncio.Task[T], bool]:
        """The task of `key`, started when there is none.

        Args:
            key: What the askers have in common.
            start: Makes the coroutine when nobody asks for `key` yet.

        Returns:
            The task, and whether this call started it.
        """
        task = self._tasks.get(key)
        if task is not None and not task.done():
            return task, False
        task = asyncio.create_task(start())
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))
        return task, True

    def _forget(self, key: str, done: asyncio.Task[T]) -> None:
        if self._tasks.get(key) is done:
            del self._tasks[key]
        if not done.cancelled():
            # Every asker may have gone away; without a reader asyncio would print the error.
            done.exception()

    async def aclose(self, drain_seconds: float) -> None:
        """Let running tasks finish for at most `drain_seconds`, then cancel what is left."""
        tasks = set(self._tasks.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=drain_seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)


async def landed(task: asyncio.Task[T]) -> T:
    """Wait for a shared task without owning it.

    Raises:
        FlightCancelledError: The owner cancelled the task.
        Exception: Whatever the task raised.
    """
    if not task.done():
        await asyncio.wait((task,))
    if task.cancelled():
        raise FlightCancelledError
    return task.result()
