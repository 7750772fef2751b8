"""Questions and Reports for the tests of the store and the service."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.question import Question
from bot.diagnosis.report import (
    ChainCertificate,
    ClientPrediction,
    Endpoint,
    Finding,
    Fix,
    Report,
    Step,
    Target,
    Verification,
)
from bot.store import Record
from bot.store.results import question_key


def question(host: str = "shop.example.jp", typed: str | None = None, port: int = 443) -> Question:
    """What a person asks."""
    return Question(target=Target(input=typed or host, host=host, port=port))


def certificate(subject: str, *, ends: datetime | None = None) -> ChainCertificate:
    """A certificate as a server sent it, good for 41 days unless it `ends` otherwise."""
    now = datetime.now(UTC)
    return ChainCertificate(
        subject=f"CN={subject}",
        issuer="C=JP, O=Example, CN=Example Domain Secure Site CA",
        not_before=now - timedelta(days=30),
        not_after=ends or now + timedelta(days=41),
        sha256="ab" * 32,
        serial="0123456789abcdef",
        dns_names=(subject, f"www.{subject}"),
        role="leaf",
    )


def report(
    asked: Question,
    *,
    verdict: Verdict = "broken",
    cause: Cause | None = Cause.MISSING_INTERMEDIATE,
    ends: datetime | None = None,
) -> Report:
    """A Report of the size that a real check makes (about 20 kB)."""
    leaf = certificate(asked.target.host, ends=ends)
    pem = (
        "-----BEGIN CERTIFICATE-----\n" + "QUJD" * 16 + "\n"
    ) * 60 + "-----END CERTIFICATE-----\n"
    return Report(
        id=uuid4().hex,
        target=asked.target,
        checked_at=datetime.now(UTC),
        duration_ms=42,
        vantage="here",
        verdict=verdict,
        cause=cause,
        verify=Verification(code=21, message="unable to verify the first certificate"),
        findings=(
            Finding(
                code=cause or Cause.EXTRA_CERTIFICATES,
                severity="critical",
                addresses=("192.0.2.1",),
                evidence={"issuer": leaf.issuer, "sent": 1},
            ),
        ),
        endpoints=tuple(
            Endpoint(
                address=f"192.0.2.{n}",
                port=443,
                reachable=True,
                tls_version="TLSv1.3",
                cipher="TLS_AES_256_GCM_SHA384",
                chain=(leaf,) * 3,
            )
            for n in range(1, 4)
        ),
        clients=tuple(
            ClientPrediction(
                client=f"client-{n}",
                label=f"Client {n}",
                outcome="fails",
                error="SSL certificate problem: unable to get local issuer certificate",
                reason_code="no_aia",
                values={"issuer": leaf.issuer},
            )
            for n in range(20)
        ),
        fix=Fix(
            owner="server",
            steps=(Step(code="install_fullchain", command="nginx -t && nginx -s reload"),),
            fullchain_pem=pem,
            proven=True,
        ),
    )


def record(asked: Question | None = None) -> Record:
    """A Record as the service makes it."""
    asked = asked or question()
    return Record(key=question_key(asked, "here", "roots"), question=asked, report=report(asked))
