"""One certificate, read from DER into a plain value. No I/O, no judgement, no trust.

Everything in here is untrusted: any field may be missing, malformed or hostile. Reading keeps to
what can be read and never raises for an odd extension; only DER that is no certificate at all is
refused (`MalformedCertificateError`).
"""

import hashlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from OpenSSL import crypto

from bot.diagnosis.effort import EffortSpentError, spend

_E = TypeVar("_E", bound=x509.ExtensionType)

# Beyond any honest certificate (shared hosting puts hundreds into one): every name counts when the
# host is looked for. How many are shown is decided where they are shown.
_MOST_NAMES = 10_000

# Far beyond any CA's; they are asked, remembered and shown.
_LONGEST_URL = 2_000

# CA/Browser Forum reserved certificate policies (Baseline Requirements 7.1.6.1): only publicly
# trusted CAs put them into a certificate.
_PUBLIC_CA_POLICIES = "2.23.140.1."


class MalformedCertificateError(ValueError):
    """These bytes are no X.509 certificate; `reason` is the parser's own text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """What the rules need to know of one certificate. Equal when the DER is equal."""

    der: bytes = field(repr=False)
    sha256: str
    subject: str
    subject_name: str
    subject_der: bytes = field(repr=False)
    issuer: str
    issuer_name: str
    issuer_der: bytes = field(repr=False)
    serial: str
    not_before: datetime
    not_after: datetime
    dns_names: tuple[str, ...]
    ip_addresses: tuple[IPv4Address | IPv6Address, ...]
    has_san: bool
    common_names: tuple[str, ...]
    is_ca: bool
    key_id: bytes | None
    authority_key_id: bytes | None
    issuer_urls: tuple[str, ...]
    server_purpose: bool
    publicly_issued: bool
    key: str
    key_sha256: str
    signature: str
    parsed: x509.Certificate = field(repr=False)
    openssl: crypto.X509 = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and other.der == self.der

    def __hash__(self) -> int:
        return hash(self.sha256)

    @property
    def self_issued(self) -> bool:
        """Subject and issuer are the same name (RFC 5280 section 6.1)."""
        return self.subject_der == self.issuer_der

    @property
    def pem(self) -> str:
        """The certificate in PEM, with a final newline."""
        return self.parsed.public_bytes(Encoding.PEM).decode()


def read_certificate(der: bytes) -> Certificate:
    """Read one DER certificate.

    Raises:
        MalformedCertificateError: The bytes are no certificate.
    """
    # A hostile one of 100 KB, read, takes a megabyte: hundreds of them are not kept.
    return _read(bytes(der)) if len(der) <= LARGEST_KEPT else _read.__wrapped__(bytes(der))


# CAs are met again and again, servers' own certificates hardly: a few hundred hold all that is
# under way, and a sweep of 100 000 hosts costs no more memory than one of 1 000.
_KEPT = 512
LARGEST_KEPT = 16 * 1024
"""Bytes of DER. Honest certificates with hundreds of names stay below."""


@lru_cache(maxsize=_KEPT)
def _read(der: bytes) -> Certificate:
    try:
        with warnings.catch_warnings():
            # Some roots in Mozilla's list have a serial number of zero; names may be empty.
            warnings.simplefilter("ignore")
            parsed = x509.load_der_x509_certificate(der)
            serial = format(parsed.serial_number, "x")
            subject, issuer = parsed.subject, parsed.issuer
        not_before, not_after = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise MalformedCertificateError(str(error)) from error
    try:
        # Two parsers: what only one of them reads is no use to the clients of the other.
        openssl = crypto.X509.from_cryptography(parsed)
    except crypto.Error as error:
        raise MalformedCertificateError(_openssl_reason(error)) from error
    extensions = _extensions(parsed)
    san = _extension(extensions, x509.SubjectAlternativeName)
    dns_names: tuple[str, ...] = ()
    addresses: tuple[IPv4Address | IPv6Address, ...] = ()
    if san is not None:
        dns_names = tuple(san.get_values_for_type(x509.DNSName)[:_MOST_NAMES])
        addresses = tuple(
            found
            for found in san.get_values_for_type(x509.IPAddress)[:_MOST_NAMES]
            if isinstance(found, IPv4Address | IPv6Address)
        )
    common_names = tuple(_attribute_values(subject, NameOID.COMMON_NAME))
    constraints = _extension(extensions, x509.BasicConstraints)
    key_id = _extension(extensions, x509.SubjectKeyIdentifier)
    authority = _extension(extensions, x509.AuthorityKeyIdentifier)
    purposes = _extension(extensions, x509.ExtendedKeyUsage)
    policies = _extension(extensions, x509.CertificatePolicies)
    access = _extension(extensions, x509.AuthorityInformationAccess)
    return Certificate(
        der=der,
        sha256=hashlib.sha256(der).hexdigest(),
        subject=_openssl_name(subject),
        subject_name=_short_name(subject, dns_names),
        subject_der=subject.public_bytes(),
        issuer=_openssl_name(issuer),
        issuer_name=_short_name(issuer, ()),
        issuer_der=issuer.public_bytes(),
        serial=serial,
        not_before=not_before,
        not_after=not_after,
        dns_names=dns_names,
        ip_addresses=addresses,
        has_san=bool(dns_names or addresses),
        common_names=common_names,
        is_ca=bool(constraints and constraints.ca),
        key_id=key_id.digest if key_id else None,
        authority_key_id=authority.key_identifier if authority else None,
        issuer_urls=_issuer_urls(access) if access else (),
        server_purpose=purposes is None
        or ExtendedKeyUsageOID.SERVER_AUTH in purposes
        or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in purposes,
        publicly_issued=policies is not None
        and any(
            p.policy_identifier.dotted_string.startswith(_PUBLIC_CA_POLICIES) for p in policies
        ),
        key=_key_name(parsed),
        key_sha256=_key_digest(parsed),
        signature=_signature_name(parsed),
        parsed=parsed,
        openssl=openssl,
    )


def _openssl_reason(error: crypto.Error) -> str:
    entries = error.args[0] if error.args else ()
    return "; ".join(dict.fromkeys(str(one[-1]) for one in entries)) or "unreadable"


def issued_by(child: Certificate, issuer: Certificate) -> bool:
    """Whether `issuer`'s name and key really made `child`'s signature (dates are not looked at).

    Within `bounded_effort`, False also when no more signatures may be tried.
    """
    if child.issuer_der != issuer.subject_der:
        return False
    kept = max(len(child.der), len(issuer.der)) <= LARGEST_KEPT
    try:
        return signed_by(child, issuer) if kept else signed_by.__wrapped__(child, issuer)
    except EffortSpentError:  # which the cache does not keep
        return False


@lru_cache(maxsize=2 * _KEPT)
def signed_by(child: Certificate, issuer: Certificate) -> bool:
    """Whether `issuer`'s key made `child`'s signature; their names are known to agree.

    Raises:
        EffortSpentError: No more signatures may be tried in this check.
    """
    try:
        spend(issuer.parsed.public_key())
        child.parsed.verify_directly_issued_by(issuer.parsed)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def is_self_signed(certificate: Certificate) -> bool:
    """Whether the certificate carries a signature of its own key."""
    return certificate.self_issued and issued_by(certificate, certificate)


def read_pem_certificates(pem: bytes) -> tuple[Certificate, ...]:
    """All certificates of a PEM text in their order; other PEM blocks (keys) are passed over.

    Raises:
        MalformedCertificateError: A CERTIFICATE block cannot be read, or there is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            parsed = x509.load_pem_x509_certificates(pem)
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise MalformedCertificateError(str(error)) from error
    return tuple(read_certificate(one.public_bytes(Encoding.DER)) for one in parsed)


def _extensions(parsed: x509.Certificate) -> dict[type[x509.ExtensionType], x509.ExtensionType]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {type(one.value): one.value for one in parsed.extensions}
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension):
        # One odd extension makes cryptography refuse them all; the chain's own verification
        # still sees the certificate as OpenSSL reads it.
        return {}


def _extension(
    extensions: dict[type[x509.ExtensionType], x509.ExtensionType], kind: type[_E]
) -> _E | None:
    found = extensions.get(kind)
    return found if isinstance(found, kind) else None


def _issuer_urls(access: x509.AuthorityInformationAccess) -> tuple[str, ...]:
    return tuple(
        one.access_location.value
        for one in access
        if one.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
        and len(one.access_location.value) <= _LONGEST_URL
    )[:8]


def _attribute_values(name: x509.Name, oid: x509.ObjectIdentifier) -> Iterable[str]:
    for attribute in name.get_attributes_for_oid(oid):
        value = attribute.value
        yield value if isinstance(value, str) else value.hex()


def _short_name(name: x509.Name, dns_names: tuple[str, ...]) -> str:
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME):
        for value in _attribute_values(name, oid):
            if value:
                return value
    return dns_names[0] if dns_names else _openssl_name(name)


def _openssl_name(name: x509.Name) -> str:
    # As `openssl x509 -subject` of OpenSSL 3.2 and later writes it: "C=US, O=Let's Encrypt, CN=R11".
    parts = []
    for attribute in name:
        value = attribute.value if isinstance(attribute.value, str) else attribute.value.hex()
        parts.append(f"{attribute.rfc4514_attribute_name}={value}")
    return ", ".join(parts)


def _key_name(parsed: x509.Certificate) -> str:
    try:
        key = parsed.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "unknown"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519"
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448"
    return type(key).__name__


def _key_digest(parsed: x509.Certificate) -> str:
    """Hex SHA-256 of the SubjectPublicKeyInfo, as `openssl x509 -pubkey` shows it; empty if unreadable."""
    try:
        info = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return ""
    return hashlib.sha256(info).hexdigest()


def _signature_name(parsed: x509.Certificate) -> str:
    try:
        digest = parsed.signature_hash_algorithm
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "unknown"
    return digest.name if digest else "intrinsic"
