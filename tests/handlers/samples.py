"""Reports as the engine would return them, and a vantage that returns them when it is told to."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count

from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.report import (
    ChainCertificate,
    ClientPrediction,
    Endpoint,
    Finding,
    Fix,
    PathCertificate,
    Report,
    Step,
    Verification,
)
from bot.texts.catalogue import Lang

CHECKED = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PEM = "-----BEGIN CERTIFICATE-----\n" + "QUJD" * 16 + "\n-----END CERTIFICATE-----\n"

_numbers = count(1)


def certificate(
    name: str, issuer: str, *, at: datetime = CHECKED, days: int = 41, role: str = "leaf"
) -> ChainCertificate:
    """A certificate with `days` left."""
    return ChainCertificate.model_validate(
        {
            "subject": f"CN={name}",
            "issuer": f"CN={issuer}",
            "not_before": at - timedelta(days=50),
            "not_after": at + timedelta(days=days),
            "sha256": name.encode().hex().ljust(64, "0")[:64],
            "serial": "0a",
            "dns_names": (name,) if role == "leaf" else (),
            "role": role,
        }
    )


def missing_intermediate(question: Question, *, at: datetime = CHECKED) -> Report:
    """The story: the server sends its own certificate only."""
    leaf = certificate(question.target.host, "FujiSSL SHA2 Domain Secure Site CA", at=at)
    return Report(
        id=f"r{next(_numbers)}",
        target=question.target,
        checked_at=at,
        duration_ms=180,
        vantage="here",
        verdict="broken",
        cause=Cause.MISSING_INTERMEDIATE,
        verify=Verification(code=21, message="unable to verify the first certificate"),
        findings=(
            Finding(
                code=Cause.MISSING_INTERMEDIATE,
                severity="critical",
                addresses=("203.0.113.7",),
                evidence={"sent": 1, "missing": "CN=FujiSSL SHA2 Domain Secure Site CA"},
            ),
            Finding(code=Cause.EXPIRING_SOON, severity="warning"),
        ),
        endpoints=tuple(
            Endpoint(
                address=address,
                port=question.target.port,
                reachable=True,
                tls_version="TLSv1.3",
                cipher="TLS_AES_256_GCM_SHA384",
                verify=Verification(code=21, message="unable to verify the first certificate"),
                chain=(leaf,),
            )
            for address in ("203.0.113.7", "203.0.113.8")
        ),
        path=(
            PathCertificate(subject=leaf.subject, sha256=leaf.sha256, source="server"),
            PathCertificate(
                subject="CN=FujiSSL SHA2 Domain Secure Site CA", sha256="b" * 64, source="aia"
            ),
            PathCertificate(
                subject="CN=Security Communication RootCA2", sha256="c" * 64, source="roots"
            ),
        ),
        clients=(
            ClientPrediction(
                client="curl",
                label="curl",
                outcome="fails",
                error="curl: (60) SSL certificate problem: unable to get local issuer certificate",
                reason_code="no_aia",
            ),
            ClientPrediction(
                client="java",
                label="Java",
                outcome="fails",
                error="PKIX path building failed",
                reason_code="no_aia",
            ),
            ClientPrediction(
                client="chrome", label="Chrome", outcome="works", reason_code="fetches"
            ),
        ),
        fix=Fix(
            owner="server",
            steps=(
                Step(code="install", command="ssl_certificate /etc/nginx/tls/fullchain.pem;"),
                Step(code="prove", command="openssl s_client -connect shop.example.jp:443"),
            ),
            fullchain_pem=PEM * 2,
            proven=True,
        ),
    )


def at_many_addresses(report: Report) -> Report:
    """The same at far more addresses than one page takes."""
    one = report.endpoints[0]
    endpoints = tuple(one.model_copy(update={"address": f"203.0.113.{n}"}) for n in range(1, 120))
    return report.model_copy(update={"endpoints": endpoints})


def fine(question: Question, *, at: datetime = CHECKED) -> Report:
    """The end of the story: leaf and intermediate are sent."""
    broken = missing_intermediate(question, at=at)
    name = "FujiSSL SHA2 Domain Secure Site CA"
    sent = certificate(name, "Security Communication RootCA2", at=at, role="intermediate")
    return broken.model_copy(
        update={
            "verdict": "ok",
            "cause": None,
            "verify": Verification(code=0, message="ok"),
            "findings": (),
            "endpoints": tuple(
                one.model_copy(update={"chain": (*one.chain, sent)}) for one in broken.endpoints
            ),
            "clients": (),
            "fix": None,
        }
    )


def phrase(report: Report, lang: Lang, _zone: tzinfo = UTC) -> Report:
    """Texts of a length as the real ones have, in either language."""
    if lang == "ja":
        title, summary = (
            "中間CA証明書が送信されていません",
            "サーバーが中間CA証明書を送っていません。",
        )
    else:
        title = "the server does not send its intermediate certificate"
        summary = "The server sends its own certificate only; the intermediate is missing."
    return report.model_copy(
        update={
            "summary": summary,
            "findings": tuple(
                one.model_copy(
                    update={"title": title, "detail": f"{one.code}: seen at 2 addresses"}
                )
                for one in report.findings
            ),
            "clients": tuple(
                one.model_copy(update={"reason": f"because: {one.reason_code}"})
                for one in report.clients
            ),
            "fix": report.fix
            and report.fix.model_copy(
                update={
                    "steps": tuple(
                        one.model_copy(update={"title": f"Do: {one.code}", "text": "Like this:"})
                        for one in report.fix.steps
                    )
                }
            ),
        }
    )


class CannedVantage:
    """Answers with a Report, at once or when `gate` opens."""

    name = "here"

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[Question] = []
        self.cancelled = 0
        self.error: Exception | None = None
        self.no_chain = False
        self.mended = False
        self.shape: Callable[[Report], Report] = lambda report: report

    def roots_digest(self, question: Question) -> str:
        """Always the same roots."""
        return "roots"

    async def check(self, question: Question) -> Report:
        """The canned Report."""
        self.asked.append(question)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        if self.mended:
            return fine(question, at=self.clock())
        report = self.shape(missing_intermediate(question, at=self.clock()))
        return report.model_copy(update={"fix": None}) if self.no_chain else report

    async def later(self, report: Report) -> Report | None:
        """Nothing is open."""
        return None

    async def aclose(self) -> None:
        """Nothing to release."""
