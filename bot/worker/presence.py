"""Which workers live: each one announces itself, and is forgotten when it does not any more.

`tlscheck:workers` is a sorted set of worker ids by the moment (milliseconds of Redis' clock) until
which they count as alive; `tlscheck:worker:<id>` holds what each says of itself, as JSON, with its
signature. Whoever can write to Redis can write anything there: what has another form, or of which a
shared key does not prove that a worker wrote it just now, is no worker.
"""

import asyncio
import hmac
import re
from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from pydantic import BaseModel, ConfigDict, Field

from bot import __version__
from bot.store.connection import Connection, Script, StoreRefusedError
from bot.worker.machine import Machine
from bot.worker.wire import ANY, NAME, SCHEMA, sign

log = structlog.get_logger(__name__)

ANNOUNCE_SECONDS = 2.0
ALIVE_SECONDS = 6.0
LARGEST_PRESENCE = 64 * 1024
MOST_WORKERS = 1000

_INDEX = "tlscheck:workers"
_ID = re.compile(rb"[0-9a-f]{32}")
Label = Annotated[str, Field(max_length=64)]

# Atomic: what a worker put there meanwhile stays.
_REMOVE_OTHER = Script(
    "local kind = redis.call('TYPE', KEYS[1]).ok "
    "if kind == 'none' or kind == ARGV[1] then return 0 end "
    "return redis.call('UNLINK', KEYS[1])"
)


class Presence(BaseModel):
    """One worker, in its own words.

    `clock_offset` is what has to be added to its machine's clock to get Redis' clock, in seconds;
    `roots_digest` is that of the trust anchors that its checks are judged against; `until` is the
    moment of Redis' clock until which this may be believed.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    vantage: Annotated[str, Field(pattern=NAME)]
    labels: Annotated[dict[Label, Label], Field(max_length=16)] = {}
    schema_version: Annotated[int, Field(alias="schema")] = SCHEMA
    program: Annotated[str, Field(max_length=64)] = __version__
    roots_digest: Annotated[str, Field(max_length=64)]
    signed: bool
    at_once: Annotated[int, Field(ge=1, le=10_000)]
    clock_offset: Annotated[float, Field(ge=-1e10, le=1e10)] = 0.0
    machine: Machine | None = None
    until: Annotated[float, Field(ge=0, le=1e11)] = 0.0


class _Written(BaseModel):
    """As it stands in Redis: the signature covers the very text of the body."""

    body: Annotated[str, Field(max_length=LARGEST_PRESENCE)]
    signature: Annotated[str, Field(max_length=128)]


@dataclass(frozen=True, slots=True)
class Round:
    """The workers that live: those that may be believed, and those without the shared key's proof."""

    workers: tuple[Presence, ...] = ()
    strangers: tuple[Presence, ...] = ()


async def redis_time(connection: Connection) -> float:
    """Redis' clock, in Unix seconds.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    seconds, micro = await connection.execute("TIME")
    return int(seconds) + int(micro) / 1e6


async def announce(
    connection: Connection, presence: Presence, now: float, key: bytes | None = None
) -> None:
    """Say that a worker lives, as of Redis' `now`; signed when there is a key.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    until = now + ALIVE_SECONDS
    body = presence.model_copy(update={"until": until}).model_dump_json(by_alias=True)
    text = _Written(body=body, signature=sign("presence", body.encode(), key)).model_dump_json()
    await connection.execute("SET", _key(presence.id), text, "PX", int(ALIVE_SECONDS * 1000))
    try:
        await connection.execute("ZADD", _INDEX, int(until * 1000), presence.id)
    except StoreRefusedError as error:
        if error.code != "WRONGTYPE":
            raise
        await remove_other(connection, _INDEX, "zset")
        await connection.execute("ZADD", _INDEX, int(until * 1000), presence.id)
    await connection.execute("ZREMRANGEBYSCORE", _INDEX, "-inf", int(now * 1000) - 60_000)


async def remove_other(connection: Connection, key: str, kind: str) -> None:
    """Remove what somebody put at a key of ours in place of a value of this type.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    if await connection.run(_REMOVE_OTHER, [key], kind):
        log.warning("a key of another type was removed", key=key)


async def withdraw(connection: Connection, worker_id: str) -> None:
    """Say that a worker ends.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    await connection.execute("ZREM", _INDEX, worker_id)
    await connection.execute("DEL", _key(worker_id))


async def living(connection: Connection, key: bytes | None = None) -> Round:
    """All workers that live, by vantage and id.

    Args:
        connection: To Redis.
        key: The shared key: without its proof a worker is a stranger.

    Raises:
        StoreAwayError: Redis cannot be used.
    """
    now = await redis_time(connection)
    try:
        listed = await connection.execute(
            "ZRANGEBYSCORE", _INDEX, int(now * 1000), "+inf", "LIMIT", 0, MOST_WORKERS
        )
    except StoreRefusedError as error:
        if error.code != "WRONGTYPE":
            raise
        return Round()  # the next worker that announces itself mends it
    ids = [name.decode() for name in listed if _ID.fullmatch(name)]
    # Sent together, in one round trip.
    texts = await asyncio.gather(
        *(connection.execute("GETRANGE", _key(name), 0, LARGEST_PRESENCE) for name in ids),
        return_exceptions=True,
    )
    workers: list[Presence] = []
    strangers: list[Presence] = []
    for name, raw in zip(ids, texts, strict=True):
        if isinstance(raw, BaseException) and not isinstance(raw, StoreRefusedError):
            raise raw
        found = _read(raw, key)
        if found is None or found[0].id != name:
            continue
        one, proven = found
        (workers if proven and (key is None or one.until > now) else strangers).append(one)
    return Round(_sorted(workers), _sorted(strangers))


def _sorted(found: list[Presence]) -> tuple[Presence, ...]:
    return tuple(sorted(found, key=lambda one: (one.vantage, one.id)))


def _key(worker_id: str) -> str:
    return f"tlscheck:worker:{worker_id}"


def _read(raw: Any, key: bytes | None) -> tuple[Presence, bool] | None:
    """What a worker says of itself, and whether the key proves it."""
    if not isinstance(raw, bytes) or not 0 < len(raw) <= LARGEST_PRESENCE:
        return None
    try:
        written = _Written.model_validate_json(raw)
        body = written.body.encode()
        one = Presence.model_validate_json(body)
    except ValueError:  # pydantic's, and that of half a character
        log.debug("a worker's presence was passed over", reason="its form")
        return None
    if one.vantage == ANY:
        return None
    expected = sign("presence", body, key).encode()
    return one, key is None or hmac.compare_digest(expected, written.signature.encode())
