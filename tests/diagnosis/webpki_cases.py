"""Chains of every kind that a suite of path validators has, made with keys of our own.

Each says what must not come out: a chain to refuse is never "ok", a chain to accept is never
"broken". Between them lies "warning", for what some clients take and others do not.
"""

import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

from bot.demo.lab.pki import Issued, make_intermediate, make_leaf, make_root, make_self_signed, name
from tests.diagnosis.servers import NOW

HOST = "example.com"
DAY = timedelta(days=1)
Expected = Literal["ok", "accept", "refuse"]


@dataclass(frozen=True, slots=True)
class Chain:
    """What is sent, the roots, the name and the moment; and what must come out."""

    sent: tuple[Issued, ...]
    roots: tuple[Issued, ...]
    expected: Expected
    host: str = HOST
    at: datetime = NOW


def root(**changes: object) -> Issued:
    """A root."""
    return make_root("Suite Root", now=NOW, **changes)  # type: ignore[arg-type] # the builder's own fields


def ica(above: Issued, title: str = "Suite Issuing", **changes: object) -> Issued:
    """An intermediate without a path length."""
    return make_intermediate(above, title, now=NOW, **{"path_length": None, **changes})  # type: ignore[arg-type] # as above


def ee(above: Issued, host: str = HOST, **changes: object) -> Issued:
    """A server's certificate."""
    return make_leaf(above, host, now=NOW, **changes)  # type: ignore[arg-type] # as above


ROOT = root()
ICA = ica(ROOT)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.7"), b"\x05\x00")
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
DSA = dsa.generate_private_key(2048)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


def usage(*, sign: bool = False, certificates: bool = False) -> x509.KeyUsage:
    """A key usage with these bits and no others."""
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _leaf(
    expected: Expected, host: str = HOST, *, above: Issued = ROOT, **changes: object
) -> Chain:
    sent = (ee(above, HOST, **changes),) if above is ROOT else (ee(above, HOST, **changes), above)
    return Chain(sent, (ROOT,), expected, host)


def _rooted(expected: Expected, leaf_host: str = HOST, **changes: object) -> Chain:
    top = root(**changes)
    return Chain((ee(top, leaf_host),), (top,), expected, leaf_host)


def _middle(expected: Expected, **changes: object) -> Chain:
    middle = ica(ROOT, "Suite Issuing", **changes)
    return Chain((ee(middle), middle), (ROOT,), expected)


def _constrained(
    expected: Expected,
    names: list[str],
    *,
    permitted: list[x509.GeneralName] | None = None,
    excluded: list[x509.GeneralName] | None = None,
    critical: bool = True,
    host: str | None = None,
) -> Chain:
    tree = x509.NameConstraints(permitted, excluded)
    top = root(extensions=[(tree, critical)])
    asked = host or names[0]
    leaf = ee(top, names[0], subject=name(names[0]), names=names)
    return Chain((leaf,), (top,), expected, asked)


def _dates(expected: Expected, at: datetime, **leaf: datetime) -> Chain:
    return Chain((ee(ICA, HOST, **leaf), ICA), (ROOT,), expected, HOST, at)


def _dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(one) for one in names]


def _net(*networks: str) -> list[x509.GeneralName]:
    return [
        x509.IPAddress(IPv6Network(one) if ":" in one else IPv4Network(one)) for one in networks
    ]


def _numbered(serial: int) -> Issued:
    """A leaf with a serial number that the builder would not take."""
    good = ee(ROOT)
    builder = (
        x509.CertificateBuilder()
        .subject_name(good.subject)
        .issuer_name(ROOT.subject)
        .public_key(good.key.public_key())
        .not_valid_before(good.certificate.not_valid_before_utc)
        .not_valid_after(good.certificate.not_valid_after_utc)
    )
    for one in good.certificate.extensions:
        builder = builder.add_extension(one.value, one.critical)
    builder._serial_number = serial
    with warnings.catch_warnings():
        # That such a number is wrong is what this certificate is for.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return Issued(builder.sign(ROOT.key, hashes.SHA256()), good.key)


def _cycle() -> Chain:
    one = ica(ROOT, "Suite Cycle One")
    two = ica(one, "Suite Cycle Two")
    back = ica(two, "x", subject=one.subject, key=one.key)
    return Chain((ee(one), back, two), (root(),), "refuse")


def _mutual_cross_signs() -> Chain:
    """Three CAs that vouch for one another, one of them trusted as a root."""
    a = make_root("Suite A", now=NOW)
    b, c = make_root("Suite B", now=NOW), make_root("Suite C", now=NOW)
    crossed = [
        ica(by, "x", subject=one.subject, key=one.key)
        for one in (a, b, c)
        for by in (a, b, c)
        if by is not one
    ]
    issuing = ica(a, "Suite A1")
    return Chain((ee(issuing), *crossed, issuing), (a,), "accept")


def _expired_way_and_a_good_one() -> Chain:
    """The root is trusted; an expired cross-sign of it leads elsewhere."""
    other = make_root("Suite Other Root", now=NOW)
    expired = ica(other, "x", subject=ROOT.subject, key=ROOT.key, not_after=NOW - DAY)
    return Chain((ee(ICA), expired, ICA), (ROOT, other), "accept")


def _two_ways(first_bad: bool) -> Chain:
    """Two certificates of one issuer, one of which is no good."""
    bad = ica(ROOT, "x", subject=ICA.subject, key=ICA.key, not_after=NOW - DAY)
    middle = (bad, ICA) if first_bad else (ICA, bad)
    return Chain((ee(ICA), *middle), (ROOT,), "accept")


def _two_ways_by_constraint() -> Chain:
    tree = x509.NameConstraints(_dns("other.test"), None)
    bad = ica(ROOT, "x", subject=ICA.subject, key=ICA.key, extensions=[(tree, True)])
    return Chain((ee(ICA), bad, ICA), (ROOT,), "accept")


def _two_ways_by_purpose() -> Chain:
    bad = ica(ROOT, "x", subject=ICA.subject, key=ICA.key, extended_key_usage=[CLIENT])
    return Chain((ee(ICA), bad, ICA), (ROOT,), "accept")


def _two_ways_by_strength() -> Chain:
    """The issuer's certificate from a weak CA comes first."""
    weak = ica(ROOT, "Suite Weak", key=_MISMATCHED)
    bad = ica(weak, "x", subject=ICA.subject, key=ICA.key)
    upper = ica(ROOT, "Suite Strong")
    good = ica(upper, "x", subject=ICA.subject, key=ICA.key)
    return Chain((ee(ICA), bad, weak, good, upper), (ROOT,), "accept")


def _shuffled() -> Chain:
    upper = ica(ROOT, "Suite Upper")
    lower = ica(upper, "Suite Lower")
    return Chain((ee(lower), upper, ICA, lower), (ROOT,), "accept")


def _many(length: int) -> Chain:
    above, rungs = ROOT, list[Issued]()
    for number in range(length):
        above = ica(above, f"Suite Rung {number}")
        rungs.append(above)
    return Chain((ee(above), *rungs), (ROOT,), "accept")


def _constraint_flood() -> Chain:
    tree = x509.NameConstraints(None, _dns(*(f"x{number}.test" for number in range(1500))))
    middle = ica(ROOT, "Suite Flood", extensions=[(tree, True)])
    names = [HOST, *(f"y{number}.test" for number in range(1500))]
    return Chain((ee(middle, names=names), middle), (ROOT,), "refuse")


def _path_length(*lengths: int | None, expected: Expected) -> Chain:
    above, chain = ROOT, list[Issued]()
    for number, length in enumerate(lengths):
        above = make_intermediate(above, f"Suite Length {number}", now=NOW, path_length=length)
        chain.insert(0, above)
    return Chain((ee(above), *chain), (ROOT,), expected)


def _self_issued() -> Chain:
    one = make_intermediate(ROOT, "Suite Same", now=NOW, path_length=1)
    two = make_intermediate(one, "Suite Same", now=NOW, path_length=1)
    three = make_intermediate(two, "Suite Last", now=NOW, path_length=0)
    return Chain((ee(three), two, one, three), (ROOT,), "accept")


def _aki(*, issuer: bool, serial: bool, key_id: bool) -> Chain:
    own = make_root("Suite AKI Root", now=NOW)
    names = [x509.DirectoryName(name("elsewhere"))] if issuer else None
    number = 1234 if serial else None
    stated = x509.AuthorityKeyIdentifier(own.key_id if key_id else None, names, number)
    top = make_root("Suite AKI Root", now=NOW, key=own.key, extensions=[(stated, False)])
    return Chain((ee(top),), (top,), "refuse")


def _constrained_ca_name() -> Chain:
    tree = x509.NameConstraints(_dns(HOST), None)
    upper = ica(ROOT, "Suite NC", extensions=[(tree, True)])
    lower = ica(upper, "Suite Named CA", names=["forbidden.test"])
    return Chain((ee(lower), lower, upper), (ROOT,), "refuse")


_SELF = make_self_signed(HOST, now=NOW)
_MISMATCHED = rsa.generate_private_key(public_exponent=65537, key_size=1024)
_SHORT_ROOT = root(key=_MISMATCHED)
_STRANGER = make_root("Suite Stranger", now=NOW)

CHAINS: dict[str, Chain] = {
    # the plain ones
    "leaf under a root": _leaf("ok"),
    "leaf under an intermediate": _leaf("ok", above=ICA),
    "an RSA leaf": _leaf("ok", key=RSA),
    "no key usage": _leaf("accept", key_usage=None),
    "no basic constraints": _leaf("accept", basic_constraints=None),
    "an address": _leaf("ok", "192.0.2.1", names=["192.0.2.1"], subject=name("192.0.2.1")),
    "an IPv6 address": _leaf(
        "ok", "2001:db8::1", names=["2001:db8::1"], subject=name("2001:db8::1")
    ),
    "missing intermediate": Chain((ee(ICA),), (ROOT,), "refuse"),
    "another root": Chain((ee(ICA), ICA, ROOT), (_STRANGER,), "refuse"),
    "the intermediate is the anchor": Chain((ee(ICA), ROOT), (ICA,), "accept"),
    "the intermediate is the anchor, alone": Chain((ee(ICA),), (ICA,), "accept"),
    "a self-signed leaf in the store": Chain((_SELF,), (_SELF,), "accept"),
    "a self-signed leaf elsewhere": Chain((_SELF,), (ROOT,), "refuse"),
    "a CA as leaf": Chain((ica(ROOT, names=[HOST]),), (ROOT,), "accept"),
    "a CA as leaf, wrong name": Chain((ica(ROOT, names=["ca.test"]),), (ROOT,), "refuse"),
    "unsorted": _shuffled(),
    # identifiers and numbers
    "no authority key identifier": _leaf("refuse", authority_key_id=None),
    "no authority key identifier in the middle": _middle("refuse", authority_key_id=None),
    "no subject key identifier in the middle": _middle("refuse", subject_key_id=None),
    "no subject key identifier in the root": _rooted("refuse", subject_key_id=None),
    "authority with issuer and serial": _aki(issuer=True, serial=True, key_id=True),
    "authority without a key": _aki(issuer=False, serial=False, key_id=False),
    "another authority in the root": _rooted("refuse", authority_key_id=b"\x01" * 20),
    "serial of 22 octets": Chain((_numbered(1 << 170),), (ROOT,), "refuse"),
    "serial 0": Chain((_numbered(0),), (ROOT,), "refuse"),
    "an anchor without authority key identifier": Chain(
        (ee(_X := ica(ROOT, "Suite X", authority_key_id=None)),), (_X,), "refuse"
    ),
    # CA flags and usages
    "not a CA": _middle("refuse", basic_constraints=x509.BasicConstraints(False, None)),
    "no word of a CA": _middle("refuse", basic_constraints=None),
    "root without basic constraints": _rooted("refuse", basic_constraints=None),
    "root with uncritical constraints": _rooted("refuse", basic_constraints_critical=False),
    "root may not sign": _rooted("refuse", key_usage=usage(sign=True)),
    "middle may not sign": _middle("refuse", key_usage=usage(sign=True)),
    "leaf may sign certificates": _leaf("refuse", key_usage=usage(sign=True, certificates=True)),
    "leaf with the CA flag": _leaf("refuse", basic_constraints=x509.BasicConstraints(True, None)),
    "RSA leaf that may do nothing": _leaf("refuse", key=RSA, key_usage=usage()),
    # purposes
    "for clients": _leaf("refuse", extended_key_usage=[CLIENT]),
    "for servers and clients": _leaf("ok", extended_key_usage=[SERVER, CLIENT]),
    "for anything": _leaf(
        "refuse", extended_key_usage=[SERVER, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]
    ),
    "for signing code, too": _leaf(
        "refuse", extended_key_usage=[SERVER, ExtendedKeyUsageOID.CODE_SIGNING]
    ),
    "for mail, too": _leaf(
        "refuse", extended_key_usage=[SERVER, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    ),
    "for precertificates": _leaf(
        "refuse", extended_key_usage=[x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.4")]
    ),
    "no purpose named": _leaf("accept", extended_key_usage=[]),
    "root with a purpose": _rooted("refuse", extended_key_usage=[SERVER]),
    # names
    "wildcard": _leaf(
        "ok", "a.example.com", names=["*.example.com"], subject=name("*.example.com")
    ),
    "wildcard too deep": _leaf("refuse", "a.b.example.com", names=["*.example.com"]),
    "wildcard and the bare name": _leaf("refuse", names=["*.example.com"]),
    "wildcard inside": _leaf("refuse", "baz.example.com", names=["ba*.example.com"]),
    "wildcard in the middle": _leaf("refuse", "a.b.example.com", names=["a.*.example.com"]),
    "wildcard over a public suffix": _leaf("refuse", names=["*.com"]),
    "wildcard in an A-label": _leaf(
        "refuse", "xn--bliss-1b3c148a.example.com", names=["xn--*-1b3c148a.example.com"]
    ),
    "another name": _leaf("refuse", "example2.com"),
    "common name only": _leaf("refuse", names=[]),
    "common name in capitals": _leaf("refuse", subject=name("Example.COM")),
    "common name of another": _leaf("refuse", subject=name("other.example.com")),
    "common name, address in full": _leaf(
        "refuse", "2001:db8::1", names=["2001:db8::1"], subject=name("2001:0db8:0:0:0:0:0:1")
    ),
    "critical names beside a subject": _leaf(
        "refuse",
        names=[],
        extensions=[(x509.SubjectAlternativeName([x509.DNSName(HOST)]), True)],
    ),
    "uncritical names, no subject": _leaf("refuse", subject=x509.Name([])),
    # extensions
    "unknown critical in the leaf": _leaf("refuse", extensions=[(UNKNOWN, True)]),
    "unknown critical in the middle": _middle("refuse", extensions=[(UNKNOWN, True)]),
    "unknown critical in the root": _rooted("refuse", extensions=[(UNKNOWN, True)]),
    "unknown, not critical": _leaf("ok", extensions=[(UNKNOWN, False)]),
    "critical AIA": _leaf(
        "refuse",
        extensions=[
            (
                x509.AuthorityInformationAccess(
                    [
                        x509.AccessDescription(
                            x509.oid.AuthorityInformationAccessOID.CA_ISSUERS,
                            x509.UniformResourceIdentifier("http://ca.test/x"),
                        )
                    ]
                ),
                True,
            )
        ],
    ),
    "malformed AIA": _leaf(
        "refuse",
        extensions=[
            (
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.1"), b"bad"),
                False,
            )
        ],
    ),
    "malformed names": _leaf(
        "refuse",
        names=[],
        extensions=[
            (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"example.com"), False)
        ],
    ),
    "uncritical policy constraints": _middle(
        "refuse", extensions=[(x509.PolicyConstraints(3, None), False)]
    ),
    "name constraints in a leaf": _leaf(
        "refuse", extensions=[(x509.NameConstraints(_dns(HOST), None), True)]
    ),
    # name constraints
    "DNS permitted": _constrained("ok", [HOST], permitted=_dns(HOST)),
    "DNS permitted, deeper": _constrained("ok", ["a.b.example.com"], permitted=_dns(HOST)),
    "DNS permitted, uncritical": _constrained(
        "accept", [HOST], permitted=_dns(HOST), critical=False
    ),
    "DNS not permitted": _constrained("refuse", ["not-example.com"], permitted=_dns(HOST)),
    "DNS excluded": _constrained("refuse", [HOST], excluded=_dns(HOST)),
    "DNS second excluded": _constrained(
        "refuse", [HOST, "no.example.com"], excluded=_dns("no.example.com")
    ),
    "permitted and excluded": _constrained(
        "refuse", [HOST], permitted=_dns(HOST), excluded=_dns(HOST)
    ),
    "IPv4 permitted": _constrained("ok", ["192.0.2.1"], permitted=_net("192.0.2.0/24")),
    "IPv4 not permitted": _constrained("refuse", ["192.0.3.1"], permitted=_net("192.0.2.0/24")),
    "IPv4 excluded": _constrained("refuse", ["192.0.2.1"], excluded=_net("192.0.2.0/24")),
    "IPv6 permitted": _constrained("ok", ["::1"], permitted=_net("::1/128")),
    "IPv6 excluded": _constrained("refuse", ["::1"], excluded=_net("::1/128")),
    "another kind permitted": _constrained("ok", [HOST], permitted=_net("192.0.2.0/24")),
    "a wildcard hides an excluded name": _constrained(
        "refuse", ["*.example.com"], excluded=_dns("bar.example.com"), host="bar.example.com"
    ),
    "a wildcard wider than permitted": _constrained(
        "refuse", ["*.example.com"], permitted=_dns("foo.example.com"), host="foo.example.com"
    ),
    "directory name permitted": _constrained(
        "accept", [HOST], permitted=[x509.DirectoryName(name(HOST))]
    ),
    "directory name excluded": _constrained(
        "refuse", [HOST], excluded=[x509.DirectoryName(name(HOST))]
    ),
    "a CA's name not permitted": _constrained_ca_name(),
    # path length
    "length 0": _path_length(0, expected="ok"),
    "length 1, 2": _path_length(1, 2, expected="accept"),
    "length 0, 0": _path_length(0, 0, expected="refuse"),
    "length 1, 0, 0": _path_length(1, 0, 0, expected="refuse"),
    "self-issued do not count": _self_issued(),
    # dates
    "expired leaf": _dates("refuse", NOW, not_after=NOW - DAY),
    "leaf of tomorrow": _dates("refuse", NOW, not_before=NOW + DAY),
    "expired intermediate": _middle("refuse", not_after=NOW - DAY),
    "expired root": _rooted("refuse", not_after=NOW - DAY),
    "the first second": _dates("accept", NOW, not_before=NOW),
    "the last second": _dates("accept", NOW + DAY, not_after=NOW + DAY),
    "within the last second": _dates(
        "accept", NOW + DAY + timedelta(milliseconds=5), not_after=NOW + DAY
    ),
    "before the first second": _dates("refuse", NOW - timedelta(milliseconds=1), not_before=NOW),
    # keys
    "P-192 leaf": _leaf("refuse", key=ec.generate_private_key(ec.SECP192R1())),
    "DSA leaf": _leaf("refuse", key=DSA),
    "RSA 1024 leaf": _leaf("refuse", key=_MISMATCHED),
    "RSA 1024 root": Chain((ee(_SHORT_ROOT),), (_SHORT_ROOT,), "refuse"),
    "RSA 1024 intermediate": _middle("refuse", key=_MISMATCHED),
    "Ed25519 leaf": _leaf("accept", key=ed25519.Ed25519PrivateKey.generate()),
    # building paths
    "a cycle": _cycle(),
    "mutual cross-signs": _mutual_cross_signs(),
    "an expired way and a good one": _expired_way_and_a_good_one(),
    "the bad one first": _two_ways(first_bad=True),
    "the bad one last": _two_ways(first_bad=False),
    "a constrained one first": _two_ways_by_constraint(),
    "one for clients first": _two_ways_by_purpose(),
    "a weak one first": _two_ways_by_strength(),
    "middle for clients": _middle("refuse", extended_key_usage=[CLIENT]),
    "seven intermediates": _many(7),
    "a flood of constraints": _constraint_flood(),
    "empty subject of a CA": _rooted("refuse", subject=x509.Name([]), issuer_name=x509.Name([])),
    "empty issuer": _leaf("refuse", issuer_name=x509.Name([])),
}
