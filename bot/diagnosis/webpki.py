"""A second opinion on a chain: the Web-PKI verifier of `cryptography`, and OpenSSL when strict.

Both are stricter than what most clients do. What they refuse and OpenSSL's default accepts is
refused by some client: Python since 3.13 (OpenSSL's strict checks), browsers, Go or rustls (Web
PKI). Pure: certificates in, words out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Literal

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from bot.diagnosis.certificate import Certificate
from bot.diagnosis.path import Path
from bot.diagnosis.trust import TrustStore

By = Literal["web_pki", "strict"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Who refuses, and in which words."""

    by: By
    error: str


def second_opinions(
    path: Path, sent: Sequence[Certificate], host: str, at: datetime, trust: TrustStore
) -> tuple[Refusal, ...]:
    """What the stricter verifiers have against a path that OpenSSL accepts.

    Args:
        path: The path that OpenSSL accepts.
        sent: All that was sent; another path may be hidden in it.
        host: The name or the address that the certificate is for.
        at: The moment to judge by.
        trust: The anchors.
    """
    found = []
    error = web_pki_error(path.certificates, host, at)
    if error is not None and set(sent) - set(path.certificates):
        others = dict.fromkeys((path.certificates[0], *sent[1:_MOST_OTHERS]))
        error = web_pki_error((*others, path.certificates[-1]), host, at)
    if error is not None:
        found.append(Refusal("web_pki", error))
    below = path.certificates[:-1] or path.certificates
    strict = trust.verify(below, at, partial=True, strict=True)
    if not strict.ok:
        found.append(Refusal("strict", strict.message))
    return tuple(found)


_MOST_OTHERS = 12


def web_pki_error(path: Sequence[Certificate], host: str, at: datetime) -> str | None:
    """Why the Web-PKI verifier refuses this path (anchor last); None when it accepts it."""
    try:
        verifier = (
            PolicyBuilder()
            .store(Store([path[-1].parsed]))
            .time(at.astimezone(UTC))
            .build_server_verifier(_subject(host))
        )
        verifier.verify(path[0].parsed, [one.parsed for one in path[1:-1]])
    except (VerificationError, ValueError, TypeError) as error:
        return _reason(str(error))
    return None


def _subject(host: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _reason(text: str) -> str:
    # "validation failed: candidates exhausted: … (encountered processing <Certificate(…)>)"
    inner = text.removeprefix("validation failed: ")
    return inner.split(" (encountered processing", 1)[0].strip()[:200]
