"""Reports as places give them, made by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.compare import Comparison, Seen, judge
from bot.diagnosis.causes import Cause, Severity, Verdict
from bot.diagnosis.report import (
    ChainCertificate,
    ClientPrediction,
    Endpoint,
    Finding,
    MachineTrust,
    PathCertificate,
    Report,
    Role,
    Target,
    Verification,
)
from bot.worker.machine import Machine
from bot.worker.presence import Presence

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TARGET = Target(input="shop.example.jp", host="shop.example.jp", port=443)
ISRG_X1 = "96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6"
OUTSIDE, INSIDE = "203.0.113.9", "10.0.3.7"
_UNREACHABLE = {
    Cause.DNS_FAILURE,
    Cause.EGRESS_DENIED,
    Cause.CONNECTION_REFUSED,
    Cause.CONNECTION_RESET,
    Cause.TIMEOUT,
}


def certificate(
    name: str, issuer: str = "R11", days: int = 41, role: Role = "leaf"
) -> ChainCertificate:
    """A certificate; its fingerprint goes by its name."""
    return ChainCertificate(
        subject=f"CN={name}",
        name=name,
        issuer=f"CN={issuer}",
        issuer_name=issuer,
        not_before=NOW - timedelta(days=90 - days),
        not_after=NOW + timedelta(days=days),
        sha256=name.encode().hex().ljust(64, "0")[:64],
        serial="1",
        role=role,
    )


LEAF = certificate("shop.example.jp")
R11 = certificate("R11", "ISRG Root X1", 900, "intermediate")


def report(
    vantage: str,
    *addresses: str,
    cause: Cause | None = None,
    severity: Severity = "critical",
    chain: tuple[ChainCertificate, ...] = (LEAF, R11),
    evidence: dict[str, Any] | None = None,
    more: tuple[Finding, ...] = (),
    machine: tuple[MachineTrust, ...] = (),
    clients: tuple[ClientPrediction, ...] = (),
    root: str | None = ISRG_X1,
    accused: tuple[str, ...] | None = None,
    at: datetime = NOW,
    **of_endpoint: Any,
) -> Report:
    """What a place says of the server."""
    places = addresses or (OUTSIDE,)
    verdict: Verdict = "ok"
    findings: tuple[Finding, ...] = ()
    if cause is not None:
        verdict = "warning" if severity == "warning" else "broken"
        shown = () if cause is Cause.DNS_FAILURE else accused or places
        findings = (
            Finding(code=cause, severity=severity, addresses=shown, evidence=evidence or {}),
        )
        if cause in _UNREACHABLE and not of_endpoint.get("tls_version"):
            verdict, chain, root = "unreachable", (), None
    endpoints = tuple(
        Endpoint(
            address=address,
            port=443,
            reachable=verdict != "unreachable",
            chain=chain,
            **of_endpoint,
        )
        for address in places
        if cause is not Cause.DNS_FAILURE
    )
    path = None
    if root is not None:
        path = (
            PathCertificate(subject=f"CN={LEAF.name}", sha256=LEAF.sha256, source="server"),
            PathCertificate(
                subject="CN=root",
                name="ISRG Root X1" if root == ISRG_X1 else root,
                sha256=root,
                source="roots",
            ),
        )
    return Report(
        id=f"id-{vantage}",
        target=TARGET,
        checked_at=at,
        duration_ms=100,
        vantage=vantage,
        verdict=verdict,
        cause=cause,
        findings=(*findings, *more),
        endpoints=endpoints,
        path=path,
        machine=machine,
        clients=clients,
    )


def bundle(
    *, lacks: str | None = None, year: int | None = None, code: int | None = None
) -> MachineTrust:
    """What the system's CA bundle says; by default it is fine."""
    number = code if code is not None else (20 if lacks else 0)
    return MachineTrust(
        store="/etc/ssl/certs/ca-certificates.crt",
        kind="system",
        roots=120,
        since=date(year, 1, 1) if year else None,
        until=date(year, 6, 1) if year else None,
        verify=Verification(code=number, message="unable to get local issuer certificate"),
        lacks=lacks,
        lacks_sha256=ISRG_X1 if lacks else None,
    )


def presence(vantage: str, offset: float = 0.0, **said: Any) -> Presence:
    """What a place says of itself."""
    openssl = said.pop("openssl", "OpenSSL 3.0.19 27 Jan 2026")
    machine = Machine(
        host="m", system="Linux", python="3.11.7", python_openssl="OpenSSL 3", openssl=openssl
    )
    return Presence(
        id="0" * 32,
        vantage=vantage,
        roots_digest="d",
        signed=False,
        at_once=10,
        clock_offset=offset,
        machine=machine,
        **said,
    )


def seen(one: Report | str, *, failure: Any = None, of: Presence | None = None) -> Seen:
    """What a place answered; a name for one that did not."""
    if isinstance(one, str):
        return Seen(vantage=one, failure=failure or "silent", presence=of)
    own = one.vantage == "office"
    place = of or (None if own else presence(one.vantage))
    return Seen(vantage=one.vantage, own=own, report=one, source="fresh", presence=place)


def compared(*ones: Report | Seen) -> Comparison:
    """The comparison of what places answered."""
    places = [one if isinstance(one, Seen) else seen(one) for one in ones]
    return judge(TARGET, places, NOW)
