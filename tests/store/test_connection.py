"""The connection: batches, refusals, and an outage that costs nobody a second wait."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest

from bot.store.connection import (
    QUEUED_COMMANDS,
    TIMEOUT_SECONDS,
    Connection,
    Script,
    StoreAddressError,
    StoreAwayError,
    StoreRefusedError,
    connect,
    heed_cancellation,
)
from tests.store.conftest import FragileServer


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until the condition holds, within a bound."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        await asyncio.sleep(0.01)


@pytest.fixture
async def connection(redis_url: str) -> AsyncIterator[Connection]:
    """A connection to an empty server."""
    opened = connect(redis_url)
    yield opened
    await opened.aclose()


async def test_many_commands_at_once_go_out_in_few_batches(connection: Connection) -> None:
    """Each of 2000 askers gets its own answer over one connection."""
    await asyncio.gather(*(connection.execute("SET", f"k{n}", str(n)) for n in range(2000)))
    answers = await asyncio.gather(*(connection.execute("GET", f"k{n}") for n in range(2000)))
    assert answers == [str(n).encode() for n in range(2000)]
    clients = (await connection.execute("CLIENT", "LIST")).decode().splitlines()
    assert len(clients) == 1


async def test_a_refusal_concerns_one_command(connection: Connection) -> None:
    """A key of the wrong type fails its own asker and nobody beside it."""
    await connection.execute("RPUSH", "list", "x")
    beside = asyncio.create_task(connection.execute("LLEN", "list"))
    with pytest.raises(StoreRefusedError, match="WRONGTYPE") as refused:
        await connection.execute("GET", "list")
    assert refused.value.code == "WRONGTYPE"
    assert await beside == 1
    assert not connection.away


async def test_a_full_server_is_a_refusal_not_an_outage(connection: Connection) -> None:
    """Writes fail when memory is used up by what is kept for good; reads go on."""
    await connection.execute("SET", "key", "value")
    await connection.execute("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(StoreRefusedError, match="maxmemory") as refused:
            await connection.execute("SET", "other", "value")
        assert refused.value.code == "OOM"
        assert not connection.away
    finally:
        await connection.execute("CONFIG", "SET", "maxmemory", "128mb")


async def test_an_asker_who_goes_away_takes_nothing_along(connection: Connection) -> None:
    """A cancelled command leaves the answers of the others in their places."""
    asked = [asyncio.create_task(connection.execute("ECHO", str(n))) for n in range(50)]
    await asyncio.sleep(0)
    for task in asked[::2]:
        task.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert answers[1::2] == [str(n).encode() for n in range(1, 50, 2)]
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])


async def test_scripts_are_learnt_again_after_they_were_forgotten(connection: Connection) -> None:
    """A restart empties the server's script cache."""
    script = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert await connection.run(script, ["n"], 2) == 2
    assert await connection.run(script, ["n"], 2) == 4
    await connection.execute("SCRIPT", "FLUSH")
    assert await connection.run(script, ["n"], 2) == 6


async def test_an_outage_is_told_once_and_ends_by_itself(fragile_server: FragileServer) -> None:
    """Commands fail at once while Redis is away, and work again soon after it is back."""
    told: list[bool] = []
    connection = connect(fragile_server.url, told.append)
    assert await connection.ping()
    fragile_server.stop()
    with pytest.raises(StoreAwayError, match="Redis is away"):
        await connection.execute("GET", "key")
    begun = time.perf_counter()
    for _ in range(100):
        with pytest.raises(StoreAwayError, match="Redis is away"):
            await connection.execute("GET", "key")
    assert time.perf_counter() - begun < 0.5
    assert connection.away

    fragile_server.start()
    await until(lambda: not connection.away)
    assert await connection.ping()
    assert told == [True, False]
    await connection.aclose()


async def test_a_restart_between_two_commands_is_not_noticed(fragile_server: FragileServer) -> None:
    """A connection that died while idle is replaced before it is used."""
    connection = connect(fragile_server.url)
    assert await connection.ping()
    # In threads, so that the loop can see the connection's end as it would in real life.
    await asyncio.to_thread(fragile_server.stop)
    await asyncio.to_thread(fragile_server.start)
    assert await connection.ping()
    assert not connection.away
    await connection.aclose()


async def test_a_server_that_never_answers_is_given_up_after_a_second() -> None:
    """The first askers wait for the bound, the later ones do not wait at all."""

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    connection = connect(f"redis://{host}:{port}")
    begun = time.perf_counter()
    first = [connection.execute("GET", f"k{n}") for n in range(300)]
    answers = await asyncio.gather(*first, return_exceptions=True)
    assert all(isinstance(answer, StoreAwayError) for answer in answers)
    assert TIMEOUT_SECONDS <= time.perf_counter() - begun < 3 * TIMEOUT_SECONDS
    begun = time.perf_counter()
    assert not await connection.ping()
    assert time.perf_counter() - begun < 0.1
    await connection.aclose()
    server.close()


async def test_something_that_is_no_redis_is_an_outage() -> None:
    """A web server at the address answers with nonsense, and nobody waits for ever."""

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"$-7\r\n" * 10)
        writer.close()

    server = await asyncio.start_server(web, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    connection = connect(f"redis://{host}:{port}")
    with pytest.raises(StoreAwayError, match="Redis is away"):
        await connection.execute("GET", "key")
    await connection.aclose()
    server.close()


async def test_a_wrong_password_is_an_outage(fragile_server: FragileServer) -> None:
    """Without being let in nothing can be read; the reason is in the log."""
    admin = connect(fragile_server.url)
    await admin.execute("CONFIG", "SET", "requirepass", "right")
    connection = connect(f"{fragile_server.url}?password=wrong")
    assert not await connection.ping()
    assert connection.away
    await connection.aclose()
    await admin.aclose()


async def test_a_read_only_replica_is_an_outage(fragile_server: FragileServer) -> None:
    """After a failover the old primary refuses writes; nothing is stored until it is replaced."""
    connection = connect(fragile_server.url)
    await connection.execute("REPLICAOF", "192.0.2.1", "1")
    with pytest.raises(StoreAwayError, match="read only replica"):
        await connection.execute("SET", "key", "value")
    await until(lambda: connection.away)
    other = connect(fragile_server.url)
    await other.execute("REPLICAOF", "NO", "ONE")
    await until(lambda: not connection.away)
    await connection.execute("SET", "key", "value")
    await connection.aclose()
    await other.aclose()


async def test_a_cancellation_that_was_lost_is_heeded() -> None:
    """A loop whose cancellation was swallowed below it ends at its next turn."""
    began = asyncio.Event()

    async def loop() -> None:
        while True:
            began.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
            heed_cancellation()

    task = asyncio.create_task(loop())
    await began.wait()
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait((task,))
    assert task.cancelled()


async def test_what_waits_is_bounded(redis_url: str) -> None:
    """Beyond the bound a command is refused in place of filling the memory."""
    connection = connect(redis_url)
    asked = [asyncio.create_task(connection.ping()) for _ in range(QUEUED_COMMANDS + 1)]
    answers = await asyncio.gather(*asked)
    assert answers.count(False) == 1
    await connection.aclose()


async def test_closing_gives_up_what_waits(redis_url: str) -> None:
    """Nobody waits for a connection that was closed."""
    connection = connect(redis_url)
    asked = asyncio.create_task(connection.execute("BLPOP", "nothing", 0))
    await asyncio.sleep(0)
    await connection.aclose()
    with pytest.raises(StoreAwayError, match="Redis is away"):
        await asked
    with pytest.raises(StoreAwayError, match="Redis is away"):
        await connection.execute("PING")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://user:hunter2@host",
        "redis://user:hunter2@host:port",
        "redis://[::1",
    ],
)
def test_a_wrong_address_is_told_without_its_password(url: str) -> None:
    """The sentence names what is wrong and shows no secret."""
    with pytest.raises(StoreAddressError, match="no address of a Redis server") as error:
        connect(url)
    assert "hunter2" not in str(error.value)


async def test_addresses_may_say_valkey(fragile_server: FragileServer) -> None:
    """`valkey://` and `valkeys://` are what some people's secrets hold."""
    for url in ("valkey://127.0.0.1:1/3", "valkeys://user:word@host:6380"):
        await connect(url).aclose()
