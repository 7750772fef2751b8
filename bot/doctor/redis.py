"""Redis: whether it can be reached, lets us do what we do, and keeps what has to be kept.

Everything is tried on a scratch key that expires by itself, since ACLs, replicas and full disks
show only then. What `INFO` says is taken as said.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from secrets import token_hex
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import redis.asyncio as redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from bot.doctor.finding import Finding, OtherClock, Sight, fine, note, wrong
from bot.settings import Settings
from bot.store import EmbeddedServerError, StoreAddressError, open_embedded_server
from bot.store.connection import reading_client
from bot.store.watches import DUE

_ANSWER_SECONDS = 2.0
_PINGS = 5
SLOW, TOO_SLOW = 0.02, 0.2
"""Seconds of a round trip: an answer from the cache takes several, and each may take 1 s at most."""
NEARLY_FULL = 0.9
OLDEST = (6, 2)
"""The first Redis with all that is used here (SET PXAT, XPENDING IDLE); each Valkey is newer."""
_SCRATCH_SECONDS = 30

# What each eviction policy does to us when memory is full (valkey.io/topics/lru-cache). allkeys-*
# may take the list of watches that are due, which has no expiry. Under volatile-lru goes what nobody
# looked at for longest: old results, histories. volatile-ttl takes what ends next: locks, replies of
# workers. The other two see no difference between an old result and a watch of twelve hours ago.
_HASTY = {
    "volatile-ttl": "evicts_first_what_ends",
    "volatile-lfu": "spares_no_watches",
    "volatile-random": "spares_no_watches",
}


async def look_at_redis(settings: Settings) -> Sight:
    """The server of REDIS_URL, or whether one of our own can run here."""
    if settings.redis_url is None:
        return await _embedded()
    url = settings.redis_url.get_secret_value()
    try:
        client = reading_client(url, _ANSWER_SECONDS)
    except StoreAddressError:
        return Sight((wrong("redis", "address"),))
    place = _place(url)
    try:
        return await _look(client, url, place, many=bool(settings.slack_client_id))
    except (RedisError, OSError, TimeoutError) as error:
        return Sight((_away(error, place, url),))
    finally:
        await client.aclose()


async def _embedded() -> Sight:
    try:
        async with open_embedded_server() as url:
            client = reading_client(url, _ANSWER_SECONDS)
            try:
                info = await _info(client)
            finally:
                await client.aclose()
    except EmbeddedServerError as error:
        return Sight((wrong("redis", "none_runs", reason=str(error).partition("\n")[0]),))
    return Sight((note("redis", "embedded", version=_version_name(info)),))


async def _look(client: redis.Redis, url: str, place: str, *, many: bool) -> Sight:
    seconds = await _round_trip(client)
    info = await _info(client)
    say = fine if seconds < SLOW else note if seconds < TOO_SLOW else wrong
    code = "answers" if seconds < SLOW else "slow_network"
    version = _version_name(info)
    found = [say("redis", code, place=place, version=version, milliseconds=f"{seconds * 1000:.1f}")]
    found += _of_kind(info)
    found += on_the_way(url)
    refused = await _refused_commands(client)
    if refused:
        names = ", ".join(refused)
        found.append(wrong("redis", "refused", names=names, reason=next(iter(refused.values()))))
    else:
        found.append(fine("redis", "commands"))
    found += _memory(info)
    found.append(await _persistence(client, info, many=many))
    if info.get("rdb_last_bgsave_status") == "err" or info.get("aof_last_write_status") == "err":
        found.append(wrong("redis", "not_saved"))
    return Sight(tuple(found), await _clock(client))


async def _ask(client: redis.Redis, *words: str | int) -> Any:
    return await client.execute_command(*words)  # type: ignore[no-untyped-call] # redis-py's


async def _round_trip(client: redis.Redis) -> float:
    loop = asyncio.get_running_loop()
    await _ask(client, "PING")
    taken = []
    for _ in range(_PINGS):
        begun = loop.time()
        await _ask(client, "PING")
        taken.append(loop.time() - begun)
    return median(taken)


async def _clock(client: redis.Redis) -> tuple[OtherClock, ...]:
    before = datetime.now(UTC)
    seconds, micro = await _ask(client, "TIME")
    ours = before + (datetime.now(UTC) - before) / 2
    theirs = datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(micro))
    return (OtherClock("Redis", theirs - ours),)


async def _info(client: redis.Redis) -> dict[str, str]:
    raw: bytes = await _ask(client, "INFO")
    pairs = (line.partition(":") for line in raw.decode(errors="replace").splitlines())
    return {name: value for name, sign, value in pairs if sign}


def _version_name(info: Mapping[str, str]) -> str:
    valkey = info.get("valkey_version")
    return f"Valkey {valkey}" if valkey else f"Redis {info.get('redis_version', '?')}"


def _of_kind(info: Mapping[str, str]) -> Iterator[Finding]:
    numbers = info.get("redis_version", "").split(".")[:2]
    if all(one.isdecimal() for one in numbers) and tuple(map(int, numbers)) < OLDEST:
        yield wrong("redis", "old", version=_version_name(info))
    if info.get("redis_mode") == "cluster" or info.get("cluster_enabled") == "1":
        yield wrong("redis", "cluster")
    if info.get("role") == "slave":
        yield wrong("redis", "replica")


def on_the_way(url: str) -> Iterator[Finding]:
    """Who on the network could read along, or do the same as we."""
    parts = urlsplit(url.strip())
    host = parts.hostname or ""
    if parts.scheme in ("unix", "rediss", "valkeys") or host == "localhost":
        return
    try:
        address = ip_address(host)
    except ValueError:
        public = False
    else:
        if address.is_loopback:
            return
        public = address.is_global
    say = wrong if public else note
    yield say("redis", "plain_password" if parts.password else "open_to_all", host=host)


def _memory(info: Mapping[str, str]) -> Iterator[Finding]:
    limit, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    policy = info.get("maxmemory_policy", "noeviction")
    values: dict[str, Any] = {
        "policy": policy,
        "used": _megabytes(used),
        "limit": _megabytes(limit),
    }
    if not limit:
        yield fine("redis", "no_limit", **values)
        return
    if policy.startswith("allkeys"):
        yield wrong("redis", "evicts_watches", **values)
    elif policy in _HASTY:
        yield note("redis", _HASTY[policy], **values)
    elif used < NEARLY_FULL * limit:
        yield fine("redis", "memory", **values)
    if used >= NEARLY_FULL * limit:
        say = wrong if policy == "noeviction" else note
        yield say("redis", "full", **values)


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.0f} MB"


async def _persistence(client: redis.Redis, info: Mapping[str, str], *, many: bool) -> Finding:
    if info.get("aof_enabled") == "1":
        return fine("redis", "kept_by_log")
    try:
        answer = await _ask(client, "CONFIG", "GET", "save")
        points = answer[1].decode(errors="replace")
    except (ResponseError, IndexError):
        # Managed servers keep CONFIG to themselves.
        return note("redis", "kept_unknown")
    if points:
        return fine("redis", "kept_by_snapshots")
    watches = int(await _ask(client, "ZCARD", DUE))
    if many:
        return wrong("redis", "installations_forgotten")
    return wrong("redis", "forgotten", n=watches) if watches else note("redis", "forgets")


async def _refused_commands(client: redis.Redis) -> dict[str, str]:
    """What this login may not do, or this server does not know; with its first words."""
    key = f"tlscheck:doctor:{token_hex(8)}"
    stream = f"{key}:stream"
    group = "workers"
    trials: tuple[tuple[str | int, ...], ...] = (
        ("SET", key, "1", "PX", _SCRATCH_SECONDS * 1000),
        ("GETRANGE", key, 0, 10),
        ("EVAL", "return redis.call('GET', KEYS[1])", 1, key),
        ("ZADD", f"{key}:set", 1, "a"),
        ("EXPIRE", f"{key}:set", _SCRATCH_SECONDS),
        ("HSET", f"{key}:hash", "a", "b"),
        ("HDEL", f"{key}:hash", "c"),
        ("HSCAN", f"{key}:hash", 0),
        ("EXPIRE", f"{key}:hash", _SCRATCH_SECONDS),
        ("PUBLISH", key, "1"),
        ("XADD", stream, "*", "data", "1"),
        ("EXPIRE", stream, _SCRATCH_SECONDS),
        ("XGROUP", "CREATE", stream, group, "0"),
        ("XREADGROUP", "GROUP", group, "doctor", "COUNT", 1, "STREAMS", stream, ">"),
        ("XPENDING", stream, group, "IDLE", 0, "-", "+", 1),
        ("XCLAIM", stream, group, "doctor", 0, "0-1", "JUSTID"),
        ("XACK", stream, group, "0-1"),
        ("XDEL", stream, "0-1"),
        ("DEL", key, f"{key}:set", f"{key}:hash", stream),
    )
    refused: dict[str, str] = {}
    for words in trials:
        try:
            await _ask(client, *words)
        except ResponseError as error:
            refused.setdefault(str(words[0]), str(error).partition("\n")[0][:160])
    return refused


def _place(url: str) -> str:
    """The address as it may be shown: without user and password."""
    parts = urlsplit(url.strip())
    if parts.scheme == "unix":
        return parts.path
    host = parts.hostname or "localhost"
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or 6379}"


def _away(error: Exception, place: str, url: str) -> Finding:
    text = f"{error} {error.__cause__ or ''} {error.__context__ or ''}"
    secured = urlsplit(url.strip()).scheme in ("rediss", "valkeys")
    refused = isinstance(error.__cause__ or error, AuthenticationError | NoPermissionError)
    if refused or "Authentication" in text or "username-password" in text:
        return wrong("redis", "login", place=place)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return wrong("redis", "untrusted", place=place)
    if secured and ("SSL" in text or "closed" in text):
        return wrong("redis", "no_tls", place=place)
    if isinstance(error, TimeoutError | redis.TimeoutError):
        return wrong("redis", "silent", place=place)
    reason = str(error).partition("\n")[0]
    return wrong("redis", "away", place=place, reason=reason[:160])
