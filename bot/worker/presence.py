"""Which workers live: each one announces itself, and is forgotten when it does not any more.

`tlscheck:workers` is a sorted set of worker ids by the moment (milliseconds of Redis' clock) until
which they count as alive; `tlscheck:worker:<id>` holds what each says of itself, as JSON.
"""

import asyncio
from typing import Annotated, Any

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot import __version__
from bot.store.connection import Connection
from bot.worker.machine import Machine
from bot.worker.wire import SCHEMA

log = structlog.get_logger(__name__)

ANNOUNCE_SECONDS = 2.0
ALIVE_SECONDS = 6.0
LARGEST_PRESENCE = 64 * 1024
MOST_WORKERS = 1000

_INDEX = "tlscheck:workers"
Label = Annotated[str, Field(max_length=64)]


class Presence(BaseModel):
    """One worker, in its own words.

    `clock_offset` is what has to be added to its machine's clock to get Redis' clock, in seconds;
    `roots_digest` is that of the trust anchors that its checks are judged against.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    vantage: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    labels: Annotated[dict[Label, Label], Field(max_length=16)] = {}
    schema_version: Annotated[int, Field(alias="schema")] = SCHEMA
    program: Annotated[str, Field(max_length=64)] = __version__
    roots_digest: Annotated[str, Field(max_length=64)]
    signed: bool
    at_once: Annotated[int, Field(ge=1, le=10_000)]
    clock_offset: float = 0.0
    machine: Machine | None = None


async def redis_time(connection: Connection) -> float:
    """Redis' clock, in Unix seconds.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    seconds, micro = await connection.execute("TIME")
    return int(seconds) + int(micro) / 1e6


async def announce(connection: Connection, presence: Presence, now: float) -> None:
    """Say that a worker lives, as of Redis' `now`.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    text = presence.model_dump_json(by_alias=True)
    until = int((now + ALIVE_SECONDS) * 1000)
    await connection.execute("SET", _key(presence.id), text, "PX", int(ALIVE_SECONDS * 1000))
    await connection.execute("ZADD", _INDEX, until, presence.id)
    await connection.execute("ZREMRANGEBYSCORE", _INDEX, "-inf", int(now * 1000) - 60_000)


async def withdraw(connection: Connection, worker_id: str) -> None:
    """Say that a worker ends.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    await connection.execute("ZREM", _INDEX, worker_id)
    await connection.execute("DEL", _key(worker_id))


async def living(connection: Connection) -> tuple[Presence, ...]:
    """All workers that live, by vantage and id.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    now = await redis_time(connection)
    ids = await connection.execute(
        "ZRANGEBYSCORE", _INDEX, int(now * 1000), "+inf", "LIMIT", 0, MOST_WORKERS
    )
    found: list[Presence] = []
    # Sent together, in one round trip.
    texts = await asyncio.gather(
        *(connection.execute("GETRANGE", _key(name.decode()), 0, LARGEST_PRESENCE) for name in ids)
    )
    for name, raw in zip(ids, texts, strict=True):
        one = _read(raw)
        if one is not None and one.id.encode() == name:
            found.append(one)
    return tuple(sorted(found, key=lambda one: (one.vantage, one.id)))


def _key(worker_id: str) -> str:
    return f"tlscheck:worker:{worker_id}"


def _read(raw: Any) -> Presence | None:
    if not isinstance(raw, bytes) or not 0 < len(raw) <= LARGEST_PRESENCE:
        return None
    try:
        return Presence.model_validate_json(raw)
    except ValidationError:
        log.warning("a worker's presence was passed over", reason="its form")
        return None
