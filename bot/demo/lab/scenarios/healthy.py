"""Servers that work everywhere today, in some of the shapes that may look otherwise."""

from OpenSSL import SSL

from bot.demo.lab.authority import DOMAIN, Authority
from bot.demo.lab.scenario import Scenario
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause


def _healthy(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.issuing)),)


def _tls13_only(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.issuing), lowest=SSL.TLS1_3_VERSION),)


def _idn(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf(host, names=[host, f"idn.{DOMAIN}"])
    return (TlsServer((leaf, ca.issuing)),)


def _wrong_order(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf_from(ca.issuing_deep, host)
    return (TlsServer((leaf, ca.policy, ca.issuing_deep)),)


def _extra_certificates(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf(host)
    return (TlsServer((leaf, ca.issuing, ca.issuing, ca.unrelated, ca.private_root, ca.root)),)


SCENARIOS = (
    Scenario(
        name="healthy",
        cause=None,
        verdict="ok",
        title="Everything is right",
        title_ja="正常なサーバー",
        story="The server as it should be: its certificate and the intermediate, renewed in time.",
        build=_healthy,
    ),
    Scenario(
        name="tls13-only",
        cause=None,
        verdict="ok",
        title="Speaks TLS 1.3 and nothing older",
        title_ja="TLS 1.3 だけを受け付ける",
        story="A hardened service that has switched off everything before TLS 1.3.",
        build=_tls13_only,
    ),
    Scenario(
        name="idn",
        label="xn--wgv71a119e",
        cause=None,
        verdict="ok",
        title="A Japanese host name, and all is well",
        title_ja="日本語ドメイン名（正常）",
        story="People paste 日本語.lab.test; certificates and SNI carry the name as xn--wgv71a119e.",
        build=_idn,
    ),
    Scenario(
        name="wrong-order",
        cause=Cause.WRONG_CHAIN_ORDER,
        verdict="warning",
        proven=True,
        title="Right certificates, wrong order",
        title_ja="証明書チェーンの順序が逆",
        story="The bundle was put together by hand, root side first; current clients sort it out.",
        build=_wrong_order,
    ),
    Scenario(
        name="extra-certificates",
        cause=Cause.EXTRA_CERTIFICATES,
        verdict="warning",
        proven=True,
        title="Sends certificates that nobody needs",
        title_ja="不要な証明書まで送っている",
        story="Every file the CA ever mailed went into the bundle: a duplicate, strangers, the root.",
        build=_extra_certificates,
    ),
)
