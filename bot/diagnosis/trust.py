"""Trust anchors, and what OpenSSL says of a chain under them. No I/O beyond reading certifi's file.

A `TrustStore` is built once and shared: it never changes. OpenSSL's opinion comes from its own
verifier (`X509_verify_cert`), so code and text are those that `openssl verify` prints.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import certifi
from OpenSSL import crypto

from bot.diagnosis.certificate import (
    Certificate,
    MalformedCertificateError,
    issued_by,
    read_pem_certificates,
)


@dataclass(frozen=True, slots=True)
class OpenSSLVerdict:
    """X509_V_ERR number, its text, and the depth at which it arose (0 is the server's own)."""

    code: int
    message: str
    depth: int

    @property
    def ok(self) -> bool:
        """Whether verification passed."""
        return self.code == 0


class TrustStore:
    """A set of trust anchors."""

    def __init__(self, anchors: Sequence[Certificate]) -> None:
        """Take the anchors as they are; dates and constraints are looked at when verifying."""
        self.anchors = tuple(dict.fromkeys(anchors))
        self.digest = hashlib.sha256(
            "".join(sorted(one.sha256 for one in self.anchors)).encode()
        ).hexdigest()
        self._known = frozenset(self.anchors)
        self._by_subject: dict[bytes, list[Certificate]] = defaultdict(list)
        self._store = crypto.X509Store()
        for one in self.anchors:
            self._by_subject[one.subject_der].append(one)
            self._store.add_cert(crypto.X509.from_cryptography(one.parsed))

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate in self._known

    def issuers_of(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """The anchors whose name and key really signed this certificate."""
        return tuple(
            one
            for one in self._by_subject.get(certificate.issuer_der, ())
            if issued_by(certificate, one)
        )

    def verify(self, chain: Sequence[Certificate], at: datetime) -> OpenSSLVerdict:
        """What `openssl verify -untrusted <rest> <first>` says as of `at` (UTC-aware).

        Purpose and host name are not part of it, as they are not in `openssl verify` by default.
        The first error is given, which is the line that curl, Python and Ruby print.
        """
        self._store.set_time(at.astimezone(UTC))
        context = crypto.X509StoreContext(
            self._store, _as_openssl(chain[0]), [_as_openssl(one) for one in chain[1:]] or None
        )
        try:
            context.verify_certificate()
        except crypto.X509StoreContextError as error:
            code, depth, message = error.errors[:3]
            return OpenSSLVerdict(int(code), str(message), int(depth))
        return OpenSSLVerdict(0, "ok", 0)


@lru_cache(maxsize=512)
def _as_openssl(certificate: Certificate) -> crypto.X509:
    return crypto.X509.from_cryptography(certificate.parsed)


@lru_cache(maxsize=8)
def trust_store(roots_pem: str | None = None, extra_pem: str | None = None) -> TrustStore:
    """The trust anchors to judge by.

    Args:
        roots_pem: Exactly these, in place of certifi's.
        extra_pem: The company's own, beside the others.

    Raises:
        MalformedCertificateError: A PEM text holds no certificate or an unreadable one.
    """
    text = Path(certifi.where()).read_text(encoding="utf-8") if roots_pem is None else roots_pem
    anchors = read_pem_certificates(text.encode())
    if extra_pem is not None:
        anchors += read_pem_certificates(extra_pem.encode())
    if not anchors:
        reason = "no certificate in it"
        raise MalformedCertificateError(reason)
    return TrustStore(anchors)
