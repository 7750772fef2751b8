"""A server's Diffie-Hellman modulus is looked at before anything is computed with it."""

import asyncio
import base64
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.lab.pki import make_leaf, make_root
from bot.diagnosis.handshake import shake_hands
from bot.diagnosis.modulus import ModulusWatch, modulus_bits
from bot.diagnosis.proxy import DIRECT
from tests.diagnosis.servers import NOW

ROOT = make_root("Modulus Root", now=NOW)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
LEAF = make_leaf(ROOT, "dh.test", now=NOW, key=KEY)


def record(*messages: bytes, kind: int = 22) -> bytes:
    """A TLS 1.2 record with these messages."""
    payload = b"".join(messages)
    return bytes((kind, 3, 3)) + len(payload).to_bytes(2) + payload


def message(kind: int, body: bytes) -> bytes:
    """One handshake message."""
    return bytes((kind,)) + len(body).to_bytes(3) + body


def finite_field(bits: int) -> bytes:
    """The body of a ServerKeyExchange of DHE_RSA."""
    size = bits // 8
    numbers = ((1 << (bits - 1)) | 1).to_bytes(size), b"\x02", b"\x7f" * size
    return (
        b"".join(len(one).to_bytes(2) + one for one in numbers) + b"\x04\x01\x01\x00" + bytes(256)
    )


def elliptic(signature: int) -> bytes:
    """The body of a ServerKeyExchange of ECDHE_RSA with x25519."""
    return (
        b"\x03\x00\x1d\x20" + b"\x55" * 32 + b"\x08\x04" + signature.to_bytes(2) + bytes(signature)
    )


HELLO, CERTIFICATE, DONE = message(2, bytes(70)), message(11, bytes(900)), message(14, b"")


@pytest.mark.parametrize("bits", [1024, 2048, 4096, 6144, 8192, 9992])
def test_the_modulus_is_measured(bits: int) -> None:
    """dh_p's bits are what counts."""
    assert modulus_bits(finite_field(bits)) == bits


@pytest.mark.parametrize("signature", [64, 256, 512, 1024, 2048])
def test_an_elliptic_one_is_not_taken_for_it(signature: int) -> None:
    """Its first bytes, 03 00, would be a length of 6144 bits."""
    assert modulus_bits(elliptic(signature)) == 0


@given(st.binary(max_size=64))
def test_any_bytes_are_measured(body: bytes) -> None:
    """What a server sends never raises."""
    assert modulus_bits(body) >= 0
    ModulusWatch().safe_bytes(body)


@given(st.integers(1, 2000), st.booleans())
def test_openssl_sees_what_comes_before_and_nothing_of_it(step: int, warned: bool) -> None:
    """However the flight is cut: hello and certificate pass, the whole key exchange never does."""
    before = (record(b"\x01\x70", kind=21) if warned else b"") + record(HELLO) + record(CERTIFICATE)
    exchange = message(12, finite_field(8192))
    flight = before + record(exchange[:500]) + record(exchange[500:]) + record(DONE)
    watch, fed = ModulusWatch(), b""
    for at in range(0, len(flight), step):
        part = flight[at : at + step]
        safe = watch.safe_bytes(part)
        fed += part[:safe]
        if safe is not None:
            break
    assert fed.startswith(before)
    assert len(fed) < len(before) + len(exchange) + 10


@given(st.integers(1, 3000))
def test_everything_of_an_honest_flight_passes(step: int) -> None:
    """Usual groups, curves and TLS 1.3 are not touched."""
    encrypted = record(HELLO) + record(b"\x01", kind=20) + record(bytes(3000), kind=23)
    for body in (finite_field(2048), finite_field(4096), elliptic(512)):
        flight = record(HELLO, CERTIFICATE, message(12, body), DONE)
        for sent in (flight, encrypted):
            watch = ModulusWatch()
            for at in range(0, len(sent), step):
                assert watch.safe_bytes(sent[at : at + step]) is None


async def test_a_huge_modulus_costs_nothing_and_hides_no_chain(tmp_path: Path) -> None:
    """A real server with a modulus of 9992 bits, a second of work, is known by its chain at once."""
    size = 9992 // 8
    number = b"\x02\x82" + (size + 1).to_bytes(2) + b"\x00\xff" + b"\xab" * (size - 1)
    body = number + b"\x02\x01\x02"
    der = b"\x30\x82" + len(body).to_bytes(2) + body
    dh, pem = tmp_path / "dh.pem", tmp_path / "server.pem"
    dh.write_bytes(
        b"-----BEGIN DH PARAMETERS-----\n"
        + base64.encodebytes(der)
        + b"-----END DH PARAMETERS-----\n"
    )
    pem.write_bytes(LEAF.key_pem + LEAF.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE:@SECLEVEL=0")
    context.load_dh_params(str(dh))
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0, ssl=context)
    try:
        port = server.sockets[0].getsockname()[1]
        seen = await shake_hands(
            ip_address("127.0.0.1"),
            port,
            route=DIRECT,
            server_name="dh.test",
            deadline=asyncio.get_running_loop().time() + 10,
        )
    finally:
        server.close()
    assert seen.fault is not None
    assert seen.fault.reason == "modulus too large"
    assert seen.chain == (LEAF.der,)
