"""A small PKI builder: certificates as public CAs issue them, each field open to being wrong.

`make_root`, `make_intermediate`, `make_leaf` and `make_self_signed` give certificates that pass
OpenSSL's strict checks (X509_V_FLAG_X509_STRICT, the default of Python 3.13). Any field can be
overridden by keyword, to make a certificate wrong on purpose. Nothing here knows the lab's names,
does I/O or reads a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TypedDict, Unpack

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DOMAIN_VALIDATED = x509.ObjectIdentifier("2.23.140.1.2.1")
"""The policy of every domain-validated public certificate (CA/B Baseline Requirements 7.1.6.1)."""

LEAF_LIFETIME = timedelta(days=90)
LEAF_AGE = timedelta(days=3)


class Fields(TypedDict, total=False):
    """Every field of a certificate; what is not given is made right.

    `issuer_name`, `signing_key` and `authority_key_id` default to the issuer's. `None` for
    `basic_constraints`, `key_usage`, `subject_key_id` or `authority_key_id` leaves the extension
    out. `names` are DNS names or IP addresses. `extensions` are added as (extension, critical).
    """

    subject: x509.Name
    issuer_name: x509.Name
    key: PrivateKey
    signing_key: PrivateKey
    not_before: datetime
    not_after: datetime
    serial: int
    digest: hashes.SHA256 | hashes.SHA384 | hashes.SHA512
    basic_constraints: x509.BasicConstraints | None
    basic_constraints_critical: bool
    key_usage: x509.KeyUsage | None
    extended_key_usage: Sequence[x509.ObjectIdentifier]
    names: Sequence[str]
    ca_issuers: Sequence[str]
    ocsp: Sequence[str]
    policies: Sequence[x509.ObjectIdentifier]
    subject_key_id: bytes | None
    authority_key_id: bytes | None
    extensions: Sequence[tuple[x509.ExtensionType, bool]]


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate, DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate, PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key, PKCS #8 PEM without a password."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def subject(self) -> x509.Name:
        """The certificate's subject."""
        return self.certificate.subject

    @property
    def key_id(self) -> bytes:
        """The subject key identifier, computed from the key (RFC 5280 section 4.2.1.2)."""
        return _key_id(self.key)


def name(common_name: str | None, *, organization: str = "", country: str = "JP") -> x509.Name:
    """A distinguished name in the usual order; an organization brings its country along."""
    parts = []
    if organization:
        parts.append(x509.NameAttribute(NameOID.COUNTRY_NAME, country))
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    if common_name is not None:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(parts)


def make_root(
    common_name: str,
    *,
    now: datetime,
    organization: str = "tlscheck Lab",
    **changes: Unpack[Fields],
) -> Issued:
    """A self-signed root CA, six years old, valid for 25 years.

    Args:
        common_name: The subject's common name.
        now: The moment from which its dates derive.
        organization: The subject's organization.
        **changes: Fields to make otherwise.
    """
    key = changes.get("key") or ec.generate_private_key(ec.SECP256R1())
    not_before = now - timedelta(days=6 * 365)
    subject = name(common_name, organization=organization)
    fields: Fields = {
        "subject": subject,
        "issuer_name": subject,
        "signing_key": key,
        "authority_key_id": None,
        "not_before": not_before,
        "not_after": not_before + timedelta(days=25 * 365),
        **_ca_fields(path_length=None),
        **changes,
        "key": key,
    }
    return _issue(fields, None)


def make_intermediate(
    issuer: Issued,
    common_name: str,
    *,
    now: datetime,
    organization: str = "tlscheck Lab",
    path_length: int | None = 0,
    **changes: Unpack[Fields],
) -> Issued:
    """An intermediate CA, two years old, valid for ten years.

    Args:
        issuer: The CA that signs it.
        common_name: The subject's common name.
        now: The moment from which its dates derive.
        organization: The subject's organization.
        path_length: How many CAs may follow below it.
        **changes: Fields to make otherwise, `ca_issuers` (the AIA addresses) for instance.
    """
    not_before = now - timedelta(days=2 * 365)
    fields: Fields = {
        "subject": name(common_name, organization=organization),
        "not_before": not_before,
        "not_after": not_before + timedelta(days=10 * 365),
        "extended_key_usage": [ExtendedKeyUsageOID.SERVER_AUTH],
        "policies": [DOMAIN_VALIDATED],
        **_ca_fields(path_length),
        **changes,
    }
    return _issue(fields, issuer)


def make_leaf(issuer: Issued, host: str, *, now: datetime, **changes: Unpack[Fields]) -> Issued:
    """A server certificate for `host`, renewed three days ago, valid for 90 days in all.

    Args:
        issuer: The CA that signs it.
        host: The name in its subject and, unless `names` says otherwise, its alternative names.
        now: The moment from which its dates derive.
        **changes: Fields to make otherwise.
    """
    return _issue({**_leaf_fields(host, now, changes.get("key")), **changes}, issuer)


def make_self_signed(host: str, *, now: datetime, **changes: Unpack[Fields]) -> Issued:
    """A server certificate for `host` that its own key signs, as `openssl req -x509` makes one.

    Args:
        host: The name in its subject and, unless `names` says otherwise, its alternative names.
        now: The moment from which its dates derive.
        **changes: Fields to make otherwise.
    """
    key = changes.get("key") or ec.generate_private_key(ec.SECP256R1())
    fields: Fields = {
        **_leaf_fields(host, now, changes.get("key")),
        "policies": [],
        "issuer_name": name(host),
        "signing_key": key,
        "authority_key_id": None,
        "not_after": now + timedelta(days=362),
        **changes,
        "key": key,
    }
    return _issue(fields, None)


def chain_pem(*certificates: Issued) -> bytes:
    """The certificates as one PEM file, in this order."""
    return b"".join(one.pem for one in certificates)


def _ca_fields(path_length: int | None) -> Fields:
    return {
        "basic_constraints": x509.BasicConstraints(ca=True, path_length=path_length),
        "key_usage": _usage(certificates=True),
    }


def _leaf_fields(host: str, now: datetime, key: PrivateKey | None) -> Fields:
    not_before = now - LEAF_AGE
    return {
        "subject": name(host),
        "names": [host],
        "not_before": not_before,
        "not_after": not_before + LEAF_LIFETIME - timedelta(seconds=1),
        "basic_constraints": x509.BasicConstraints(ca=False, path_length=None),
        # Key exchange by RSA encrypts to the key; with an EC key there is no such thing.
        "key_usage": _usage(encipherment=isinstance(key, rsa.RSAPrivateKey)),
        "extended_key_usage": [ExtendedKeyUsageOID.SERVER_AUTH],
        "policies": [DOMAIN_VALIDATED],
    }


def _usage(*, certificates: bool = False, encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_id(key: PrivateKey) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest


def _general_name(value: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(value))
    except ValueError:
        return x509.DNSName(value)


def _issue(fields: Fields, issuer: Issued | None) -> Issued:
    """Sign a certificate; `fields` wins over what `issuer` would bring."""
    key = fields.get("key") or ec.generate_private_key(ec.SECP256R1())
    if issuer is not None:
        fields = {
            "issuer_name": issuer.subject,
            "signing_key": issuer.key,
            "authority_key_id": issuer.key_id,
            **fields,
        }
    builder = (
        x509.CertificateBuilder()
        .subject_name(fields["subject"])
        .issuer_name(fields["issuer_name"])
        .public_key(key.public_key())
        .serial_number(fields.get("serial") or x509.random_serial_number())
        .not_valid_before(fields["not_before"])
        .not_valid_after(fields["not_after"])
    )
    for extension, critical in _extensions(fields, key):
        builder = builder.add_extension(extension, critical)
    digest = fields.get("digest") or hashes.SHA256()
    return Issued(builder.sign(fields["signing_key"], digest), key)


def _extensions(fields: Fields, key: PrivateKey) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if usage := fields.get("key_usage"):
        found.append((usage, True))
    if purposes := fields.get("extended_key_usage"):
        found.append((x509.ExtendedKeyUsage(purposes), False))
    if constraints := fields.get("basic_constraints"):
        found.append((constraints, fields.get("basic_constraints_critical", True)))
    if (own := fields.get("subject_key_id", _key_id(key))) is not None:
        found.append((x509.SubjectKeyIdentifier(own), False))
    if (above := fields.get("authority_key_id")) is not None:
        found.append((x509.AuthorityKeyIdentifier(above, None, None), False))
    places = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(address))
        for method, addresses in (
            (AuthorityInformationAccessOID.OCSP, fields.get("ocsp", ())),
            (AuthorityInformationAccessOID.CA_ISSUERS, fields.get("ca_issuers", ())),
        )
        for address in addresses
    ]
    if places:
        found.append((x509.AuthorityInformationAccess(places), False))
    if names := fields.get("names"):
        found.append((x509.SubjectAlternativeName([_general_name(one) for one in names]), False))
    if policies := fields.get("policies"):
        stated = [x509.PolicyInformation(one, None) for one in policies]
        found.append((x509.CertificatePolicies(stated), False))
    found.extend(fields.get("extensions", ()))
    return found
