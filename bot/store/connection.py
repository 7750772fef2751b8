"""The way to Redis: every command of the program goes through one `Connection`.

Commands asked for while another batch is on its way go out together in one pipeline, so that 500
askers at once cost a few round trips and not 500. When Redis does not answer, every further
command fails at once while one background task probes until it answers again: nobody waits a
second time for the same outage.

Here belong transport and its failures; what is stored under which key is said elsewhere.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import redis.asyncio as redis
import structlog
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

log = structlog.get_logger(__name__)

Argument = str | bytes | int
_Waiting = tuple[Sequence[Argument], asyncio.Future[Any]]

TIMEOUT_SECONDS = 1.0
"""For connecting, and for each answer."""

PROBE_SECONDS = (0.0, 0.1, 0.25, 0.5, 1.0)
"""Waits between probes while Redis is away; the last one repeats. The first probe follows at once:
after a restart the old connection is dead while the server is already back."""

BATCH_COMMANDS = 256
QUEUED_COMMANDS = 20_000

# What another server, or the same one later, would answer differently. A connection that gets one
# of these is given up, as after a lost connection.
_SERVER_UNFIT = frozenset({"READONLY", "MASTERDOWN", "LOADING", "CLUSTERDOWN", "NOAUTH"})

_SCHEMES = {"valkey": "redis", "valkeys": "rediss"}


class StoreAwayError(Exception):
    """Redis cannot be used now: nothing was read, nothing was (surely) written."""


class StoreRefusedError(StoreAwayError):
    """Redis refused this one command; `code` is the first word of its answer (`WRONGTYPE`)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreAddressError(ValueError):
    """The address of Redis cannot be read; the text names it without its password."""


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script, known to the server by its digest after the first use."""

    text: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        # SHA-1 is what EVALSHA names a script by: https://valkey.io/commands/evalsha/
        digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "digest", digest)


class Connection:
    """Commands to one Redis; made by `connect`, closed with `aclose`."""

    def __init__(
        self, client: redis.Redis, listener: redis.Redis, on_away: Callable[[bool], None]
    ) -> None:
        self._client = client
        self._listener = listener
        self._on_away = on_away
        self._queue: deque[_Waiting] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._probe: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def away(self) -> bool:
        """Whether Redis was away at the last attempt; commands fail at once meanwhile."""
        return self._probe is not None

    async def execute(self, *arguments: Argument) -> Any:
        """Send one command.

        Returns:
            The answer as Redis sends it: bytes, int, list or None.

        Raises:
            StoreAwayError: Redis is away; or StoreRefusedError: it refused this command.
        """
        return await self.command(*arguments)

    def command(self, *arguments: Argument) -> asyncio.Future[Any]:
        """Send one command; its answer, or the error of `execute`, is in the future.

        For those who send several at once: it takes no task for each.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._closed or self._probe is not None:
            answer.set_exception(StoreAwayError("Redis is away"))
        elif len(self._queue) >= QUEUED_COMMANDS:
            answer.set_exception(StoreAwayError("too many commands are waiting for Redis"))
        else:
            self._queue.append((arguments, answer))
            if self._pump is None:
                self._pump = asyncio.create_task(self._send_queued())
        return answer

    async def run(self, script: Script, keys: Sequence[str], *arguments: Argument) -> Any:
        """Run a script; the server learns it on the first use and after each of its restarts.

        Raises:
            StoreAwayError: As for `execute`.
        """
        rest = (len(keys), *keys, *arguments)
        try:
            return await self.execute("EVALSHA", script.digest, *rest)
        except StoreRefusedError as error:
            if error.code != "NOSCRIPT":
                raise
        return await self.execute("EVAL", script.text, *rest)

    async def ping(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(await self.execute("PING"))
        except StoreAwayError:
            return False

    def pubsub(self) -> PubSub:
        """A subscription with a connection of its own; its errors are the caller's to handle."""
        return self._listener.pubsub()

    async def aclose(self) -> None:
        """Give up what is waiting, and close all connections."""
        self._closed = True
        tasks = [task for task in (self._pump, self._probe) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        _give_up(self._queue)
        await self._client.aclose()
        await self._listener.aclose()

    async def _send_queued(self) -> None:
        batch: list[_Waiting] = []
        try:
            while self._queue:
                size = min(len(self._queue), BATCH_COMMANDS)
                batch = [self._queue.popleft() for _ in range(size)]
                answers = await self._send([arguments for arguments, _ in batch])
                for (_, waiting), answer in zip(batch, answers, strict=True):
                    _settle(waiting, answer)
                unfit = next((a for a in answers if _code(a) in _SERVER_UNFIT), None)
                if unfit is not None:
                    self._went_away(unfit)
                    break
        except Exception as error:
            # Whatever it was, nobody may wait for ever.
            self._went_away(error)
        finally:
            self._pump = None
            _give_up(batch)
            if self._probe is not None or self._closed:
                _give_up(self._queue)

    async def _send(self, commands: list[Sequence[Argument]]) -> list[Any]:
        # The client bounds each read and write; this bounds an answer that comes byte by byte.
        async with asyncio.timeout(3 * TIMEOUT_SECONDS):
            pipeline = self._client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    def _went_away(self, error: BaseException) -> None:
        if self._probe is None and not self._closed:
            log.warning("redis is away", error=_describe(error))
            self._probe = asyncio.create_task(self._probe_until_back())
            self._on_away(True)

    async def _probe_until_back(self) -> None:
        waits = iter(PROBE_SECONDS)
        wait = 0.0
        last = ""
        while True:
            wait = next(waits, wait)
            await asyncio.sleep(wait)
            # No connection may be used again with an answer still on its way.
            with suppress(RedisError, OSError):
                await self._client.connection_pool.disconnect(inuse_connections=True)
            try:
                # Writing is what a read-only replica refuses.
                [answer] = await self._send([("SET", "tlscheck:probe", "1", "PX", 1000)])
            except Exception as error:
                # Whatever it was: a probe that ends would leave Redis away for good.
                reason = _describe(error)
            else:
                if _code(answer) not in _SERVER_UNFIT:
                    break
                reason = _describe(answer)
            if reason != last:
                log.debug("redis is still away", error=reason)
                last = reason
        self._probe = None
        log.info("redis is back")
        self._on_away(False)


def heed_cancellation() -> None:
    """End the current task if its cancellation was lost on the way; for loops without an end.

    redis-py sends by `asyncio.wait_for`, which before Python 3.12 loses a cancellation that comes
    as it ends (github.com/python/cpython/issues/86296).

    Raises:
        asyncio.CancelledError: It was.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def connect(url: str, on_away: Callable[[bool], None] = lambda away: None) -> Connection:
    """Make a connection; nothing is sent before the first command.

    Args:
        url: `redis://`, `rediss://`, `unix://`, also with `valkey` in place of `redis`.
        on_away: Called with True when Redis goes away and with False when it is back.

    Raises:
        StoreAddressError: The address cannot be read.
    """
    # Subscriptions have a client of their own: when commands fail, their connections are
    # thrown away while the subscription may still be reading from its own.
    return Connection(_client(url), _client(url), on_away)


def reading_client(url: str, block_seconds: float) -> redis.Redis:
    """A client for commands that wait at the server (XREAD BLOCK); its owner handles its errors.

    Args:
        url: As for `connect`.
        block_seconds: How long the server may wait with its answer.

    Raises:
        StoreAddressError: The address cannot be read.
    """
    return _client(url, TIMEOUT_SECONDS + block_seconds)


def _client(url: str, timeout: float = TIMEOUT_SECONDS) -> redis.Redis:
    scheme, separator, rest = url.strip().partition("://")
    try:
        return _made(f"{_SCHEMES.get(scheme, scheme)}{separator}{rest}", timeout)
    except (ValueError, TypeError, RedisError) as error:
        raise StoreAddressError(_without_password(url)) from error


def _made(address: str, timeout: float) -> redis.Redis:
    # A Unix socket knows no keepalive, and its connection class does not take the word.
    tcp = {} if address.startswith("unix:") else {"socket_keepalive": True}
    client = redis.Redis.from_url(
        address,
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=TIMEOUT_SECONDS,
        # A batch that was cut off may have been carried out: repeating it is not ours to decide,
        # and no asker should wait for it.
        retry=Retry(NoBackoff(), 0),
        health_check_interval=15,
        max_connections=8,
        **tcp,
    )
    # Answers as they are sent, for every command alike.
    client.response_callbacks.clear()
    return client


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.hostname or ''}{parts.path}" if parts.netloc else "it"
    except ValueError:
        shown = "it"
    return f"{shown} is no address of a Redis server (redis://host:6379/0, rediss://…, unix:///…)"


def _settle(waiting: asyncio.Future[Any], answer: Any) -> None:
    if waiting.done():
        return
    if isinstance(answer, ResponseError):
        waiting.set_exception(StoreRefusedError(_code(answer), str(answer)))
    elif isinstance(answer, BaseException):
        waiting.set_exception(StoreAwayError(str(answer)))
    else:
        waiting.set_result(answer)


def _give_up(commands: list[_Waiting] | deque[_Waiting]) -> None:
    for _, waiting in commands:
        if not waiting.done():
            waiting.set_exception(StoreAwayError("Redis is away"))
    commands.clear()


def _code(answer: Any) -> str:
    """The code of an answer that is a refusal, else nothing."""
    if not isinstance(answer, ResponseError):
        return ""
    # redis-py cuts the code off the text of the errors that have a class of their own.
    return str(answer.status_code or str(answer).partition(" ")[0])


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
