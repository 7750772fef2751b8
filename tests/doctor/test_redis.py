"""Redis: a real server in the states in which people find theirs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import redis.asyncio as redis
from pydantic import SecretStr

from bot.demo.lab import open_lab
from bot.demo.lab.scenarios import SCENARIOS
from bot.doctor import Finding
from bot.doctor.redis import look_at_redis, on_the_way
from bot.settings import Settings
from bot.store import open_embedded_server
from bot.store.watches import DUE
from tests.doctor.findings import marks, the
from tests.store.cluster import open_cluster_node


def settings_for(url: str | None, **more: object) -> Settings:
    """Settings with this Redis."""
    return Settings(_env_file=None, redis_url=SecretStr(url) if url else None, **more)  # type: ignore[arg-type]  # checked by pydantic


async def look(url: str | None, **more: object) -> tuple[Finding, ...]:
    """What is found there."""
    return (await look_at_redis(settings_for(url, **more))).findings


@asynccontextmanager
async def server(**config: str) -> AsyncIterator[tuple[str, redis.Redis]]:
    """A server of its own with this configuration, and a client to it."""
    async with open_embedded_server() as url, redis.Redis.from_url(url) as client:
        for name, value in config.items():
            await client.config_set(name.replace("_", "-"), value)
        yield url, client


async def test_a_sound_server_and_no_trace_left() -> None:
    """Every line is fine, its clock is seen, and what was tried is gone."""
    async with server(save="60 1") as (url, client):
        sight = await look_at_redis(settings_for(url))
        assert marks(sight.findings) == {
            "answers": "fine",
            "commands": "fine",
            "memory": "fine",
            "kept_by_snapshots": "fine",
        }
        [clock] = sight.clocks
        assert abs(clock.offset) < timedelta(seconds=5)
        assert await client.keys() == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"maxmemory_policy": "allkeys-lru"}, {"evicts_watches": "wrong"}),
        ({"maxmemory_policy": "allkeys-random"}, {"evicts_watches": "wrong"}),
        ({"maxmemory_policy": "volatile-ttl"}, {"evicts_first_what_ends": "note"}),
        ({"maxmemory_policy": "volatile-random"}, {"spares_no_watches": "note"}),
        ({"maxmemory_policy": "noeviction"}, {"memory": "fine"}),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": "0"}, {"no_limit": "fine"}),
        ({"maxmemory_policy": "noeviction", "maxmemory": "1100kb"}, {"full": "wrong"}),
        ({"maxmemory_policy": "volatile-lru", "maxmemory": "1100kb"}, {"full": "note"}),
    ],
)
async def test_what_is_done_when_memory_is_full(
    config: dict[str, str], said: dict[str, str]
) -> None:
    """A policy that may drop the list of watches is wrong; one that drops old results is not."""
    async with server(**config) as (url, _):
        found = marks(await look(url))
        assert said.items() <= found.items()


async def test_what_is_kept_is_asked_where_it_matters() -> None:
    """Without a disk: worth knowing; with watches, or installations, wrong."""
    async with server(save="") as (url, client):
        assert marks(await look(url))["forgets"] == "note"
        many = await look(url, slack_client_id="123.456")
        assert marks(many)["installations_forgotten"] == "wrong"
        await client.zadd(DUE, {"a": 1, "b": 2})
        found = the(await look(url), "forgotten")
        assert (found.mark, found.n) == ("wrong", 2)
        await client.config_set("appendonly", "yes")
        assert marks(await look(url))["kept_by_log"] == "fine"


async def test_a_login_that_may_not_do_everything() -> None:
    """Each refused command is named, with Redis' own words."""
    async with server() as (url, client):
        await client.acl_setuser(
            "narrow", enabled=True, passwords="+pw-of-narrow", keys=["tlscheck:*"],
            channels=["tlscheck:*"], commands=["+@all", "-xadd", "-eval", "-config"],
        )  # fmt: skip
        found = await look(url.replace("unix://", "unix://narrow:pw-of-narrow@"))
        refused = the(found, "refused")
        assert "EVAL, XADD" in refused.values["names"]
        assert "NOPERM" in refused.values["reason"] or "permission" in refused.values["reason"]
        assert marks(found)["kept_unknown"] == "note"
        assert "pw-of-narrow" not in repr(found)


async def test_a_replica_takes_no_writes() -> None:
    """It is called that, and the refused commands are named."""
    async with server() as (url, client):
        await client.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]  # redis-py's
        found = marks(await look(url))
        assert found["replica"] == "wrong"
        assert found["refused"] == "wrong"


async def test_a_wrong_password_is_no_outage() -> None:
    """And the one that was tried is not shown."""
    async with server(requirepass="right") as (url, _):
        for given in (url, url.replace("unix://", "unix://:wrong-one@")):
            found = await look(given)
            assert marks(found) == {"login": "wrong"}
            assert "wrong-one" not in repr(found)
        assert "login" not in marks(await look(url.replace("unix://", "unix://:right@")))


async def test_away_silent_and_no_address() -> None:
    """Each is said as what it is, within the bound."""
    assert marks(await look("redis://127.0.0.1:1/0")) == {"away": "wrong"}
    assert marks(await look("nonsense")) == {"address": "wrong"}
    assert marks(await look("unix:///nowhere/socket")) == {"away": "wrong"}

    ended = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        found = await look(f"redis://:hunter2@127.0.0.1:{port}/0")
        ended.set()
    assert marks(found) == {"silent": "wrong"}
    assert the(found, "silent").values == {"place": f"127.0.0.1:{port}"}


async def test_tls_that_is_not_there_and_tls_that_is_not_trusted() -> None:
    """`rediss://` to a plain port, and to a certificate of nobody's."""

    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"-ERR unknown command\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        assert marks(await look(f"rediss://127.0.0.1:{port}/0")) == {"no_tls": "wrong"}
    healthy = [one for one in SCENARIOS if one.name == "healthy"]
    async with open_lab(scenarios=healthy) as lab:
        address, port = lab.address_of("healthy")
        assert marks(await look(f"rediss://{address}:{port}/0")) == {"untrusted": "wrong"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://localhost:6379/0", {}),
        ("redis://127.0.0.1/0", {}),
        ("unix:///run/valkey.sock", {}),
        ("rediss://:pw@redis.example/0", {}),
        ("redis://valkey:6379/0", {"open_to_all": "note"}),
        ("valkey://:pw@10.0.0.5/0", {"plain_password": "note"}),
        ("redis://:pw@8.8.8.8/0", {"plain_password": "wrong"}),
        ("redis://8.8.8.8/0", {"open_to_all": "wrong"}),
    ],
)
def test_who_can_read_along(url: str, said: dict[str, str]) -> None:
    """Over a private network it is worth knowing; over the internet it is wrong."""
    assert marks(on_the_way(url)) == said


async def test_without_an_address_our_own_server_is_tried() -> None:
    """It runs here, and what it forgets is said."""
    assert marks(await look(None)) == {"embedded": "note"}


async def test_a_cluster_is_refused_before_it_fails() -> None:
    """It answers, and single keys work; scripts over several keys would fail one day."""
    async with open_cluster_node() as url:
        assert marks(await look(url))["cluster"] == "wrong"
