"""Servers with an ECDSA and an RSA certificate, which different clients are given."""

from datetime import timedelta

from bot.demo.lab.authority import Authority
from bot.demo.lab.pki import Issued
from bot.demo.lab.scenario import Build, Scenario
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause


def _both(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.issuing), also=ca.leaf(host, key=ca.rsa_key)),)


def _old_rsa(ca: Authority, host: str) -> Issued:
    return ca.leaf(
        host,
        key=ca.rsa_key,
        not_before=ca.now - timedelta(days=92),
        not_after=ca.now - timedelta(days=2),
    )


def _rsa_expired(*, own_order: bool) -> Build:
    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        chain = (ca.leaf(host), ca.issuing)
        return (TlsServer(chain, also=_old_rsa(ca, host), own_order=own_order),)

    return build


def _rsa_incomplete(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    moved = ca.leaf_from(ca.unrelated, host, key=ca.rsa_key)
    return (TlsServer((ca.leaf(host), ca.issuing), also=moved),)


def _ecdsa_expired(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    old = ca.leaf(
        host,
        not_before=ca.now - timedelta(days=92),
        not_after=ca.now - timedelta(days=2),
    )
    return (TlsServer((old, ca.issuing), also=ca.leaf(host, key=ca.rsa_key)),)


SCENARIOS = (
    Scenario(
        name="two-certificates",
        cause=None,
        verdict="ok",
        title="An ECDSA and an RSA certificate, both good",
        title_ja="ECDSAとRSAの2枚の証明書（どちらも正常）",
        story="One certificate for today's clients and one for those of ten years ago.",
        build=_both,
    ),
    Scenario(
        name="rsa-certificate-expired",
        cause=Cause.EXPIRED,
        verdict="broken",
        title="The RSA certificate beside the ECDSA one has expired",
        title_ja="2枚の証明書のうちRSAだけ期限切れ",
        story="Browsers are given the ECDSA certificate; git, wget and Go name RSA first and fail.",
        build=_rsa_expired(own_order=False),
    ),
    Scenario(
        name="rsa-certificate-expired-unseen",
        cause=Cause.EXPIRED,
        verdict="warning",
        title="The RSA certificate has expired, and only old clients are given it",
        title_ja="RSA証明書が期限切れだが、古いクライアントにしか渡らない",
        story="The server prefers ECDSA by itself; a machine without it calls once a month.",
        build=_rsa_expired(own_order=True),
    ),
    Scenario(
        name="rsa-certificate-incomplete",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="The RSA certificate comes without its intermediate",
        title_ja="RSA証明書だけ中間CA証明書が不足",
        story="The RSA certificate was moved to another CA, the chain file was not.",
        build=_rsa_incomplete,
        proven=True,
    ),
    Scenario(
        name="ecdsa-certificate-expired",
        cause=Cause.EXPIRED,
        verdict="broken",
        title="The ECDSA certificate beside the RSA one has expired",
        title_ja="2枚の証明書のうちECDSAだけ期限切れ",
        story="Two jobs renew two certificates, and one has failed; git and Go still work.",
        build=_ecdsa_expired,
    ),
)
