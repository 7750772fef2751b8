"""Certificates that were revoked, and what can be wrong with the answers about that."""

from cryptography import x509

from bot.demo.lab.authority import Authority
from bot.demo.lab.pki import make_intermediate
from bot.demo.lab.responder import (
    CRL_ADDRESS,
    REVOKED_SERIAL,
    ROOT_CRL_ADDRESS,
    ocsp_address,
    staple,
)
from bot.demo.lab.scenario import Build, Scenario
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause

_MUST_STAPLE = (x509.TLSFeature([x509.TLSFeatureType.status_request]), False)


def _listed_at(address: str) -> tuple[x509.CRLDistributionPoints, bool]:
    point = x509.DistributionPoint(
        full_name=[x509.UniformResourceIdentifier(address)],
        relative_name=None,
        reasons=None,
        crl_issuer=None,
    )
    return x509.CRLDistributionPoints([point]), False


_LISTED = _listed_at(CRL_ADDRESS)


def _asked(kind: str) -> Build:
    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        return (TlsServer((ca.leaf(host, ocsp=[ocsp_address(kind)]), ca.issuing)),)

    return build


def _in_list(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf(host, serial=REVOKED_SERIAL, extensions=[_LISTED])
    return (TlsServer((leaf, ca.issuing)),)


def _not_in_list(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host, extensions=[_LISTED]), ca.issuing)),)


def _revoked_ca(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    issuing = make_intermediate(
        ca.root,
        "tlscheck Lab Issuing CA X1",
        now=ca.now,
        serial=REVOKED_SERIAL,
        extensions=[_listed_at(ROOT_CRL_ADDRESS)],
    )
    return (TlsServer((ca.leaf_from(issuing, host), issuing)),)


def _stapled(kind: str | None, *, must: bool = False) -> Build:
    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        leaf = ca.leaf(host, extensions=[_MUST_STAPLE] if must else [])
        answer = staple(ca, leaf, kind) if kind else None
        return (TlsServer((leaf, ca.issuing), staple=answer),)

    return build


SCENARIOS = (
    Scenario(
        name="revoked-ocsp",
        cause=Cause.REVOKED,
        verdict="broken",
        title="Revoked, says the CA's responder (OCSP)",
        title_ja="失効済み（OCSPで確認）",
        story="The key had leaked; the new certificate was issued and never installed.",
        build=_asked("revoked"),
    ),
    Scenario(
        name="revoked-crl",
        cause=Cause.REVOKED,
        verdict="broken",
        title="Revoked, says the CA's list (CRL)",
        title_ja="失効済み（CRLで確認）",
        story="The CA had to revoke a batch within 24 hours; the mail about it went to a leaver.",
        build=_in_list,
    ),
    Scenario(
        name="revoked-stapled",
        cause=Cause.REVOKED,
        verdict="broken",
        title="Sends the proof that it was revoked",
        title_ja="失効の証明を自分で送っている（OCSPステープリング）",
        story="The server fetches its own OCSP answer and passes it on, whatever it says.",
        build=_stapled("revoked"),
    ),
    Scenario(
        name="revoked-intermediate",
        cause=Cause.REVOKED,
        verdict="broken",
        title="The intermediate CA was revoked",
        title_ja="中間CA証明書が失効済み",
        story="The CA had issued from it against the rules, and had to withdraw the CA itself.",
        build=_revoked_ca,
    ),
    Scenario(
        name="must-staple-missing",
        cause=Cause.OCSP_PROBLEM,
        verdict="broken",
        title="Promises a stapled answer and sends none",
        title_ja="Must-Stapleなのにステープリングがない",
        story="nginx staples only from the second connection after each reload on.",
        build=_stapled(None, must=True),
    ),
    Scenario(
        name="must-staple",
        cause=None,
        verdict="ok",
        title="Promises a stapled answer and sends it",
        title_ja="Must-Stapleに正しく対応（正常）",
        story="Stapling as it is meant.",
        build=_stapled("good", must=True),
    ),
    Scenario(
        name="staple-out-of-date",
        cause=Cause.OCSP_PROBLEM,
        verdict="warning",
        title="Staples an answer that is out of date",
        title_ja="期限切れのOCSP応答を送っている",
        story="The server may no longer reach the responder, and sends its last answer for weeks.",
        build=_stapled("old"),
    ),
    Scenario(
        name="ocsp-forged",
        cause=None,
        verdict="ok",
        title="The OCSP answer has a wrong signature",
        title_ja="OCSP応答の署名が不正",
        story="Somebody on the way answers for the CA; nobody takes that for an answer.",
        build=_asked("forged"),
    ),
    Scenario(
        name="ocsp-delegated",
        cause=None,
        verdict="ok",
        title="The OCSP answer comes from a responder of its own",
        title_ja="委任されたOCSPレスポンダー（正常）",
        story="CAs keep the issuing key offline, and give responders a certificate for answering.",
        build=_asked("delegated"),
    ),
    Scenario(
        name="ocsp-slow",
        cause=None,
        verdict="ok",
        title="The OCSP responder never answers",
        title_ja="OCSPレスポンダーが応答しない",
        story="The check must not wait for a responder that hangs.",
        build=_asked("slow"),
    ),
    Scenario(
        name="revoked-late",
        cause=Cause.REVOKED,
        verdict="broken",
        title="Revoked, says a responder that takes its time",
        title_ja="失効済み（レスポンダーの応答が遅い）",
        story="The first answer does not wait; the second one corrects it.",
        build=_asked("late"),
        judged=False,
    ),
    Scenario(
        name="crl-only",
        cause=None,
        verdict="ok",
        title="Has a CRL and no OCSP address",
        title_ja="OCSPなし、CRLのみ（正常）",
        story="Since 2025 Let's Encrypt names no responder; nothing is missing.",
        build=_not_in_list,
    ),
)
