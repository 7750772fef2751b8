"""Trust anchors, and what OpenSSL says of a chain under them. No I/O beyond reading certifi's file.

A `TrustStore` is built once and shared: it never changes. OpenSSL's opinion comes from its own
verifier (`X509_verify_cert`), so code and text are those that `openssl verify` prints.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
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
        # OpenSSL ends a chain at an anchor that is not self-issued only when told to.
        self.has_partial_anchors = any(not one.self_issued for one in self.anchors)
        self._by_subject: dict[bytes, list[Certificate]] = defaultdict(list)
        self._by_name: dict[str, list[Certificate]] = defaultdict(list)
        for one in self.anchors:
            self._by_subject[one.subject_der].append(one)
            self._by_name[_folded(one.subject)].append(one)

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate in self._known

    def issuers_of(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """The anchors whose name and key really signed this certificate."""
        return tuple(
            one
            for one in self._by_subject.get(certificate.issuer_der, ())
            if issued_by(certificate, one)
        )

    def verify(
        self,
        chain: Sequence[Certificate],
        at: datetime,
        *,
        partial: bool = False,
        strict: bool = False,
    ) -> OpenSSLVerdict:
        """What `openssl verify -untrusted <rest> <first>` says as of `at` (UTC-aware).

        Purpose and host name are not part of it, as they are not in `openssl verify` by default.
        The first error is given, which is the line that curl, Python and Ruby print.

        Args:
            chain: The server's own certificate first.
            at: The moment to judge by.
            partial: Let the chain end at any anchor, self-signed or not (`-partial_chain`; the
                default of curl since 7.68, Python since 3.13, Go and browsers).
            strict: Hold the chain to RFC 5280's profile (`-x509_strict`; Python since 3.13).
        """
        # A store of its own for each verification: the time of one can be set only once
        # (X509_VERIFY_PARAM_inherit keeps the first), and one with a few anchors costs little.
        store = crypto.X509Store()
        for one in self.concerned(chain):
            store.add_cert(one.openssl)
        store.set_time(at.astimezone(UTC))
        if partial or strict:
            flags = crypto.X509StoreFlags
            store.set_flags(
                (flags.PARTIAL_CHAIN if partial else 0) | (flags.X509_STRICT if strict else 0)
            )
        context = crypto.X509StoreContext(
            store, chain[0].openssl, [one.openssl for one in chain[1:]] or None
        )
        try:
            context.verify_certificate()
        except crypto.X509StoreContextError as error:
            code, depth, message = error.errors[:3]
            return OpenSSLVerdict(int(code), str(message), int(depth))
        return OpenSSLVerdict(0, "ok", 0)

    def concerned(self, chain: Sequence[Certificate]) -> tuple[Certificate, ...]:
        """The anchors that OpenSSL can come upon: it looks for them by name.

        Two stores that have the same ones say the same of this chain.
        """
        names = [text for one in chain for text in (one.subject, one.issuer)]
        found: dict[Certificate, None] = {}
        while names:
            for one in self._by_name.get(_folded(names.pop()), ()):
                if one not in found:
                    found[one] = None
                    names.append(one.issuer)
        return tuple(found)


def _folded(text: str) -> str:
    # OpenSSL compares names without case, string type and repeated spaces (x509_name_canon).
    return " ".join(text.lower().split())


@cache
def _public_roots() -> frozenset[str]:
    return frozenset(one.sha256 for one in trust_store().anchors)


def is_public_root(certificate: Certificate) -> bool:
    """Whether it is one of Mozilla's roots (certifi's list)."""
    return certificate.sha256 in _public_roots()


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
    anchors = read_pem_certificates(text.encode(errors="replace"))
    if extra_pem is not None:
        anchors += read_pem_certificates(extra_pem.encode(errors="replace"))
    if not anchors:
        reason = "no certificate in it"
        raise MalformedCertificateError(reason)
    return TrustStore(anchors)
