"""The relay makes loopback feel far away: later, not thinner."""

import asyncio
import time

from bot.demo.lab import SCENARIOS, open_lab
from bot.demo.lab.relay import open_relay
from tests.demo.lab.clients import BOUND, python_sees


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def test_a_round_trip_takes_two_delays() -> None:
    """The first exchange costs two round trips (one stands for the TCP handshake), the next one."""
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with (
        server,
        asyncio.timeout(BOUND),
        open_relay(server.sockets[0].getsockname(), delay=0.05) as address,
    ):
        begun = time.monotonic()
        reader, writer = await asyncio.open_connection(*address)
        took = []
        for _ in range(2):
            writer.write(b"ping")
            assert await reader.readexactly(4) == b"ping"
            took.append(time.monotonic() - begun)
            begun = time.monotonic()
        writer.close()
    assert 0.195 < took[0] < 0.4
    assert 0.095 < took[1] < 0.3


async def test_chunks_travel_side_by_side() -> None:
    """Eight megabytes take little longer than one byte, and arrive whole."""
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    sent = bytes(range(256)) * 32_768
    async with (
        server,
        asyncio.timeout(BOUND),
        open_relay(server.sockets[0].getsockname(), delay=0.05) as address,
    ):
        reader, writer = await asyncio.open_connection(*address)
        begun = time.monotonic()
        writer.write(sent)
        writer.write_eof()
        assert await reader.read() == sent
        assert time.monotonic() - begun < 5
        writer.close()


async def test_faults_pass_through() -> None:
    """Handshakes, alerts, resets and hang-ups arrive as what they are."""
    expected = {
        "healthy": "HTTP/1.1 200 OK",
        "client-certificate-required-tls13": "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "connection-reset": "ConnectionResetError",
        "closes-after-hello": "UNEXPECTED_EOF_WHILE_READING",
    }
    async with open_lab(scenarios=[one for one in SCENARIOS if one.name in expected]) as lab:
        for name, words in expected.items():
            async with open_relay(lab.address_of(name), delay=0.01) as address:
                assert await python_sees(address, f"{name}.lab.test", lab.roots_pem) == words


async def test_closing_in_the_middle_leaves_nothing_behind() -> None:
    """Connections that are being made or in use end with the relay."""
    tasks = asyncio.all_tasks()
    async with open_lab(
        scenarios=[one for one in SCENARIOS if one.name == "timeout-silent"]
    ) as lab:
        async with open_relay(lab.address_of("timeout-silent"), delay=0.05) as address:
            _, using = await asyncio.open_connection(*address)
            using.write(b"x")
            await asyncio.sleep(0.2)
            _, dialing = await asyncio.open_connection(*address)
            dialing.write(b"x")
        assert asyncio.all_tasks() == tasks
    for writer in (using, dialing):
        writer.transport.abort()
