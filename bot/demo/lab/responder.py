"""What the lab's issuing CA says of its certificates: OCSP responses and a CRL, right and wrong.

The path of an address says how the answer is made, so that nothing is kept: a certificate that
names `ocsp_address("revoked")` is revoked.
"""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from bot.demo.lab.authority import AIA_HOST, Authority
from bot.demo.lab.pki import Issued, make_leaf

REVOKED_SERIAL = 0x0BAD_C0DE
"""The certificate in the issuing CA's list, and the CA in the root's."""
OCSP_PATH, CRL_PATH, ROOT_CRL_PATH = "/ocsp/", "/crl/issuing.crl", "/crl/root.crl"
CRL_ADDRESS = f"http://{AIA_HOST}{CRL_PATH}"
ROOT_CRL_ADDRESS = f"http://{AIA_HOST}{ROOT_CRL_PATH}"
SLOW_OCSP, LATE_OCSP = "slow", "late"
LATE_SECONDS = 2.5
"""Longer than any first answer waits, and half of what a download may take."""
_HOUR, _WEEK = timedelta(hours=1), timedelta(days=7)


def ocsp_address(kind: str) -> str:
    """The responder's address for certificates of one kind.

    Args:
        kind: `good`, `revoked`, `unknown`, `old` (out of date), `forged` (a signature of somebody
            else), `delegated` (signed by a responder of its own), `slow` (never answers) or `late`
            (revoked, after a while).
    """
    return f"http://{AIA_HOST}{OCSP_PATH}{kind}"


def answer_ocsp(ca: Authority, kind: str, request: bytes) -> bytes:
    """The response to a request, DER.

    Raises:
        ValueError: It is no request.
    """
    asked = ocsp.load_der_ocsp_request(request)
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        asked.issuer_name_hash,
        asked.issuer_key_hash,
        asked.serial_number,
        asked.hash_algorithm,
        *_status(kind, ca.now),
    )
    return _signed(ca, kind, builder)


def staple(ca: Authority, leaf: Issued, kind: str) -> bytes:
    """The response that a server would staple, DER."""
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf.certificate,
        ca.issuing.certificate,
        hashes.SHA1(),  # noqa: S303 - names the issuer, protects nothing
        *_status(kind, ca.now),
    )
    return _signed(ca, kind, builder)


def crl(ca: Authority) -> bytes:
    """The issuing CA's list, DER: one certificate is in it."""
    return _list_of(ca.issuing, ca.now)


def root_crl(ca: Authority) -> bytes:
    """The root's list, DER: one CA is in it."""
    return _list_of(ca.root, ca.now)


def _list_of(issuer: Issued, now: datetime) -> bytes:
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(REVOKED_SERIAL)
        .revocation_date(now - _HOUR)
        .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        .build()
    )
    built = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now - _HOUR)
        .next_update(now + _WEEK)
        .add_revoked_certificate(entry)
        .sign(issuer.key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.DER)


_Status = tuple[
    ocsp.OCSPCertStatus, datetime, datetime | None, datetime | None, x509.ReasonFlags | None
]


def _status(kind: str, now: datetime) -> _Status:
    this, following = now - _HOUR, now + _WEEK
    if kind == "old":
        this, following = now - 2 * _WEEK, now - _WEEK
    if kind in ("revoked", LATE_OCSP):
        state = ocsp.OCSPCertStatus.REVOKED
        return state, this, following, now - _HOUR, x509.ReasonFlags.key_compromise
    if kind == "unknown":
        return ocsp.OCSPCertStatus.UNKNOWN, this, following, None, None
    return ocsp.OCSPCertStatus.GOOD, this, following, None, None


def _signed(ca: Authority, kind: str, builder: ocsp.OCSPResponseBuilder) -> bytes:
    signer = ca.issuing
    if kind == "forged":
        signer = ca.private_issuing
    elif kind == "delegated":
        signer = make_leaf(
            ca.issuing,
            f"ocsp.{AIA_HOST}",
            now=ca.now,
            extended_key_usage=[ExtendedKeyUsageOID.OCSP_SIGNING],
        )
        builder = builder.certificates([signer.certificate])
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    response = builder.sign(signer.key, hashes.SHA256())
    return response.public_bytes(serialization.Encoding.DER)
