"""What a worker writes: replies, and that entries are done. Many at a time when there are many.

Each goes out at once while little is under way. In a crowd there is a pause between two batches, a
millisecond for each check under way, up to `PAUSE_SECONDS`: for a sweep that is no delay worth
mentioning, and it saves most of the commands and wake-ups.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.store.connection import Connection, StoreAwayError

PAUSE_SECONDS = 0.025
"""Between two batches, and between two reads, where very much is under way."""

CROWD = 8
"""Checks under way at one place from which on things are done in batches."""

INBOX_SECONDS = 120
"""How long replies wait for an asker that is away."""

GROUP = "workers"
_LONGEST_INBOX = 10_000

Entry = tuple[str, str]
"""A stream and an entry's id in it."""


def inbox_stream(inbox: str) -> str:
    """The stream of an asker's inbox."""
    return f"tlscheck:inbox:{inbox}"


async def pause(since: float, under_way: int) -> None:
    """In a crowd, wait until the pause since that moment of the loop's clock is over."""
    if under_way >= CROWD:
        left = since + min(PAUSE_SECONDS, under_way / 1000) - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)


@dataclass(frozen=True, slots=True)
class _Letter:
    inbox: str
    body: bytes
    signature: str
    written: asyncio.Future[None]


class Outgoing:
    """The replies and acknowledgements of one worker."""

    def __init__(self, connection: Connection, under_way: Callable[[], int]) -> None:
        self._connection = connection
        self._under_way = under_way
        self._letters: list[_Letter] = []
        self._done: list[Entry] = []
        self._pump: asyncio.Task[None] | None = None

    async def reply(self, inbox: str, body: bytes, signature: str) -> None:
        """Write a reply; returns when it is written.

        Raises:
            StoreAwayError: Redis cannot be used.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._letters.append(_Letter(inbox, body, signature, written))
        self._begin()
        await written

    def drop(self, entry: Entry) -> None:
        """Acknowledge and delete an entry, soon; where that fails it will be taken over."""
        self._done.append(entry)
        self._begin()

    async def flush(self) -> None:
        """Wait until all is written (or could not be)."""
        while self._pump is not None:
            await asyncio.wait({self._pump})

    def _begin(self) -> None:
        if self._pump is None:
            self._pump = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        loop = asyncio.get_running_loop()
        letters: list[_Letter] = []
        try:
            while self._letters or self._done:
                began = loop.time()
                letters, self._letters = self._letters, []
                done, self._done = self._done, []
                await self._send(letters, done)
                await pause(began, self._under_way())
        finally:
            self._pump = None
            for one in (*letters, *self._letters):
                if not one.written.done():
                    one.written.set_exception(StoreAwayError("the worker ends"))

    async def _send(self, letters: list[_Letter], done: list[Entry]) -> None:
        command = self._connection.command
        # fmt: off
        writing = [
            command(
                "XADD", inbox_stream(one.inbox), "MAXLEN", "~", _LONGEST_INBOX, "*",
                "body", one.body, "signature", one.signature,
            )
            for one in letters
        ]
        # fmt: on
        rest = [
            command("EXPIRE", inbox_stream(inbox), INBOX_SECONDS)
            for inbox in {one.inbox for one in letters}
        ]
        streams: defaultdict[str, list[str]] = defaultdict(list)
        for stream, number in done:
            streams[stream].append(number)
        for stream, numbers in streams.items():
            rest.append(command("XACK", stream, GROUP, *numbers))
            rest.append(command("XDEL", stream, *numbers))
        answers: list[Any] = await asyncio.gather(*writing, *rest, return_exceptions=True)
        for letter, answer in zip(letters, answers, strict=False):
            if letter.written.done():
                continue
            if isinstance(answer, BaseException):
                letter.written.set_exception(answer)
            else:
                letter.written.set_result(None)
