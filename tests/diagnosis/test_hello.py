"""The ClientHello by hand: what it offers, and reading whatever comes back."""

import asyncio
import contextlib
import functools
from ipaddress import IPv4Address
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from OpenSSL import SSL

from bot.demo.lab import SCENARIOS, open_lab, wire
from bot.demo.lab.authority import Authority
from bot.diagnosis.hello import OLD_SUITES, HelloAnswer, client_hello, read_answer, say_hello
from bot.diagnosis.proxy import DIRECT
from bot.diagnosis.surroundings import utc_now

EVERYTHING = b"ALL:@SECLEVEL=0"


@functools.cache
def authority() -> Authority:
    """One hierarchy for all tests of this file."""
    return Authority(utc_now().replace(microsecond=0))


def openssl_server(version: int, *, many: int = 0) -> SSL.Connection:
    """A real OpenSSL server over memory, with an RSA certificate and its issuer."""
    ca = authority()
    leaf = ca.leaf("hello.lab.test", key=ca.rsa_key)
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.set_cipher_list(EVERYTHING)
    context.use_certificate(leaf.certificate)
    context.use_privatekey(leaf.key)
    for _ in range(1 + many):
        context.add_extra_chain_cert(ca.issuing.certificate)
    server = SSL.Connection(context, None)
    server.set_accept_state()
    return server


def flight_of(server: SSL.Connection, hello: bytes) -> bytes:
    """What the server says to a ClientHello, an alert included."""
    server.bio_write(hello)
    with contextlib.suppress(SSL.Error):
        server.do_handshake()
    pieces = []
    while True:
        try:
            pieces.append(server.bio_read(65536))
        except SSL.WantReadError:
            return b"".join(pieces)


@functools.cache
def real_flight() -> bytes:
    """A TLS 1.2 server's first flight."""
    return flight_of(openssl_server(SSL.TLS1_2_VERSION), client_hello("hello.lab.test", 0x0303))


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (SSL.TLS1_VERSION, "TLSv1"),
        (SSL.TLS1_1_VERSION, "TLSv1.1"),
        (SSL.TLS1_2_VERSION, "TLSv1.2"),
    ],
)
def test_real_servers_answer_it(version: int, name: str) -> None:
    """OpenSSL takes the hello for one, and its version, suite and chain are read back."""
    server = openssl_server(version)
    answer = read_answer(flight_of(server, client_hello("hello.lab.test", 0x0303)))
    assert answer.version == name
    assert answer.cipher
    assert answer.alert is None
    assert answer.chain[1] == authority().issuing.der
    assert len(answer.chain) == 2
    assert server.get_servername() == b"hello.lab.test"


def test_a_long_chain_over_many_records_is_read() -> None:
    """A Certificate message that fills several records is put together."""
    server = openssl_server(SSL.TLS1_2_VERSION, many=30)
    received = flight_of(server, client_hello(None, 0x0303))
    assert len(received) > 16384
    assert len(read_answer(received).chain) == 32
    assert server.get_servername() is None


def test_a_refusal_is_read() -> None:
    """A server of TLS 1.3 alone answers with alert 70 (protocol_version)."""
    received = flight_of(openssl_server(SSL.TLS1_3_VERSION), client_hello("x.test", 0x0303))
    assert read_answer(received) == HelloAnswer(alert=70)


def test_ssl3_has_no_extensions() -> None:
    """The hello of SSL 3 names the version, and carries nothing that SSL 3 does not know."""
    hello = client_hello("hello.lab.test", 0x0300)
    assert hello[1:3] == b"\x03\x00"
    assert hello[9:11] == b"\x03\x00"
    assert b"hello.lab.test" not in hello


def test_every_old_suite_is_offered() -> None:
    """The lab, which reads hellos by itself, finds all of them in it."""
    seen = wire.read_client_hello(client_hello("hello.lab.test", 0x0303))
    assert seen is not None
    assert set(OLD_SUITES) <= set(seen.cipher_suites)


@given(st.binary(max_size=400))
@example(b"\x16\x03\x03\x00\x08\x02\x00\x00\x04\x03\x03\x00\x00")
@example(b"\x15\x03\x03\x00\x01\x02")
def test_arbitrary_bytes_never_raise(received: bytes) -> None:
    """Whatever answers on the port, reading it ends in an answer."""
    assert isinstance(read_answer(received), HelloAnswer)


@given(st.binary(max_size=120), st.integers(0, 255))
def test_arbitrary_messages_never_raise(body: bytes, kind: int) -> None:
    """Well-framed records with nonsense inside are passed over."""
    message = bytes((kind,)) + len(body).to_bytes(3, "big") + body
    record = b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message
    assert isinstance(read_answer(record), HelloAnswer)


@given(st.data())
def test_damaged_flights_never_raise(data: st.DataObject) -> None:
    """A real server's flight with some bytes changed, or cut anywhere, is read without an error."""
    flight = bytearray(real_flight())
    for at in data.draw(st.lists(st.integers(0, len(flight) - 1), max_size=6)):
        flight[at] = data.draw(st.integers(0, 255))
    received = bytes(flight[: data.draw(st.integers(0, len(flight)))])
    assert isinstance(read_answer(received), HelloAnswer)


async def _say(name: str, *, version: int = 0x0303) -> HelloAnswer:
    scenarios = [one for one in SCENARIOS if one.name == name]
    async with open_lab(scenarios=scenarios) as lab:
        ip, port = lab.address_of(name)
        deadline = asyncio.get_running_loop().time() + 1.5
        return await say_hello(
            IPv4Address(ip),
            port,
            route=DIRECT,
            server_name=f"{name}.lab.test",
            deadline=deadline,
            version=version,
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rc4-only", ("TLSv1.2", "RC4-SHA", None)),
        ("tls10-only", ("TLSv1", None, None)),
        ("sslv3-only", (None, None, 70)),
        ("connection-refused", (None, None, None)),
        ("connection-reset", (None, None, None)),
        ("closes-after-hello", (None, None, None)),
        ("plaintext-http", (None, None, None)),
        ("timeout-silent", (None, None, None)),
        ("one-byte-a-second", (None, None, None)),
    ],
)
async def test_over_a_socket(
    name: str, expected: tuple[str | None, str | None, int | None]
) -> None:
    """Said to real servers it brings what they want, and nothing from those that are none."""
    answer = await _say(name)
    version, cipher, alert = expected
    assert (answer.version, answer.alert) == (version, alert)
    if cipher is not None or version is None:
        assert answer.cipher == cipher


async def test_many_certificates_are_bounded() -> None:
    """Only so many certificates are kept, however many are sent."""
    flight = wire.server_flight(0x0005, [b"\x30\x00"] * 500)
    assert len(read_answer(flight).chain) <= 32
    assert cast("str", read_answer(flight).cipher) == "RC4-SHA"
