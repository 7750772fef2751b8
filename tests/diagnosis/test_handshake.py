"""One connection against real servers: the chain as it was sent, the fault, and nothing left open."""

import asyncio
import functools
import gc
import os
import warnings
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from bot.demo.lab import wire
from bot.demo.lab.loopback import bound_socket
from bot.demo.lab.pki import Issued, make_intermediate
from bot.demo.lab.scenario import Server
from bot.demo.lab.script import ScriptServer, to_hello
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.handshake import MOST_BYTES, Handshake, shake_hands
from bot.diagnosis.proxy import DIRECT
from tests.diagnosis.servers import authority, running

HOST = "handshake.lab.test"


async def shake(
    server: Server, *, within: float = 5.0, name: str | None = HOST, ask_http: bool = False
) -> Handshake:
    """What a handshake with this server shows."""
    async with running(server) as (address, port):
        deadline = asyncio.get_running_loop().time() + within
        return await shake_hands(
            address, port, route=DIRECT, server_name=name, deadline=deadline, ask_http=ask_http
        )


def chain() -> tuple[Issued, ...]:
    """A leaf and its issuer."""
    ca = authority()
    return (ca.leaf(HOST), ca.issuing)


def any_chain() -> dict[str, tuple[Issued, ...]]:
    """Chains in every state of disorder."""
    ca = authority()
    leaf = ca.leaf_from(ca.issuing_deep, HOST)
    return {
        "alone": (leaf,),
        "in order": (leaf, ca.issuing_deep, ca.policy),
        "upside down": (leaf, ca.root, ca.policy, ca.issuing_deep),
        "doubled": (leaf, leaf, ca.issuing_deep, ca.issuing_deep),
        "unrelated": (leaf, ca.private_root, ca.unrelated),
        "with the root": (leaf, ca.issuing_deep, ca.policy, ca.root),
    }


@pytest.mark.parametrize("state", ["alone", "in order", "upside down", "doubled", "unrelated"])
@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["1.2", "1.3"])
async def test_the_chain_is_kept_as_it_was_sent(state: str, version: int) -> None:
    """Order, duplicates and strangers come through, in both versions of the protocol."""
    sent = any_chain()[state]
    seen = await shake(TlsServer(sent, lowest=version, highest=version))
    assert seen.completed
    assert seen.fault is None
    assert seen.chain == tuple(one.der for one in sent)
    assert seen.tls_version == {SSL.TLS1_2_VERSION: "TLSv1.2"}.get(version, "TLSv1.3")
    assert seen.cipher
    assert seen.alpn == "http/1.1"


@pytest.mark.parametrize("asked", ["required", "required-by-page", "optional"])
@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["1.2", "1.3"])
async def test_servers_that_ask_for_a_certificate_show_theirs(asked: str, version: int) -> None:
    """Mutual TLS hides nothing: chain, the request and the accepted CAs are seen."""
    sent = any_chain()["upside down"]
    server = TlsServer(
        sent,
        lowest=version,
        highest=version,
        client_certificate=asked,  # type: ignore[arg-type] # pytest knows only strings
        client_ca=authority().private_root,
    )
    seen = await shake(server, ask_http=True)
    assert seen.chain == tuple(one.der for one in sent)
    assert seen.client_certificate_asked
    assert seen.client_ca_names == ("C=JP, O=Example Corp, CN=Example Corp Internal Root",)
    if asked == "required":
        assert seen.fault is not None
        assert seen.fault.kind == "alert"
        assert seen.fault.alert == (40 if version == SSL.TLS1_2_VERSION else 116)
    elif asked == "required-by-page":
        assert b"No required SSL certificate was sent" in seen.reply
    else:
        assert seen.fault is None
        assert seen.reply.startswith(b"HTTP/1.1 200")


async def test_a_server_that_only_waits_costs_no_more_than_a_second() -> None:
    """Without an HTTP request, an optional client certificate is told by a short silence."""
    server = TlsServer(chain(), client_certificate="optional")
    loop = asyncio.get_running_loop()
    started = loop.time()
    seen = await shake(server, within=8)
    assert seen.completed
    assert seen.fault is None
    assert loop.time() - started < 3


async def test_one_byte_a_second_ends_at_the_deadline() -> None:
    """Bytes that trickle in do not move the deadline."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    seen = await shake(TlsServer(chain(), pace=0.2), within=1.5)
    took = loop.time() - started
    assert seen.fault is not None
    assert seen.fault.kind == "silent"
    assert 0 < seen.received < 20
    assert 1.4 < took < 2.5


@pytest.mark.parametrize(
    ("server", "kind"),
    [
        (ScriptServer(), "silent"),
        (ScriptServer(to_hello(lambda _: b"")), "closed"),
        (ScriptServer(to_hello(lambda _: b""), ends="with-reset"), "reset"),
        (ScriptServer(to_hello(lambda _: wire.alert(112))), "alert"),
        (ScriptServer(greeting=b"SSH-2.0-OpenSSH_9.2\r\n"), "plaintext"),
        (ScriptServer(to_hello(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n")), "plaintext"),
        (ScriptServer(to_hello(lambda _: b"\x16\x03\x03\x00\x04\x02\x00\x00\x00")), "openssl"),
        (ScriptServer(to_hello(lambda _: b"\x16\x03\x03" + b"\xff" * 70_000)), "openssl"),
    ],
    ids=["silent", "closes", "resets", "alert", "ssh", "http", "bad hello", "bad record"],
)
async def test_faults_are_told_apart(server: Server, kind: str) -> None:
    """What ended the connection is named, whatever the other side did."""
    seen = await shake(server, within=1.0)
    assert seen.connected
    assert not seen.completed
    assert seen.fault is not None
    assert seen.fault.kind == kind
    assert seen.chain == ()


async def test_an_unknown_name_is_alert_112() -> None:
    """The number of a plain alert is kept for the rules."""
    seen = await shake(ScriptServer(to_hello(lambda _: wire.alert(112))))
    assert seen.fault is not None
    assert seen.fault.alert == 112
    assert "unrecognized name" in seen.fault.reason


async def test_a_closed_port_is_refused() -> None:
    """Nothing listens: that is neither a timeout nor a reset."""
    with bound_socket(240) as bound:
        address, port = bound.getsockname()
        deadline = asyncio.get_running_loop().time() + 2
        seen = await shake_hands(
            IPv4Address(address), port, route=DIRECT, server_name=HOST, deadline=deadline
        )
    assert not seen.connected
    assert seen.fault is not None
    assert seen.fault.kind == "refused"


async def test_a_deadline_in_the_past_ends_at_once() -> None:
    """A check that has used up its time still gets an answer."""
    async with running(TlsServer(chain())) as (address, port):
        seen = await shake_hands(address, port, route=DIRECT, server_name=HOST, deadline=0)
    assert seen.fault is not None
    assert seen.fault.kind == "connect_timeout"


async def test_two_megabytes_of_certificates_are_not_swallowed() -> None:
    """What no client would read is cut off early."""
    ca = authority()
    huge = make_intermediate(ca.root, "x" * 60, now=ca.now)
    server = TlsServer((ca.leaf(HOST), *[huge] * 3000))
    seen = await shake(server)
    assert seen.fault is not None
    assert seen.fault.kind == "openssl"
    assert seen.fault.reason == "excessive message size"
    assert seen.received <= MOST_BYTES + 262_144


async def test_a_flood_without_sense_is_cut() -> None:
    """Endless valid records end at the bound of bytes."""
    record = b"\x16\x03\x03\x40\x00" + b"\x00\x00\x00\x00" * 4096  # HelloRequests, to be ignored
    flood = ScriptServer(to_hello(lambda _: record * 200))
    seen = await shake(flood)
    assert seen.fault is not None
    assert seen.fault.kind in ("openssl", "closed")
    assert seen.received <= MOST_BYTES + 262_144


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_whatever_a_server_says_ends_in_a_handshake(said: bytes) -> None:
    """Arbitrary first bytes, with and without a record's header, never raise."""
    for answer in (said, b"\x16\x03\x03" + len(said).to_bytes(2, "big") + said):
        server = ScriptServer(to_hello(functools.partial(_say, answer)))
        seen = asyncio.run(shake(server, within=1.0))
        assert seen.fault is not None
        assert not seen.completed


def _say(answer: bytes, _: wire.ClientHello) -> bytes:
    return answer


OFTEN = 5
SERVERS: dict[str, Callable[[], Server]] = {
    "good": lambda: TlsServer(chain()),
    "client certificate": lambda: TlsServer(chain(), client_certificate="required"),
    "silent": ScriptServer,
    "plaintext": lambda: ScriptServer(greeting=b"SSH-2.0-x\r\n"),
    "reset": lambda: ScriptServer(to_hello(lambda _: b""), ends="with-reset"),
    "garbage": lambda: ScriptServer(to_hello(lambda _: b"\x16\x03\x03\x00\x04\x02\x00\x00\x00")),
}


@pytest.mark.parametrize("name", SERVERS)
def test_nothing_is_left_open(name: str) -> None:
    """However it ends: no task, no socket, no warning about one."""

    async def run() -> set[str]:
        before = asyncio.all_tasks()
        async with running(SERVERS[name]()) as (address, port):
            deadline = asyncio.get_running_loop().time() + 0.5
            await asyncio.gather(
                *(
                    shake_hands(address, port, route=DIRECT, server_name=HOST, deadline=deadline)
                    for _ in range(OFTEN)
                )
            )
        return {one.get_name() for one in asyncio.all_tasks() - before}

    asyncio.run(run())  # what is kept once for the whole process is opened here
    gc.collect()
    open_before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert asyncio.run(run()) == set()
        gc.collect()
    assert [one for one in caught if issubclass(one.category, ResourceWarning)] == []
    if open_before:
        assert len(os.listdir("/proc/self/fd")) <= open_before


async def test_a_cancelled_handshake_closes_its_connection() -> None:
    """Whoever gives up a check leaves no connection behind."""
    ended: list[bool] = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        task.cancel()
        try:
            await reader.read(100_000)
            ended.append(not await reader.read(1))
        except ConnectionError:
            ended.append(True)
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(
        shake_hands(
            IPv4Address("127.0.0.1"),
            port,
            route=DIRECT,
            server_name=HOST,
            deadline=loop.time() + 20,
        )
    )
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    async with asyncio.timeout(5):
        while not ended:  # noqa: ASYNC110 - the server counts
            await asyncio.sleep(0.01)
    server.close()
    assert ended == [True]
