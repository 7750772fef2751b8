"""Reading certificates: honest ones fully, odd ones as far as possible, hostile ones without harm."""

import base64
import json
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.demo.lab.pki import make_intermediate, make_leaf, make_root, make_self_signed, name
from bot.diagnosis import examine_chain
from bot.diagnosis.certificate import (
    MalformedCertificateError,
    is_self_signed,
    issued_by,
    read_certificate,
    read_pem_certificates,
)
from tests.diagnosis.der import der, tagged
from tests.diagnosis.servers import NOW, authority

HOST = "read.lab.test"
CA = authority()
LEAF = CA.leaf(HOST)


def pem_of(*ders: bytes) -> bytes:
    """PEM blocks of arbitrary bytes."""
    blocks = []
    for one in ders:
        text = base64.encodebytes(one).decode()
        blocks.append(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
    return "".join(blocks).encode()


def test_an_honest_certificate_is_read_fully() -> None:
    """Every field that the rules need is what was issued."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issued = CA.leaf(HOST, key=key, serial=0x1F, names=[HOST, "192.0.2.1", "2001:db8::1"])
    found = read_certificate(issued.der)
    assert found.der == issued.der
    assert found.subject == f"CN={HOST}"
    assert found.subject_name == HOST
    assert found.issuer == "C=JP, O=tlscheck Lab, CN=tlscheck Lab Issuing CA G2"
    assert found.issuer_name == "tlscheck Lab Issuing CA G2"
    assert found.serial == "1f"
    assert found.not_after - found.not_before == timedelta(days=90, seconds=-1)
    assert found.dns_names == (HOST,)
    assert found.ip_addresses == (ip_address("192.0.2.1"), ip_address("2001:db8::1"))
    assert found.issuer_urls == ("http://aia.lab.test/lab-issuing-ca-g2.cer",)
    assert found.authority_key_id == CA.issuing.key_id
    assert found.key_id == issued.key_id
    assert (found.key, found.signature) == ("RSA 2048", "sha256")
    assert found.server_purpose
    assert found.publicly_issued
    assert not found.is_ca
    assert not found.self_issued


def test_who_issued_whom() -> None:
    """Name and key decide: a namesake with another key issued nothing."""
    leaf, issuing = read_certificate(LEAF.der), read_certificate(CA.issuing.der)
    assert issued_by(leaf, issuing)
    assert not issued_by(issuing, leaf)
    assert not issued_by(leaf, read_certificate(CA.issuing_before.der))
    assert not issued_by(leaf, leaf)
    assert is_self_signed(read_certificate(CA.root.der))
    assert not is_self_signed(issuing)


def test_self_issued_is_not_self_signed() -> None:
    """A CA's new key, signed by its old one, has the same name on both sides."""
    old = make_root("Rolling Root", now=NOW)
    new = make_intermediate(old, "Rolling Root", now=NOW, subject=old.subject)
    found = read_certificate(new.der)
    assert found.self_issued
    assert not is_self_signed(found)


@pytest.mark.parametrize(
    ("purposes", "meant"),
    [
        ([], True),
        ([ExtendedKeyUsageOID.SERVER_AUTH], True),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], True),
        ([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH], True),
        ([ExtendedKeyUsageOID.CLIENT_AUTH], False),
        ([ExtendedKeyUsageOID.CODE_SIGNING], False),
    ],
)
def test_purposes(purposes: list[x509.ObjectIdentifier], meant: bool) -> None:
    """Without the extension a certificate is for everything; with it, for what it lists."""
    issued = CA.leaf(HOST, extended_key_usage=purposes)
    assert read_certificate(issued.der).server_purpose is meant


def test_a_thousand_names_all_count() -> None:
    """Shared hosting puts hundreds of names into one certificate: the last one is covered too."""
    names = [f"site{number}.example" for number in range(1000)]
    issued = CA.leaf(names[0], names=names)
    assert len(read_certificate(issued.der).dns_names) == 1000
    report = examine_chain(issued.pem + CA.issuing.pem, names[-1], roots=CA.root.pem, at=NOW)
    assert report.verdict == "ok"
    assert len(report.endpoints[0].chain[0].dns_names) <= 100


@pytest.mark.parametrize(
    ("key", "called"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "EC secp256r1"),
        (ec.generate_private_key(ec.SECP384R1()), "EC secp384r1"),
    ],
    ids=["P-256", "P-384"],
)
def test_keys_have_names(key: ec.EllipticCurvePrivateKey, called: str) -> None:
    """The key's kind and size are said as people know them."""
    assert read_certificate(CA.leaf(HOST, key=key).der).key == called


@pytest.mark.parametrize(
    ("subject", "called"),
    [
        (name("shop.example", organization="Shop"), "shop.example"),
        (name(None, organization="Shop Inc"), "Shop Inc"),
        (x509.Name([]), HOST),
        (
            x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Class 2 CA")]),
            "Class 2 CA",
        ),
    ],
    ids=["common name", "organisation", "nothing", "unit"],
)
def test_what_people_call_it(subject: x509.Name, called: str) -> None:
    """The common name, else what else there is."""
    assert read_certificate(CA.leaf(HOST, subject=subject).der).subject_name == called


def test_pem_blocks_of_other_kinds_are_passed_over() -> None:
    """Keys, parameters and text between the certificates do not matter; the order does."""
    text = (
        b"Bag Attributes\n  friendlyName: x\xff\n"
        + LEAF.key_pem
        + LEAF.pem
        + b"-----BEGIN DH PARAMETERS-----\nMAYCAQUCAQI=\n-----END DH PARAMETERS-----\n"
        + CA.issuing.pem.replace(b"\n", b"\r\n")
    )
    found = read_pem_certificates(text)
    assert [one.der for one in found] == [LEAF.der, CA.issuing.der]


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe", b"hello", LEAF.key_pem, LEAF.der, LEAF.pem[:-9]]
)
def test_no_pem_is_said_to_be_none(text: bytes) -> None:
    """A file without a certificate is refused with the parser's own words."""
    with pytest.raises(MalformedCertificateError, match=r".") as caught:
        read_pem_certificates(text)
    assert caught.value.reason == str(caught.value)


def odd(*, serial: int = 5, subject: bytes | None = None, names: bytes | None = None) -> bytes:
    """A certificate that no library would make: the DER is put together by hand, then signed."""
    algorithm = der(0x30, tagged(0x06, "1.2.840.10045.4.3.2"))
    common_name = der(0x30, tagged(0x06, "2.5.4.3") + der(0x0C, b"odd.lab.test"))
    plain = der(0x30, der(0x31, common_name))
    length = (serial.bit_length() // 8) + 1
    dates = der(0x30, der(0x17, b"260101000000Z") + der(0x17, b"270101000000Z"))
    key = ec.generate_private_key(ec.SECP256R1())
    body = (
        der(0xA0, der(0x02, b"\x02"))
        + der(0x02, serial.to_bytes(length, "big", signed=True))
        + algorithm
        + (subject or plain)
        + dates
        + (subject or plain)
        + key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    if names is not None:
        extension = der(0x30, tagged(0x06, "2.5.29.17") + der(0x04, names))
        body += der(0xA3, der(0x30, extension))
    to_sign = der(0x30, body)
    signature = key.sign(to_sign, ec.ECDSA(hashes.SHA256()))
    return der(0x30, to_sign + algorithm + der(0x03, b"\0" + signature))


def _named(tag: int, value: bytes) -> bytes:
    return der(0x30, der(0x31, der(0x30, tagged(0x06, "2.5.4.3") + der(tag, value))))


ODD = {
    "serial of zero": odd(serial=0),
    "negative serial": odd(serial=-17),
    "serial of 40 bytes": odd(serial=2**319),
    "subject without UTF-8": odd(subject=_named(0x0C, b"caf\xe9")),
    "Latin-1 in a TeletexString": odd(subject=_named(0x14, b"caf\xe9")),
    "lone surrogate in a BMPString": odd(subject=_named(0x1E, b"\xd8\x00")),
    "surrogate in UTF-8": odd(subject=_named(0x0C, b"\xed\xa0\x80")),
    "half a character in a BMPString": odd(subject=_named(0x1E, b"\x30")),
    "beyond Unicode in a UniversalString": odd(subject=_named(0x1C, b"\x7f\xff\xff\xff")),
    "NUL in a name": odd(subject=_named(0x0C, b"bank.example\x00.evil.example")),
    "empty name": odd(subject=_named(0x0C, b"")),
    "no name": odd(subject=der(0x30, b"")),
    "bits as a name": odd(subject=_named(0x03, b"\x00\xff")),
    "alternative name that is no ASCII": odd(names=der(0x30, der(0x82, b"caf\xe9.example"))),
    "alternative name with NUL": odd(names=der(0x30, der(0x82, b"a\x00b.example"))),
    "address of five bytes": odd(names=der(0x30, der(0x87, b"\1\2\3\4\5"))),
    "no alternative names": odd(names=der(0x30, b"")),
    "garbage for alternative names": odd(names=b"\xff\xff"),
}


@pytest.mark.parametrize("odd_one", ODD.values(), ids=ODD.keys())
def test_odd_certificates_end_in_a_report_or_are_refused(odd_one: bytes) -> None:
    """What can be read is judged, and its Report is JSON; the rest is called malformed."""
    try:
        read_certificate(odd_one)
    except MalformedCertificateError:
        return
    report = examine_chain(pem_of(odd_one), HOST, roots=CA.root.pem, at=NOW)
    assert report.verdict == "broken"
    assert json.loads(report.to_json())["verdict"] == "broken"


@pytest.mark.parametrize("kind", ["serial of zero", "negative serial"])
def test_odd_serials_are_read(kind: str) -> None:
    """Old roots have them, and OpenSSL takes them."""
    assert read_certificate(ODD[kind]).serial == {"serial of zero": "0"}.get(kind, "-11")


def test_a_version_that_does_not_exist_is_malformed() -> None:
    """Version 2 of the three that exist was never used, and cryptography has an error of its own for it."""
    damaged = LEAF.der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020101"), 1)
    with pytest.raises(MalformedCertificateError, match="not a valid X509 version"):
        read_certificate(damaged)
    with pytest.raises(MalformedCertificateError, match="not a valid X509 version"):
        read_pem_certificates(pem_of(damaged))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_certificates_never_raise_anything_else(data: st.DataObject) -> None:
    """A real certificate with some bytes changed is read, or refused as malformed."""
    original = data.draw(st.sampled_from([LEAF.der, CA.issuing.der, CA.root.der]))
    damaged = bytearray(original)
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=4)):
        damaged[at] = data.draw(st.integers(0, 255))
    try:
        found = read_certificate(bytes(damaged))
    except MalformedCertificateError:
        return
    assert is_self_signed(found) in (True, False)
    report = examine_chain(
        pem_of(found.der, CA.issuing.der), HOST, roots=CA.root.pem, at=NOW + timedelta(hours=1)
    )
    assert json.loads(report.to_json())["schema"] == 1


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_malformed(noise: bytes) -> None:
    """Noise is no certificate."""
    with pytest.raises(MalformedCertificateError, match=r"."):
        read_certificate(noise)


def test_equal_certificates_are_equal() -> None:
    """Certificates compare by their bytes, however often they were read."""
    other = make_leaf(CA.issuing, HOST, now=NOW)
    assert read_certificate(LEAF.der) == read_certificate(bytes(LEAF.der))
    assert read_certificate(LEAF.der) != read_certificate(other.der)
    assert read_certificate(LEAF.der) != LEAF.der
    assert read_certificate(LEAF.der).pem.encode() == LEAF.pem
    assert make_self_signed(HOST, now=NOW).certificate.issuer == name(HOST)
