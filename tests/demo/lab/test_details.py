"""What two clients cannot show: bytes, versions and pages that only a closer look tells apart."""

import asyncio
import socket
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from bot.demo.lab import SCENARIOS, Lab, Scenario, open_lab
from bot.demo.lab.authority import Authority
from bot.demo.lab.pki import make_leaf
from bot.demo.lab.tls import TlsServer
from bot.demo.lab.wire import read_client_hello
from tests.demo.lab.clients import BOUND, needs_openssl, openssl_sees, python_sees

BY_NAME = {one.name: one for one in SCENARIOS}


def _client_hello(*suites: int) -> bytes:
    """A ClientHello of TLS 1.2 with these cipher suites and no extensions."""
    offered = b"".join(one.to_bytes(2, "big") for one in suites)
    body = (
        b"\x03\x03" + bytes(32) + b"\x00" + len(offered).to_bytes(2, "big") + offered + b"\x01\x00"
    )
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


async def _exchange(lab: Lab, name: str, said: bytes, *, limit: int = -1) -> bytes:
    async with asyncio.timeout(BOUND):
        reader, writer = await asyncio.open_connection(*lab.address_of(name))
        writer.write(said)
        try:
            return await reader.read(limit)
        finally:
            writer.transport.abort()


async def test_rc4_only_shows_its_chain_to_those_who_offer_rc4() -> None:
    """A client of 2011 gets a ServerHello with RC4 and the real certificates."""
    async with open_lab(scenarios=[BY_NAME["rc4-only"]]) as lab:
        old = await _exchange(lab, "rc4-only", _client_hello(0x0035, 0x0005))
        new = await _exchange(lab, "rc4-only", _client_hello(0x1301, 0xC02B))
    assert old[9:11] == b"\x03\x03"
    assert old[44:46] == b"\x00\x05"
    assert lab.authority.issuing.der in old
    assert new == b"\x15\x03\x03\x00\x02\x02\x28"


async def test_sslv3_only_answers_in_ssl_3() -> None:
    """The alert protocol_version comes in a record of version 3.0."""
    async with open_lab(scenarios=[BY_NAME["sslv3-only"]]) as lab:
        said = await _exchange(lab, "sslv3-only", _client_hello(0x1301))
    assert said == b"\x15\x03\x00\x00\x02\x02\x46"


@pytest.mark.parametrize(
    ("name", "banner"),
    [
        ("plaintext-smtp", b"220 mail.example.com ESMTP Postfix\r\n"),
        ("plaintext-ssh", b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n"),
    ],
)
async def test_a_banner_comes_before_anything_is_said(name: str, banner: bytes) -> None:
    """Protocols in which the server greets first do so here too."""
    async with open_lab(scenarios=[BY_NAME[name]]) as lab:
        assert await _exchange(lab, name, b"", limit=200) == banner


@pytest.mark.parametrize(
    ("said", "expected"),
    [(b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200"), (_client_hello(1), b"HTTP/1.1 400")],
)
async def test_plaintext_http_is_a_web_server(said: bytes, expected: bytes) -> None:
    """It serves HTTP, and answers a ClientHello with a 400 page."""
    async with open_lab(scenarios=[BY_NAME["plaintext-http"]]) as lab:
        assert (await _exchange(lab, "plaintext-http", said)).startswith(expected)


async def test_timeout_silent_says_nothing() -> None:
    """The connection is accepted and no byte comes back."""
    async with open_lab(scenarios=[BY_NAME["timeout-silent"]]) as lab:
        address = lab.address_of("timeout-silent")
        assert await python_sees(address, "x", lab.roots_pem, patience=0.3) == "TimeoutError"


def _real_client_hello() -> bytes:
    outgoing = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="x")
    with pytest.raises(ssl.SSLWantReadError, match="did not complete"):
        tls.do_handshake()
    return outgoing.read()


async def test_one_byte_a_second() -> None:
    """The second byte of the handshake comes a second after the first."""
    async with open_lab(scenarios=[BY_NAME["one-byte-a-second"]]) as lab, asyncio.timeout(BOUND):
        reader, writer = await asyncio.open_connection(*lab.address_of("one-byte-a-second"))
        begun = time.monotonic()  # before the first byte can come: a busy machine only adds to it
        writer.write(_real_client_hello())
        assert await reader.read(100) == b"\x16"
        assert await reader.read(100) == b"\x03"
        assert time.monotonic() - begun > 0.9
        writer.transport.abort()


async def test_byte_by_byte_is_a_valid_handshake() -> None:
    """Whoever waits long enough gets through."""
    slow = BY_NAME["one-byte-a-second"]

    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        return (TlsServer((ca.leaf(host), ca.issuing), pace=0.0),)

    async with open_lab(scenarios=[replace(slow, build=build)]) as lab:
        seen = await python_sees(lab.address_of(slow.host), slow.host, lab.roots_pem)
    assert seen == "HTTP/1.1 200 OK"


@pytest.mark.parametrize(("name", "version"), [("tls10-only", "TLSv1"), ("tls11-only", "TLSv1.1")])
async def test_old_versions_are_really_spoken(name: str, version: str) -> None:
    """A client that still accepts the old version completes the handshake and gets the page."""

    def visit(address: tuple[str, int]) -> tuple[str, bytes]:
        old = SSL.Context(SSL.TLS_CLIENT_METHOD)
        old.set_min_proto_version(SSL.TLS1_VERSION)
        old.set_cipher_list(b"ALL:@SECLEVEL=0")
        return _visit(old, address)

    async with open_lab(scenarios=[BY_NAME[name]]) as lab:
        assert await asyncio.to_thread(visit, lab.address_of(name)) == (version, b"HTTP/1.1 200")


def _visit(context: SSL.Context, address: tuple[str, int]) -> tuple[str, bytes]:
    with socket.create_connection(address, timeout=BOUND) as raw:
        raw.setblocking(True)
        tls = SSL.Connection(context, raw)
        tls.set_connect_state()
        tls.do_handshake()
        tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
        return tls.get_protocol_version_name(), tls.recv(12)


@pytest.mark.parametrize(
    "name",
    [
        "client-certificate-required-tls13",
        "client-certificate-required-tls12",
        "client-certificate-nginx-style",
        "client-certificate-optional",
    ],
)
async def test_a_client_certificate_opens_the_door(name: str, tmp_path: Path) -> None:
    """With a certificate the page is served: it was the certificate that was missing."""
    async with open_lab(scenarios=[BY_NAME[name]]) as lab:
        ca = lab.authority
        client = make_leaf(ca.private_issuing, "client.example", now=ca.now)
        file = tmp_path / "client.pem"
        file.write_bytes(client.pem + client.key_pem)
        seen = await python_sees(
            lab.address_of(name), f"{name}.lab.test", lab.roots_pem, certificate=str(file)
        )
    assert seen == "HTTP/1.1 200 OK"


@needs_openssl
async def test_required_client_certificate_names_its_ca() -> None:
    """The request says whose certificates are accepted."""
    name = "client-certificate-required-tls12"
    async with open_lab(scenarios=[BY_NAME[name]]) as lab:
        output = await openssl_sees(lab.address_of(name), f"{name}.lab.test", lab.roots_pem)
    assert "CN = Example Corp Internal Root" in output.replace("CN=", "CN = ")


def _leaf_of(scenario: Scenario, lab: Lab) -> x509.Certificate:
    server = scenario.build(lab.authority, scenario.host)[0]
    assert isinstance(server, TlsServer)
    return server.chain[0].certificate


async def test_cn_injection_carries_what_it_says() -> None:
    """The hostile text is in the subject, unescaped."""
    scenario = BY_NAME["cn-injection"]
    async with open_lab(scenarios=[]) as lab:
        leaf = _leaf_of(scenario, lab)
    value = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    assert isinstance(value, str)
    for part in ("<!channel>", "*bold*", "\u202e", "\n"):
        assert part in value


async def test_huge_chain_is_huge() -> None:
    """It sends at least 2 MB of certificates."""
    async with open_lab(scenarios=[]) as lab:
        server = BY_NAME["huge-chain"].build(lab.authority, "huge-chain.lab.test")[0]
    assert isinstance(server, TlsServer)
    assert sum(len(one.der) for one in server.chain) > 2_000_000


async def test_wrong_intermediate_has_the_name_and_another_key() -> None:
    """The sent intermediate is called as the issuer is, and its key identifier does not match."""
    async with open_lab(scenarios=[]) as lab:
        server = BY_NAME["wrong-intermediate"].build(lab.authority, "x.lab.test")[0]
    assert isinstance(server, TlsServer)
    leaf, sent = server.chain
    assert leaf.certificate.issuer == sent.subject
    above = leaf.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert above.value.key_identifier != sent.key_id


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"\x16\x03\x01" + tail))
def test_any_bytes_are_a_client_hello_or_not(received: bytes) -> None:
    """Reading a ClientHello never fails."""
    read_client_hello(received)


def test_a_client_hello_may_come_in_pieces() -> None:
    """Bytes missing, or split over two records: the suites are found all the same."""
    whole = _client_hello(0x1301, 0xC02B)
    assert all(read_client_hello(whole[:end]) is None for end in range(len(whole)))
    message = whole[5:]
    split = b"".join(
        b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part
        for part in (message[:10], message[10:])
    )
    for received in (whole, split):
        hello = read_client_hello(received)
        assert hello is not None
        assert hello.cipher_suites == (0x1301, 0xC02B)
