"""The lab starts fast, serves many, survives rude clients and leaves nothing behind."""

import asyncio
import itertools
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.demo.lab.aia import METADATA
from bot.demo.lab.loopback import PLAIN_NETWORK
from tests.demo.lab.clients import BOUND, GET, python_sees, until

HEALTHY = [one for one in SCENARIOS if one.name == "healthy"]


async def test_every_host_has_its_addresses() -> None:
    """Hosts lie in the announced networks, but for those that are meant to lie elsewhere."""
    async with open_lab() as lab:
        networks = [ip_network(one) for one in lab.networks]
        assert len(SCENARIOS) >= 45
        assert "dns-failure.lab.test" not in lab.hosts
        assert lab.hosts["resolves-to-private.lab.test"] == (("10.0.0.5", 443),)
        assert len(lab.hosts["backends-differ.lab.test"]) == 3
        for scenario in SCENARIOS:
            if scenario.name in {"dns-failure", "resolves-to-private"}:
                continue
            for name in scenario.hosts:
                for address, port in lab.hosts[name]:
                    assert any(ip_address(address) in one for one in networks)
                    assert port > 0
        assert lab.address_of("healthy") == lab.address_of("healthy.lab.test")
        with pytest.raises(LookupError, match="no address for 'dns-failure'"):
            lab.address_of("dns-failure")


async def test_one_loopback_address_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where 127.77.x.y cannot be bound (macOS), every server gets a port of 127.0.0.1."""
    for module in ("loopback", "lab"):
        monkeypatch.setattr(f"bot.demo.lab.{module}.network", lambda: PLAIN_NETWORK)
    async with open_lab() as lab:
        assert lab.networks == ("127.0.0.1/32",)
        backends = lab.hosts["backends-differ.lab.test"]
        assert {ip for ip, _ in backends} == {"127.0.0.1"}
        assert len({port for _, port in backends}) == 3
        seen = await python_sees(lab.address_of("healthy"), "healthy.lab.test", lab.roots_pem)
    assert seen == "HTTP/1.1 200 OK"


async def test_dates_derive_from_the_clock() -> None:
    """A lab of another year has certificates of that year."""
    moment = datetime(2031, 5, 6, 7, 8, 9, 500, tzinfo=UTC)
    async with open_lab(clock=lambda: moment, scenarios=HEALTHY) as lab:
        leaf = await _leaf(lab)
    assert leaf.not_valid_before_utc == moment.replace(microsecond=0) - timedelta(days=3)


async def _leaf(lab: Lab) -> x509.Certificate:
    pem = await asyncio.to_thread(ssl.get_server_certificate, lab.address_of("healthy"), timeout=5)
    return x509.load_pem_x509_certificate(pem.encode())


async def test_aia_hands_out_issuers_and_remembers() -> None:
    """The leaf's AIA address leads to its issuer, in DER; requests are recorded in order."""
    async with open_lab(scenarios=HEALTHY) as lab, aiohttp.ClientSession() as http:
        ip, port = lab.address_of("aia")
        async with http.get(f"http://{ip}:{port}/lab-issuing-ca-g2.cer") as answer:
            assert answer.content_type == "application/pkix-cert"
            found = x509.load_der_x509_certificate(await answer.read())
        assert found == lab.authority.issuing.certificate
        (await _leaf(lab)).verify_directly_issued_by(found)
        async with http.get(f"http://{ip}:{port}/moved-away.cer") as answer:
            assert answer.status == 404
        async with http.get(f"http://{ip}:{port}/elsewhere.cer", allow_redirects=False) as answer:
            assert answer.headers["Location"] == METADATA
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), http.get(f"http://{ip}:{port}/slow.cer"):
                pass
        assert lab.aia_requests == [
            "/lab-issuing-ca-g2.cer",
            "/moved-away.cer",
            "/elsewhere.cer",
            "/slow.cer",
        ]


async def test_a_hundred_at_once() -> None:
    """The healthy server answers a burst of handshakes, each with its page."""
    async with open_lab(scenarios=HEALTHY) as lab, asyncio.timeout(BOUND):
        context = ssl.create_default_context(cadata=lab.roots_pem.decode())

        async def visit() -> bytes:
            reader, writer = await asyncio.open_connection(
                *lab.address_of("healthy"), ssl=context, server_hostname="healthy.lab.test"
            )
            writer.write(GET)
            try:
                return await reader.readline()
            finally:
                writer.transport.abort()

        pages = await asyncio.gather(*(visit() for _ in range(100)))
    assert set(pages) == {b"HTTP/1.1 200 OK\r\n"}


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01", b"\0" * 70_000, GET])
async def test_rude_clients_harm_nobody(said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Clients that vanish or talk nonsense leave a server that still works, and no log lines."""
    async with open_lab() as lab, asyncio.timeout(BOUND):
        for addresses in lab.hosts.values():
            for ip, port in addresses:
                if ip.startswith("10."):
                    continue
                try:
                    _, writer = await asyncio.open_connection(ip, port)
                except ConnectionRefusedError:
                    continue
                writer.write(said)
                writer.transport.abort()
        seen = await python_sees(lab.address_of("healthy"), "healthy.lab.test", lab.roots_pem)
    assert seen == "HTTP/1.1 200 OK"
    assert caplog.records == []


async def test_a_flood_after_the_handshake_is_bounded() -> None:
    """A request without an end is answered with 400 after 16 KB."""
    async with open_lab(scenarios=HEALTHY) as lab, asyncio.timeout(BOUND):
        context = ssl.create_default_context(cadata=lab.roots_pem.decode())
        reader, writer = await asyncio.open_connection(
            *lab.address_of("healthy"), ssl=context, server_hostname="healthy.lab.test"
        )
        writer.write(b"x" * 20_000)
        assert await reader.readline() == b"HTTP/1.1 400 Bad Request\r\n"
        writer.transport.abort()


def _open_files() -> set[str]:
    return set(os.listdir("/dev/fd"))


async def test_closing_leaves_nothing_behind() -> None:
    """With clients in the middle of everything, the end leaves no task, thread or socket."""
    await asyncio.sleep(0)
    tasks, threads, files = asyncio.all_tasks(), threading.active_count(), _open_files()
    writers = []
    async with open_lab() as lab, asyncio.timeout(BOUND):
        for addresses in lab.hosts.values():
            for ip, port in addresses:
                if not ip.startswith("10."):
                    try:
                        _, writer = await asyncio.open_connection(ip, port)
                    except ConnectionRefusedError:
                        continue
                    writer.write(b"\x16\x03\x01\x02\x00\x01")
                    writers.append(writer)
        _, half = await asyncio.open_connection(*lab.address_of("aia"))
        half.write(b"GET /slow.cer HTTP/1.1\r\nHost: aia.lab.test\r\n\r\n")
        writers.append(half)
        await until(lambda: "/slow.cer" in lab.aia_requests)
        address = lab.address_of("healthy")
    for writer in writers:
        writer.transport.abort()
    await until(lambda: not _open_files() - files)
    assert asyncio.all_tasks() == tasks
    assert threading.active_count() == threads
    with pytest.raises(ConnectionRefusedError, match="Connect call failed"):
        await asyncio.open_connection(*address)


async def test_the_whole_lab_starts_fast() -> None:
    """All scenarios are up within two seconds."""
    begun = time.monotonic()
    async with open_lab():
        assert time.monotonic() - begun < 2


def test_by_itself_until_ctrl_c() -> None:
    """`python -m bot.demo.lab` lists its hosts, writes the roots and ends cleanly."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.demo.lab"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        watchdog = threading.Timer(BOUND, process.kill)
        watchdog.start()
        lines = list(itertools.takewhile(lambda one: one != "Ctrl-C ends it.\n", process.stdout))
        roots = Path(next(line.split()[1] for line in lines if line.startswith("roots:")))
        assert roots.read_text().startswith("-----BEGIN CERTIFICATE-----")
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
        assert process.wait() == 0
        watchdog.cancel()
    assert not roots.exists()
    assert any(line.startswith("missing-intermediate.lab.test ") for line in lines)
