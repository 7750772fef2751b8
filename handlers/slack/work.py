"""The owner of background tasks: Bolt and asyncio keep no reference to theirs, so these are ours.

Bounded in number, drained at the end within a bound. What a task does, and what its asker is told
when it fails, is the task's own business; here it is only made sure that none gets lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from bot.service import NotPermittedError, PlaceFailedError
from handlers.slack.measure import Measures

log = structlog.get_logger(__name__)

T = TypeVar("T")

MOST_TASKS = 4000
"""Twice 500 people in a burst, with room; each task is a few kB while it waits."""


class TooMuchWorkError(Exception):
    """No more tasks are taken: too many are under way, or the program is ending."""

    def __init__(self) -> None:
        super().__init__("too much is under way, or the program is ending")


class Work:
    """Background tasks with an owner."""

    def __init__(self, measures: Measures, *, limit: int = MOST_TASKS) -> None:
        self._measures = measures
        self._limit = limit
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def closed(self) -> bool:
        """Whether nothing new is taken any more."""
        return self._closed

    def start(
        self, job: Coroutine[Any, Any, T], *, name: str, follows: bool = False
    ) -> asyncio.Task[T]:
        """Run a coroutine in the background.

        Args:
            job: What to do; it tells its asker about its own failures.
            name: For the log.
            follows: It finishes what has already begun, and is taken also while draining.

        Raises:
            TooMuchWorkError: It was not started (and is closed).
        """
        if not follows and (self._closed or len(self._tasks) >= self._limit):
            job.close()
            self._measures.turned_away.inc()
            raise TooMuchWorkError
        task = asyncio.create_task(self._counted(job), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def _counted(self, job: Coroutine[Any, Any, T]) -> T:
        with self._measures.metrics.background_work():
            return await job

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        # Whoever is told to wait, or that nobody is at a place, is told by who started the task;
        # nothing of ours has failed.
        if isinstance(error, PlaceFailedError):
            log.info("a place gave no answer", task=task.get_name(), reason=str(error.reason))
        elif not isinstance(error, NotPermittedError):
            log.error("background task failed", task=task.get_name(), exc_info=error)

    async def drain(
        self,
        seconds: float,
        *,
        farewell_seconds: float = 3.0,
        last_word: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        """Take nothing new, let what runs finish, then cancel the rest.

        Args:
            seconds: How long to wait for tasks to finish by themselves.
            last_word: Called before any is cancelled.
            farewell_seconds: How long a cancelled task may take to tell its asker.

        Returns:
            How many tasks did not finish by themselves.
        """
        self._closed = True
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._tasks and loop.time() < end:
            # A finished task may have started the one that delivers its result.
            await asyncio.wait(
                set(self._tasks),
                timeout=end - loop.time(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        unfinished = len(self._tasks)
        if unfinished and last_word is not None:
            await last_word()
        for task in set(self._tasks):
            task.cancel()
        end = loop.time() + farewell_seconds
        while self._tasks and loop.time() < end:
            await asyncio.wait(set(self._tasks), timeout=end - loop.time())
        for task in set(self._tasks):
            task.cancel()
        return unfinished
