"""What OCSP responses and CRLs say of a certificate. Pure: bytes in, a value out.

A response counts only when its signature is the issuer's, or that of a responder to which the
issuer gave a certificate for it (RFC 6960, 4.2.2.2), and only between its dates. A certificate
that names no OCSP address lacks nothing: Let's Encrypt and others publish CRLs only.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from bot.diagnosis.certificate import Certificate
from bot.diagnosis.effort import EffortSpentError, spend

How = Literal["stapled", "ocsp", "crl"]
State = Literal["good", "revoked", "unknown", "unusable", "pending"]
Fault = Literal[
    "signature",
    "other_certificate",
    "other_issuer",
    "not_yet_valid",
    "out_of_date",
    "unreadable",
    "refused",
    "timeout",
    "denied",
    "http",
    "too_large",
    "unreachable",
    "too_many",
]
"""Why an answer does not count; the first seven are about one that came."""

# Clocks of responders and ours may differ by this much (RFC 5019, 4 asks for some tolerance).
_SKEW = timedelta(minutes=5)
_MOST_ADDRESSES = 2
_BROKEN = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)


@dataclass(frozen=True, slots=True)
class Status:
    """What one source says. `fault` says why it is unusable; `url` is None for a stapled one.

    `said` is what came from outside about the fault, word for word. State "pending": the source
    was being asked and had not answered yet.
    """

    how: How
    state: State
    fault: Fault | None = None
    url: str | None = None
    revoked_at: datetime | None = None
    reason: str | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where a certificate says that its status can be asked for."""

    ocsp: tuple[str, ...] = ()
    crl: tuple[str, ...] = ()
    must_staple: bool = False

    @property
    def any(self) -> bool:
        """Whether there is anybody to ask."""
        return bool(self.ocsp or self.crl)


@lru_cache(maxsize=512)
def places_of(certificate: Certificate) -> Places:
    """The addresses that the certificate names, and whether it demands stapling (RFC 7633)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = [one.value for one in certificate.parsed.extensions]
    except _BROKEN:
        return Places()
    asked: list[str] = []
    lists: list[str] = []
    must_staple = False
    for value in values:
        if isinstance(value, x509.AuthorityInformationAccess):
            asked += [
                one.access_location.value
                for one in value
                if one.access_method == AuthorityInformationAccessOID.OCSP
                and isinstance(one.access_location, x509.UniformResourceIdentifier)
            ]
        elif isinstance(value, x509.CRLDistributionPoints):
            lists += _addresses(value)
        elif isinstance(value, x509.TLSFeature):
            must_staple = x509.TLSFeatureType.status_request in value
    return Places(
        tuple(asked[:_MOST_ADDRESSES]),
        tuple(one for one in lists if one.startswith("http"))[:_MOST_ADDRESSES],
        must_staple,
    )


def ocsp_request(leaf: Certificate, issuer: Certificate) -> bytes:
    """The question to a responder, DER (RFC 6960, 4.1). SHA-1 is what all of them know.

    Raises:
        ValueError: The certificate's serial number cannot be asked about.
    """
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        leaf.parsed,
        issuer.parsed,
        hashes.SHA1(),  # noqa: S303 - names the issuer, protects nothing
    )
    return builder.build().public_bytes(serialization.Encoding.DER)


def read_ocsp(
    der: bytes,
    leaf: Certificate,
    issuer: Certificate,
    at: datetime,
    *,
    how: How = "ocsp",
    url: str | None = None,
) -> Status:
    """Judge one OCSP response as of a moment; never raises for what is in it."""

    def unusable(fault: Fault, said: str | None = None) -> Status:
        return Status(how, "unusable", fault, url, said=said)

    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return unusable("refused", response.response_status.name.lower())
        if not _is_signed(response, issuer, at):
            return unusable("signature")
        mine = [one for one in response.responses if _is_about(one, leaf, issuer)]
        if not mine:
            return unusable("other_certificate")
        single = mine[0]
        status = Status(
            how,
            "good",
            url=url,
            this_update=single.this_update_utc,
            next_update=single.next_update_utc,
        )
        fault = _out_of_date(single.this_update_utc, single.next_update_utc, at)
        if fault is not None:
            return replace(status, state="unusable", fault=fault)
        if single.certificate_status is ocsp.OCSPCertStatus.REVOKED:
            return replace(
                status,
                state="revoked",
                revoked_at=single.revocation_time_utc,
                reason=single.revocation_reason.value if single.revocation_reason else None,
            )
        if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            return replace(status, state="unknown")
    except _BROKEN as error:
        return unusable("unreadable", str(error)[:200])
    return status


def read_crl(
    body: bytes, leaf: Certificate, issuer: Certificate, at: datetime, *, url: str | None = None
) -> Status:
    """Judge one CRL (DER or PEM) as of a moment; never raises for what is in it."""

    def unusable(fault: Fault, said: str | None = None) -> Status:
        return Status("crl", "unusable", fault, url, said=said)

    try:
        load = x509.load_pem_x509_crl if body.startswith(b"-----") else x509.load_der_x509_crl
        crl = load(body)
        if crl.issuer != issuer.parsed.subject:
            return unusable("other_issuer")
        key = issuer.parsed.public_key()
        if not isinstance(
            key,
            rsa.RSAPublicKey
            | ec.EllipticCurvePublicKey
            | ed25519.Ed25519PublicKey
            | ed448.Ed448PublicKey,
        ):
            return unusable("signature")
        spend(key)
        if not crl.is_signature_valid(key):
            return unusable("signature")
        status = Status(
            "crl",
            "good",
            url=url,
            this_update=crl.last_update_utc,
            next_update=crl.next_update_utc,
        )
        fault = _out_of_date(crl.last_update_utc, crl.next_update_utc, at)
        if fault is not None:
            return replace(status, state="unusable", fault=fault)
        entry = crl.get_revoked_certificate_by_serial_number(leaf.parsed.serial_number)
        if entry is None:
            return status
        return replace(
            status, state="revoked", revoked_at=entry.revocation_date_utc, reason=_reason(entry)
        )
    except EffortSpentError:
        return unusable("signature")
    except _BROKEN as error:
        return unusable("unreadable", str(error)[:200])


def _addresses(points: x509.CRLDistributionPoints) -> Iterable[str]:
    for point in points:
        # Lists of only some reasons, and those of another issuer, say less than all.
        if point.reasons is not None or point.crl_issuer is not None:
            continue
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier):
                yield name.value


def _out_of_date(this: datetime, following: datetime | None, at: datetime) -> Fault | None:
    if this > at + _SKEW:
        return "not_yet_valid"
    if following is not None and following < at - _SKEW:
        return "out_of_date"
    return None


def _reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, *_BROKEN):
        return None


def _is_about(single: ocsp.OCSPSingleResponse, leaf: Certificate, issuer: Certificate) -> bool:
    if single.serial_number != leaf.parsed.serial_number:
        return False
    digest = hashes.Hash(single.hash_algorithm)
    digest.update(issuer.subject_der)
    return digest.finalize() == single.issuer_name_hash


def _is_signed(response: ocsp.OCSPResponse, issuer: Certificate, at: datetime) -> bool:
    if _verifies(issuer.parsed, response):
        return True
    return any(
        _may_answer(one, issuer, at) and _verifies(one, response)
        for one in response.certificates[:4]
    )


def _may_answer(delegate: x509.Certificate, issuer: Certificate, at: datetime) -> bool:
    try:
        spend(issuer.parsed.public_key())
        delegate.verify_directly_issued_by(issuer.parsed)
        purposes = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, EffortSpentError, x509.ExtensionNotFound, *_BROKEN):
        return False
    dated = delegate.not_valid_before_utc - _SKEW <= at <= delegate.not_valid_after_utc + _SKEW
    return dated and ExtendedKeyUsageOID.OCSP_SIGNING in purposes


def _verifies(signer: x509.Certificate, response: ocsp.OCSPResponse) -> bool:
    signed, signature = response.tbs_response_bytes, response.signature
    try:
        key = signer.public_key()
        digest = response.signature_hash_algorithm
        spend(key)
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except (InvalidSignature, EffortSpentError, *_BROKEN):
        return False
    return True
