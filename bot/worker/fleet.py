"""All queues and workers in numbers, so that an operator can scale by them. Read from Redis.

Names of places are labels here: they are what operators called their own machines, at most
`counts.MOST_PLACES`, and nothing of an earlier look is kept.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from bot.store.connection import Connection, StoreAwayError, StoreRefusedError
from bot.worker.counts import OUTCOMES, Outcome, counts_key, places_known
from bot.worker.outgoing import GROUP
from bot.worker.presence import living, redis_time
from bot.worker.queue import stream_of
from bot.worker.wire import ANY, NAME

LOOK_SECONDS = 2.0
"""A scrape waits no longer for Redis; it shows no queue then."""


@dataclass(frozen=True, slots=True)
class Load:
    """One place: its queue, its workers, what they did.

    `waiting`: orders that nobody has taken; `oldest`: how long the first of them waits, in seconds;
    `running`: taken and not answered; `capacity`: what its workers do at a time.
    """

    vantage: str
    waiting: int = 0
    oldest: float = 0.0
    running: int = 0
    workers: int = 0
    capacity: int = 0
    counts: dict[Outcome, int] = field(default_factory=dict)


async def loads(
    connection: Connection, key: bytes | None, only: Sequence[str] | None = None
) -> tuple[Load, ...]:
    """Every place that is known, and the queue `any`.

    Args:
        connection: To Redis.
        key: The key that is shared with the workers: those without it are not counted.
        only: These places alone.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    now = await redis_time(connection)
    workers = (await living(connection, key)).workers
    names = only
    if names is None:
        known: tuple[str, ...] = ()
        with suppress(StoreRefusedError):
            known = await places_known(connection)
        live = (one.vantage for one in workers)
        names = [one for one in dict.fromkeys((ANY, *live, *known)) if re.fullmatch(NAME, one)]
    found = await asyncio.gather(*(_load(connection, one, now) for one in names))
    return tuple(
        Load(
            name,
            *queue,
            workers=sum(name in (ANY, one.vantage) for one in workers),
            capacity=sum(one.at_once for one in workers if name in (ANY, one.vantage)),
            counts=counts,
        )
        for name, (queue, counts) in zip(names, found, strict=True)
    )


async def _load(
    connection: Connection, name: str, now: float
) -> tuple[tuple[int, float, int], dict[Outcome, int]]:
    queue, counts = await asyncio.gather(_queue(connection, name, now), _counts(connection, name))
    return queue, counts


async def _queue(connection: Connection, name: str, now: float) -> tuple[int, float, int]:
    """Waiting, the oldest one's seconds, running."""
    stream = stream_of(name)
    try:
        length = int(await connection.execute("XLEN", stream))
        if not length:
            return 0, 0.0, 0
        taken, pending = "0-0", 0
        for one in await connection.execute("XINFO", "GROUPS", stream):
            said: dict[bytes, Any] = dict(zip(one[::2], one[1::2], strict=False))
            if said.get(b"name") == GROUP.encode():
                taken, pending = said[b"last-delivered-id"].decode(), int(said[b"pending"])
        first = await connection.execute("XRANGE", stream, f"({taken}", "+", "COUNT", 1)
    except StoreRefusedError:
        return 0, 0.0, 0  # something else stands there; the next worker removes it
    oldest = now - int(first[0][0].partition(b"-")[0]) / 1000 if first else 0.0
    return max(length - pending, 0) if first else 0, max(oldest, 0.0), pending


async def _counts(connection: Connection, name: str) -> dict[Outcome, int]:
    try:
        values = await connection.execute("HMGET", counts_key(name), *OUTCOMES)
    except StoreRefusedError:
        return {}
    return {
        outcome: int(value)
        for outcome, value in zip(OUTCOMES, values, strict=True)
        if value is not None and re.fullmatch(rb"[0-9]{1,15}", value)
    }


class Fleet(Collector):
    """The numbers for Prometheus, as of the last `look`."""

    def __init__(
        self,
        connection: Connection,
        registry: CollectorRegistry,
        key: bytes | None,
        only: Sequence[str] | None = None,
    ) -> None:
        """Nothing is known before the first look. `only`: of these places alone."""
        self._connection = connection
        self._key = key
        self._only = only
        self._loads: tuple[Load, ...] = ()
        registry.register(self)

    async def look(self) -> None:
        """Ask Redis; without it, nothing is shown rather than old numbers."""
        self._loads = ()
        with suppress(StoreAwayError, TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                self._loads = await loads(self._connection, self._key, self._only)

    def describe(self) -> Iterator[Metric]:
        """What `collect` gives, without asking anybody."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        found = self._loads
        queues: dict[str, tuple[str, Sequence[float]]] = {
            "waiting": ("Orders that no worker has taken", [one.waiting for one in found]),
            "oldest_seconds": ("How long the first of them waits", [one.oldest for one in found]),
            "running": ("Orders taken and not answered", [one.running for one in found]),
        }
        for name, (text, values) in queues.items():
            family = GaugeMetricFamily(f"tlscheck_queue_{name}", text, labels=["queue"])
            for one, value in zip(found, values, strict=True):
                family.add_metric([one.vantage], value)
            yield family
        places = [one for one in found if one.vantage != ANY]
        workers = GaugeMetricFamily(
            "tlscheck_workers", "Workers that live, by place", labels=["vantage"]
        )
        capacity = GaugeMetricFamily(
            "tlscheck_worker_capacity", "Checks that they do at a time", labels=["vantage"]
        )
        orders = CounterMetricFamily(
            "tlscheck_worker_orders",
            "What came of orders at a place, by all of its workers",
            labels=["vantage", "outcome"],
        )
        for one in places:
            workers.add_metric([one.vantage], one.workers)
            capacity.add_metric([one.vantage], one.capacity)
            for outcome in OUTCOMES:
                orders.add_metric([one.vantage, outcome], one.counts.get(outcome, 0))
        yield from (workers, capacity, orders)
