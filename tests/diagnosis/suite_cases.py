"""Chains as a public suite of path validators shapes them: bare extensions, valid for a thousand years.

The kinds that `webpki_cases` lacks: name constraints that meet one another or are malformed, key
identifiers marked critical, common names written otherwise, ML-DSA keys, several ways through a
graph. `both` stands for what one profile demands and another forbids: only "warning" is right.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.diagnosis.servers import NOW

HOST = "example.com"
BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(2969, 5, 3, tzinfo=UTC)
Expected = Literal["accept", "refuse", "both"]
Key = (
    ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | dsa.DSAPrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)
Extension = tuple[x509.ExtensionType, bool]
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate (DER) and the key it is for."""

    der: bytes
    subject: x509.Name
    key: Key


@dataclass(frozen=True, slots=True)
class Case:
    """The server's certificate first, then what else was sent, in any order."""

    sent: tuple[Made, ...]
    roots: tuple[Made, ...]
    expected: Expected
    host: str = HOST
    at: datetime = NOW


def cn(*names: str) -> x509.Name:
    """A subject of these common names."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one) for one in names])


def usage(*bits: str) -> x509.KeyUsage:
    """A key usage with these bits and no others."""
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{one: one in bits for one in every.split()})


def names(*values: str) -> x509.SubjectAlternativeName:
    """Alternative names: DNS names and IP addresses."""
    return x509.SubjectAlternativeName([_general(one) for one in values])


def _general(value: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(value))
    except ValueError:
        # As they are: some are wrong on purpose.
        return x509.DNSName._init_without_validation(value)


def _sign(
    subject: x509.Name,
    key: Key,
    issuer: x509.Name,
    signer: Key,
    extensions: Sequence[Extension],
    **dates: datetime,
) -> Made:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dates.get("begin", BEGIN))
        .not_valid_after(dates.get("end", END))
    )
    # The builder refuses the same extension twice; here it is what is wanted.
    builder._extensions = [x509.Extension(one.oid, critical, one) for one, critical in extensions]
    algorithm = (
        None
        if isinstance(
            signer, mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
        )
        else hashes.SHA256()
    )
    return Made(builder.sign(signer, algorithm).public_bytes(Encoding.DER), subject, key)


def _ski(key: Key) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _aki(key: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _replaced(extensions: Sequence[Extension], more: Sequence[Extension]) -> list[Extension]:
    """The usual extensions, those of the same kind replaced."""
    own = {one.oid for one, _ in more}
    return [*(one for one in extensions if one[0].oid not in own), *more]


def root(
    *more: Extension,
    subject: x509.Name | None = None,
    key: Key | None = None,
    without: Sequence[type[x509.ExtensionType]] = (),
    **dates: datetime,
) -> Made:
    """A self-signed CA whose subject all roots share unless one is given."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = subject if subject is not None else cn("suite-root")
    usual: list[Extension] = [
        (x509.BasicConstraints(True, None), True),
        (usage("key_cert_sign"), False),
        (names(HOST), False),
        (_ski(key), False),
    ]
    kept = [one for one in _replaced(usual, more) if not isinstance(one[0], tuple(without))]
    return _sign(subject, key, subject, key, kept, **dates)


def ica(
    above: Made,
    *more: Extension,
    subject: x509.Name | None = None,
    key: Key | None = None,
    san: str | None = HOST,
    length: int | None = None,
    **dates: datetime,
) -> Made:
    """A CA below another; as such suites make them, with an alternative name."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    usual: list[Extension] = [
        (x509.BasicConstraints(True, length), True),
        (usage("key_cert_sign"), False),
        *([(names(san), False)] if san else []),
        (_aki(above.key), False),
        (_ski(key), False),
    ]
    subject = subject or cn(f"suite-ca-{_ski(key).digest.hex()[:12]}")
    return _sign(subject, key, above.subject, above.key, _replaced(usual, more), **dates)


def ee(
    above: Made,
    *more: Extension,
    san: str | Sequence[str] | None = HOST,
    subject: x509.Name | None = None,
    key: Key | None = None,
    without: Sequence[type[x509.ExtensionType]] = (),
    **dates: datetime,
) -> Made:
    """A server's certificate without basic constraints."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    listed = [san] if isinstance(san, str) else list(san or ())
    usual: list[Extension] = [
        (_ski(key), False),
        (_aki(above.key), False),
        (usage("digital_signature"), False),
        (x509.ExtendedKeyUsage([SERVER]), False),
        *([(names(*listed), False)] if listed else []),
    ]
    kept = [one for one in _replaced(usual, more) if not isinstance(one[0], tuple(without))]
    subject = subject if subject is not None else cn(listed[0] if listed else HOST)
    return _sign(subject, key, above.subject, above.key, kept, **dates)


def constraints(
    permitted: Sequence[x509.GeneralName] | None = None,
    excluded: Sequence[x509.GeneralName] | None = None,
) -> x509.NameConstraints:
    """Name constraints, malformed ones too."""
    made = x509.NameConstraints([x509.DNSName("placeholder.test")], None)
    made._permitted_subtrees = None if permitted is None else list(permitted)
    made._excluded_subtrees = None if excluded is None else list(excluded)
    return made


def dns(*values: str) -> list[x509.GeneralName]:
    """Subtrees of DNS names, as they are."""
    return [x509.DNSName._init_without_validation(one) for one in values]


def _rooted(expected: Expected, *more: Extension, san: str = HOST, **leaf: object) -> Case:
    top = root(*more)
    return Case((ee(top, san=san, **leaf),), (top,), expected, san)  # type: ignore[arg-type] # passed on as they are


def _leaf(expected: Expected, *more: Extension, host: str = HOST, **leaf: object) -> Case:
    top = root()
    return Case((ee(top, *more, **leaf),), (top,), expected, host)  # type: ignore[arg-type] # as above


def _below(
    expected: Expected, tree: x509.NameConstraints, san: str | Sequence[str], host: str
) -> Case:
    top = root()
    middle = ica(top, (tree, True), san=None)
    return Case((ee(middle, san=san), middle), (top,), expected, host)


def _by_name(
    expected: Expected, tree: x509.NameConstraints, subject: str, alternative: str
) -> Case:
    """Directory names: the subject's, and one among the alternative names."""
    top = root((tree, True))
    listed = x509.SubjectAlternativeName([x509.DirectoryName(cn(alternative)), x509.DNSName(HOST)])
    return Case((ee(top, (listed, False), subject=cn(subject)),), (top,), expected)


def _directory(value: str) -> list[x509.GeneralName]:
    return [x509.DirectoryName(cn(value))]


_OTHER = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.55555.9"), b"\x05\x00")


def _other_names(expected: Expected, *, in_leaf: bool) -> Case:
    top = root()
    middle = ica(top, (constraints(dns(HOST), [_OTHER]), True), san=None)
    listed = [x509.DNSName(HOST), *([_OTHER] if in_leaf else [])]
    return Case(
        (ee(middle, (x509.SubjectAlternativeName(listed), False)), middle), (top,), expected
    )


def _nested(upper: Sequence[str], lower: Sequence[str]) -> Case:
    """Two CAs, each with names that it permits; the leaf has foo."""
    top = root()
    one = ica(top, (constraints(dns(*upper)), True), san=None)
    two = ica(one, (constraints(dns(*lower)), True), san=None)
    return Case((ee(two, san="foo.example.com"), one, two), (top,), "refuse", "foo.example.com")


def _ca_named(*, at_root: bool) -> Case:
    tree: Extension = (constraints(dns("yes.example.com"), dns("no.example.com")), True)
    top = root(tree) if at_root else root()
    one = ica(top, san=None) if at_root else ica(top, tree, san=None)
    two = ica(one, san="no.example.com")
    return Case((ee(two, san="yes.example.com"), one, two), (top,), "refuse", "yes.example.com")


def _self_issued_ca() -> Case:
    same = cn("not-example.com")
    top = root((constraints(dns(HOST)), True), (names("not-example.com"), False), subject=same)
    middle = ica(top, subject=same, san="not-example.com")
    return Case((ee(middle), middle), (top,), "accept")


def _self_issued_leaf() -> Case:
    top = root((constraints(dns(HOST)), True))
    middle = ica(top, subject=cn("not-example.com"), san="not-example.com")
    leaf = ee(middle, san="not-example.com", subject=cn("not-example.com"))
    return Case((leaf, middle), (top,), "refuse", "not-example.com")


def _another_way(*, other_root_trusted: bool) -> Case:
    """One issuing CA, two certificates: a constraint far above forbids the first one's name."""
    good, other = root(), root()
    constrained = ica(
        other if other_root_trusted else good,
        (constraints(None, dns("no.example.com")), True),
        san=None,
    )
    key = ec.generate_private_key(ec.SECP256R1())
    subject = cn("suite-issuing")
    if other_root_trusted:
        first = ica(constrained, subject=subject, key=key, san="no.example.com")
        second = ica(good, subject=subject, key=key, san="ca.example.com")
        roots: tuple[Made, ...] = (other, good)
    else:
        first = ica(other, subject=subject, key=key, san="no.example.com")
        second = ica(constrained, subject=subject, key=key, san=None)
        roots = (good,)
    return Case((ee(first), constrained, first, second), roots, "accept")


def _cycle() -> Case:
    """Two certificates of one name, of two keys, that signed each other."""
    one = root(subject=cn("suite-cycle"))
    two = root(subject=cn("suite-cycle"))
    back = ica(two, subject=one.subject, key=one.key)
    forth = ica(one, subject=two.subject, key=two.key)
    return Case((ee(one), back, forth), (root(),), "refuse")


def _ca_at_the_end() -> Case:
    top = root()
    one = ica(top, length=0)
    return Case((ica(one, length=0), one), (top,), "accept")


def _pqc(expected: Expected, kind: Callable[[], Key], *bits: str) -> Case:
    top = root(key=kind())
    more = [(usage("digital_signature", *bits), False)] if bits else []
    return Case((ee(top, *more, key=kind()),), (top,), expected)


def _forged_pqc() -> Case:
    top = root(key=mldsa.MLDSA44PrivateKey.generate())
    forger = root(key=mldsa.MLDSA44PrivateKey.generate())
    leaf = ee(forger, (_aki(top.key), False), key=mldsa.MLDSA44PrivateKey.generate())
    return Case((leaf,), (top,), "refuse")


def _broken_issuer_key() -> Case:
    """The issuing CA's RSA key is an empty string of bits."""
    top = root()
    middle = ica(top, key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    leaf = ee(middle)
    certificate = x509.load_der_x509_certificate(middle.der)
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    empty = bytes.fromhex("3012300d06092a864886f70d0101010500030100")
    der = _respliced(middle.der, spki, empty)
    return Case((leaf, Made(der, middle.subject, middle.key)), (top,), "refuse")


def _respliced(der: bytes, old: bytes, new: bytes) -> bytes:
    """A certificate with one element replaced, and the lengths around it mended."""
    at = der.index(old)
    inner = der[4:]
    length = int.from_bytes(inner[2:4])
    tbs, rest = inner[4 : 4 + length], inner[4 + length :]
    place = at - 8
    tbs = tbs[:place] + new + tbs[place + len(old) :]
    body = b"\x30\x82" + len(tbs).to_bytes(2) + tbs + rest
    return b"\x30\x82" + len(body).to_bytes(2) + body


def _algorithms_differ() -> Case:
    """Outside it says SHA-384, inside SHA-256."""
    top = root()
    sha256, sha384 = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040303")
    head, _, tail = top.der.rpartition(sha256)
    changed = Made(head + sha384 + tail, top.subject, top.key)
    return Case((ee(top),), (changed,), "refuse")


def _version_1() -> Case:
    top = root()
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = _sign(cn(HOST), key, top.subject, top.key, [])
    # Version 3 is written out; without extensions and the tag it is version 1.
    der = _respliced_version(leaf.der, top)
    return Case((Made(der, leaf.subject, key),), (top,), "refuse")


def _respliced_version(der: bytes, issuer: Made) -> bytes:
    tbs = x509.load_der_x509_certificate(der).tbs_certificate_bytes
    start = tbs.index(b"\xa0\x03\x02\x01\x02")
    inner = tbs[start + 5 :]
    tbs = b"\x30\x82" + len(inner).to_bytes(2) + inner
    if len(inner) < 256:
        tbs = b"\x30\x81" + len(inner).to_bytes(1) + inner
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    signature = issuer.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    bits = b"\x03" + (len(signature) + 1).to_bytes(1) + b"\x00" + signature
    body = tbs + algorithm + bits
    return b"\x30\x82" + len(body).to_bytes(2) + body


def _negative_serial() -> Case:
    """A self-signed certificate whose serial number has its first bit set."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _sign(cn(HOST), key, cn(HOST), key, [(names(HOST), False)])
    serial = x509.load_der_x509_certificate(made.der).serial_number.to_bytes(20)
    der = made.der.replace(
        b"\x02\x14" + serial, b"\x02\x14" + bytes([serial[0] | 0x80]) + serial[1:], 1
    )
    negative = Made(der, made.subject, key)
    return Case((negative,), (negative,), "refuse")


def _unmarked_root(expected: Expected, *kinds: type[x509.ExtensionType]) -> Case:
    top = root(without=kinds)
    return Case((ee(top),), (top,), expected)


def _critical(kind: Literal["aki", "ski"]) -> Case:
    key = ec.generate_private_key(ec.SECP256R1())
    top = root(((_aki if kind == "aki" else _ski)(key), True), key=key)
    return Case((ee(top),), (top,), "refuse")


def _own_authority() -> Case:
    key = ec.generate_private_key(ec.SECP256R1())
    top = root((_aki(key), False), key=key)
    return Case((ee(top),), (top,), "accept")


def _partial_aki(*, serial: bool) -> Case:
    """An authority key identifier with one of the two fields that belong together."""
    key = ec.generate_private_key(ec.SECP256R1())
    stated = _aki(key)
    if serial:
        stated._authority_cert_serial_number = 1234
    else:
        stated._authority_cert_issuer = [x509.DirectoryName(cn("elsewhere"))]
    top = root((stated, False), key=key)
    return Case((ee(top),), (top,), "refuse")


def _dated(expected: Expected, at: datetime) -> Case:
    begin, end = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
    top = root(begin=begin, end=end)
    middle = ica(top, begin=begin, end=end)
    return Case((ee(middle, begin=begin, end=end), middle), (top,), expected, HOST, at)


def _purposes(expected: Expected, *more: x509.ObjectIdentifier, critical: bool = False) -> Case:
    return _leaf(expected, (x509.ExtendedKeyUsage([SERVER, *more]), critical))


def _ip(value: str) -> list[x509.GeneralName]:
    return [x509.IPAddress(ip_address(value))]


def _net(value: str) -> list[x509.GeneralName]:
    return [x509.IPAddress(IPv6Network(value) if ":" in value else IPv4Network(value))]


def _address_range() -> Case:
    top = root()
    middle = ica(top, (constraints(_net("192.0.2.0/24")), True), san=None)
    listed = x509.SubjectAlternativeName([*_net("192.0.2.0/24"), *_ip("192.0.2.1")])
    leaf = ee(middle, (listed, False), subject=cn("192.0.2.1"))
    return Case((leaf, middle), (top,), "refuse", "192.0.2.1")


def _address(common_name: str, address: str) -> Case:
    return _leaf("refuse", san=address, subject=cn(common_name), host=address)


_FLAWS: dict[str, Callable[[], dict[str, object]]] = {
    "expired": lambda: {"end": datetime(2020, 1, 1, tzinfo=UTC)},
    "not yet valid": lambda: {"begin": datetime(2100, 1, 1, tzinfo=UTC)},
    "another domain": lambda: {"more": (constraints(dns("other.test")), True)},
    "excluded": lambda: {"more": (constraints(None, dns(HOST)), True)},
    "for clients": lambda: {
        "more": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
    },
    "not a CA": lambda: {"more": (x509.BasicConstraints(False, None), True)},
    "may not sign": lambda: {"more": (usage("digital_signature"), False)},
    "unknown critical": lambda: {
        "more": (
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.8"), b"\x05\x00"),
            True,
        )
    },
}


def graph(seed: int, *, good: bool) -> Case:
    """CAs of several levels, each with certificates that are flawed, and one good way if wanted.

    Every CA has two or three certificates: those above it are other CAs, and each but one (of the
    good way) has a flaw. Roots that are not trusted are there, too, and everything is shuffled.
    """
    chance = random.Random(seed)
    top, stranger = root(), root(subject=cn("suite-stranger"))
    above: list[Made] = [top, stranger]
    sent: list[Made] = []
    for level in range(chance.randint(1, 3)):
        here: list[Made] = []
        for number in range(chance.randint(1, 2)):
            key = ec.generate_private_key(ec.SECP256R1())
            subject = cn(f"suite-{seed}-{level}-{number}")
            on_the_way = good and number == 0
            for _ in range(chance.randint(1, 2)):
                flaw = _FLAWS[chance.choice(list(_FLAWS))]()
                more = [flaw.pop("more")] if "more" in flaw else []
                issuer = chance.choice(above)
                here.append(ica(issuer, *more, subject=subject, key=key, san=None, **flaw))  # type: ignore[arg-type] # as the table has them
            if on_the_way:
                here.append(
                    ica(above[-2 if level == 0 else -1], subject=subject, key=key, san=None)
                )
            if number == 0:
                way = here[-1]
        sent += here
        above = [*[one for one in here if one.subject != way.subject], way]
    leaf = ee(above[-1])
    chance.shuffle(sent)
    return Case((leaf, *sent, stranger), (top,), "accept" if good else "refuse")


_MLDSA = mldsa.MLDSA44PrivateKey.generate

CASES: dict[str, Case] = {
    "as bare as can be": _leaf("accept"),
    "a root that names its own key": _own_authority(),
    "a CA at the end, beyond its issuer's length": _ca_at_the_end(),
    "a CA as the server's own": Case((ica(_TOP := root()),), (_TOP,), "both"),
    # dates
    "the first second of all": _dated("accept", datetime(2024, 3, 1, tzinfo=UTC)),
    "the last second of all": _dated("accept", datetime(2024, 4, 1, tzinfo=UTC)),
    "five thousandths after the last second": _dated(
        "accept", datetime(2024, 4, 1, 0, 0, 0, 5000, tzinfo=UTC)
    ),
    "a thousandth before the first second": _dated(
        "refuse", datetime(2024, 2, 29, 23, 59, 59, 999000, tzinfo=UTC)
    ),
    # keys and signatures
    "ML-DSA-44": _pqc("accept", mldsa.MLDSA44PrivateKey.generate),
    "ML-DSA-65": _pqc("accept", mldsa.MLDSA65PrivateKey.generate),
    "ML-DSA-87": _pqc("accept", mldsa.MLDSA87PrivateKey.generate),
    "ML-DSA that encrypts keys": _pqc("refuse", _MLDSA, "key_encipherment"),
    "ML-DSA that agrees on keys": _pqc("refuse", _MLDSA, "key_agreement"),
    "ML-DSA signed by another": _forged_pqc(),
    "a DSA root": Case((ee(_DSA := root(key=dsa.generate_private_key(3072))),), (_DSA,), "refuse"),
    "a DSA leaf": _leaf("refuse", key=dsa.generate_private_key(3072)),
    "an issuer's key of no bits": _broken_issuer_key(),
    "algorithms inside and outside differ": _algorithms_differ(),
    # fields
    "version 1": _version_1(),
    "a negative serial number": _negative_serial(),
    "a name twice": _leaf("refuse", (names(HOST), False), (names(HOST), False), san=None),
    "critical authority key identifier": _critical("aki"),
    "critical subject key identifier": _critical("ski"),
    "authority with a serial number only": _partial_aki(serial=True),
    "authority with an issuer only": _partial_aki(serial=False),
    "AIA that is a DNS name": _leaf(
        "accept",
        (
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(
                        x509.oid.AuthorityInformationAccessOID.CA_ISSUERS, x509.DNSName(HOST)
                    )
                ]
            ),
            False,
        ),
    ),
    "root without key usage": _unmarked_root("accept", x509.KeyUsage),
    "root without subject key identifier": _unmarked_root("refuse", x509.SubjectKeyIdentifier),
    "root without constraints": _unmarked_root("refuse", x509.BasicConstraints),
    # purposes
    "no purposes at all": _leaf("both", without=[x509.ExtendedKeyUsage]),
    "critical purposes": _purposes("refuse", critical=True),
    "for time stamps, too": _purposes("refuse", ExtendedKeyUsageOID.TIME_STAMPING),
    "for OCSP, too": _purposes("refuse", ExtendedKeyUsageOID.OCSP_SIGNING),
    "for clients, too": _purposes("accept", ExtendedKeyUsageOID.CLIENT_AUTH),
    # common names
    "address in hexadecimal": _address("0xC0A80101", "192.168.1.1"),
    "address with zeros": _address("192.168.001.001", "192.168.1.1"),
    "IPv6 in capitals": _address("2001:DB8::8A2E:370:7334", "2001:db8::8a2e:370:7334"),
    "IPv6 in full": _address("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
    "IPv6 half shortened": _address("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    "another A-label": _leaf(
        "refuse", san="xn--n3h.com", subject=cn("xn--nxasmq6b.com"), host="xn--n3h.com"
    ),
    "the U-label of an A-label": _leaf(
        "refuse",
        san="xn--test--wg5h0h.com",
        subject=cn("test-\u6e2c\u8a66.com"),
        host="xn--test--wg5h0h.com",
    ),
    "an emoji among the names": _leaf(
        "refuse",
        san="\U0001f61c.example.com".encode().decode("latin-1"),
        subject=cn("x"),
        host="xn--628h.example.com",
    ),
    "no subject, critical names": _leaf("accept", (names(HOST), True), subject=x509.Name([])),
    "the bare name for a deeper one": _leaf("refuse", host="abc.example.com"),
    # name constraints
    "constraints, uncritical": _rooted("both", (constraints(dns(HOST)), False)),
    "constraints of nothing": Case(
        (ee(_N := ica(_T := root(), (constraints(), True))), _N), (_T,), "refuse"
    ),
    "constraints of empty lists": Case(
        (ee(_N := ica(_T := root(), (constraints([], []), True))), _N), (_T,), "refuse"
    ),
    "constraint with a wildcard": _rooted(
        "refuse", (constraints(dns("*.example.com")), True), san="foo.example.com"
    ),
    "constraint with a leading dot": _rooted(
        "refuse", (constraints(dns(".example.com")), True), san="foo.example.com"
    ),
    "constraint of an address without a mask": _rooted(
        "refuse", (constraints(_ip("127.0.0.1")), True), san="127.0.0.1"
    ),
    "constraint of an IPv6 address without a mask": _rooted(
        "refuse", (constraints(_ip("::1")), True), san="::1"
    ),
    "another kind excluded": _rooted("accept", (constraints(None, _net("192.0.2.0/24")), True)),
    "in a leaf, uncritical": _leaf("refuse", (constraints(dns(HOST)), False)),
    "in a leaf, critical": _leaf("refuse", (constraints(dns(HOST)), True)),
    "directory name not permitted": _by_name("refuse", constraints(_directory("foo")), "no", "no"),
    "directory name, subject not permitted": _by_name(
        "refuse", constraints(_directory("foo")), "no", "foo"
    ),
    "directory name, subject excluded": _by_name(
        "refuse", constraints(None, _directory("foo")), "foo", "no"
    ),
    "directory name excluded": _by_name(
        "refuse", constraints(None, _directory("foo")), "foo", "foo"
    ),
    "a self-issued CA is not held to them": _self_issued_ca(),
    "a self-issued leaf is": _self_issued_leaf(),
    "a CA's name, forbidden by a CA": _ca_named(at_root=False),
    "a CA's name, forbidden by the root": _ca_named(at_root=True),
    "narrowed": _nested(["foo.example.com", "bar.example.com"], ["bar.example.com"]),
    "widened": _nested(["bar.example.com"], ["foo.example.com", "bar.example.com"]),
    "a name that begins with a dot": _below(
        "refuse", constraints(dns(HOST)), [".example.com", "foo.example.com"], "foo.example.com"
    ),
    "a range among the addresses": _address_range(),
    "another kind of name, constrained": _other_names("refuse", in_leaf=True),
    "another kind of name, not there": _other_names("accept", in_leaf=False),
    "a wildcard over an excluded name": _below(
        "refuse",
        constraints(dns(HOST), dns("bar.example.com")),
        "*.example.com",
        "bar.example.com",
    ),
    "a wildcard wider than the tree": _below(
        "refuse", constraints(dns("foo.example.com")), "*.example.com", "foo.example.com"
    ),
    # several ways
    "the forbidden way leads nowhere": _another_way(other_root_trusted=False),
    "the forbidden way leads to a root": _another_way(other_root_trusted=True),
    "a cycle of one name": _cycle(),
    "a root of the same name": Case((ee(root()),), (root(),), "refuse"),
    "two roots of the same name": Case((ee(_R := root()),), (root(), _R), "accept"),
}
