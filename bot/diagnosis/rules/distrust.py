"""The CA is in trust stores, but some clients distrust what it issued after a certain day.

They go by the earliest signed certificate timestamp (RFC 6962); where there is none, by the start
of the validity.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.report import Finding
from bot.diagnosis.rules.extensions import extension
from bot.diagnosis.view import View


@dataclass(frozen=True, slots=True)
class _Distrust:
    """Anchors by their names, the last trusted moment, and who holds to it.

    `breaks` are the clients of the table, `who` is what people call them.
    """

    anchors: frozenset[str]
    last: datetime
    breaks: tuple[str, ...]
    who: str


# Google's security blog of 2024-06 (Entrust) and 2025-05 (Chunghwa, NetLock); Oracle's and Red
# Hat's release notes of the JDK for Entrust and Camerfirma.
_DISTRUSTED: tuple[_Distrust, ...] = (
    _Distrust(
        frozenset(
            {
                "Entrust Root Certification Authority",
                "Entrust Root Certification Authority - EC1",
                "Entrust Root Certification Authority - G2",
                "Entrust Root Certification Authority - G4",
                "Entrust.net Certification Authority (2048)",
                "AffirmTrust Commercial",
                "AffirmTrust Networking",
                "AffirmTrust Premium",
                "AffirmTrust Premium ECC",
            }
        ),
        datetime(2024, 11, 11, 23, 59, 59, tzinfo=UTC),
        ("chrome", "java", "java-aia"),
        "Chrome 131, Java",
    ),
    _Distrust(
        frozenset(
            {
                "ePKI Root Certification Authority",
                "HiPKI Root CA - G1",
                "NetLock Arany (Class Gold) Főtanúsítvány",
            }
        ),
        datetime(2025, 7, 31, 23, 59, 59, tzinfo=UTC),
        ("chrome",),
        "Chrome 139",
    ),
    _Distrust(
        frozenset({"Chambers of Commerce Root - 2008", "Global Chambersign Root - 2008"}),
        datetime(2025, 4, 15, 23, 59, 59, tzinfo=UTC),
        ("java", "java-aia"),
        "Java",
    ),
)


def find(view: View) -> Iterator[Finding]:
    """Find a leaf that was issued too late under such an anchor."""
    leaf, path = view.leaf, view.path
    if leaf is None or path is None:
        return
    anchor = path.certificates[-1]
    issued = issued_at(leaf)
    for one in _DISTRUSTED:
        if anchor.subject_name not in one.anchors or issued <= one.last:
            continue
        evidence: dict[str, JsonValue] = {
            "rule": "distrusted",
            "root": anchor.subject_name,
            "subject": anchor.subject,
            "sha256": anchor.sha256,
            "certain": True,
            "issued": issued.date().isoformat(),
            "last": one.last.date().isoformat(),
            "who": one.who,
            "breaks": list(one.breaks),
        }
        yield Finding(code=Cause.UNTRUSTED_ROOT, severity="warning", evidence=evidence)


def issued_at(leaf: Certificate) -> datetime:
    """When it was issued: the earliest of its timestamps from logs, else the start of validity."""
    stamps = extension(leaf, x509.PrecertificateSignedCertificateTimestamps)
    found = [one.timestamp.replace(tzinfo=UTC) for one in stamps or ()]
    return min(found, default=leaf.not_before)
