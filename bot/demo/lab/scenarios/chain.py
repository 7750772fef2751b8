"""Servers that send another chain than clients need."""

from datetime import timedelta

from cryptography import x509

from bot.demo.lab.aia import DEAD, SLOW, TO_METADATA
from bot.demo.lab.authority import Authority
from bot.demo.lab.pki import make_intermediate, make_leaf, name
from bot.demo.lab.scenario import Build, Scenario
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause

_HOSTILE = "<!channel> *bold* `code` <https://evil.example|click> \u202egpj.exe\u202c\nsecond line"


def _missing_with_aia(*addresses: str) -> Build:
    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        return (TlsServer((ca.leaf(host, ca_issuers=addresses),)),)

    return build


def _missing_intermediate(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host),)),)


def _missing_two(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf_from(ca.issuing_deep, host),)),)


def _cn_injection(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host, subject=name(host, organization=_HOSTILE)),)),)


def _wrong_intermediate(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.issuing_before)),)


def _unrelated_intermediate(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.unrelated)),)


def _expired_intermediate(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf_from(ca.reissued, host), ca.issuing_expired)),)


def _untrusted_root(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf_from(ca.private_issuing, host, policies=[])
    return (TlsServer((leaf, ca.private_issuing, ca.private_root)),)


def _untrusted_root_not_sent(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf_from(ca.private_issuing, host, policies=[])
    return (TlsServer((leaf, ca.private_issuing)),)


def _huge_chain(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    padding = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\0" * 60_000
    )
    huge = make_intermediate(
        ca.root, "tlscheck Lab Huge CA", now=ca.now, extensions=[(padding, False)]
    )
    return (TlsServer((ca.leaf(host), ca.issuing, *[huge] * 34)),)


def _many_certificates(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    others = [
        make_leaf(ca.unrelated, f"site{number}.example", now=ca.now - timedelta(days=number))
        for number in range(100)
    ]
    return (TlsServer((ca.leaf(host), ca.issuing, *others)),)


SCENARIOS = (
    Scenario(
        name="missing-intermediate",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="Sends only its own certificate",
        title_ja="中間CA証明書を送っていない",
        story="After a renewal cert.pem was installed where fullchain.pem belongs.",
        build=_missing_intermediate,
        proven=True,
    ),
    Scenario(
        name="missing-two-intermediates",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="Two intermediates are missing",
        title_ja="中間CA証明書が2枚足りない",
        story="The CA works with two levels, and the server sends neither.",
        build=_missing_two,
        proven=True,
    ),
    Scenario(
        name="missing-intermediate-no-aia",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="Intermediate missing, and nothing says where it is",
        title_ja="中間CA証明書がなく、AIAもない",
        story="A certificate without the AIA extension gives browsers nothing to fetch either.",
        build=_missing_with_aia(),
        proven=False,
    ),
    Scenario(
        name="missing-intermediate-dead-aia",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="Intermediate missing, its address answers 404",
        title_ja="中間CA証明書がなく、AIAのURLは404",
        story="The CA has moved its files, and the address in the certificate leads nowhere.",
        build=_missing_with_aia(DEAD),
        proven=False,
    ),
    Scenario(
        name="missing-intermediate-slow-aia",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="Intermediate missing, its address never answers",
        title_ja="中間CA証明書がなく、AIAのURLが応答しない",
        story="The CA's download server takes connections and then hangs.",
        build=_missing_with_aia(SLOW),
        proven=False,
    ),
    Scenario(
        name="aia-redirect-to-metadata",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="Tries to lead the checker to cloud metadata",
        title_ja="AIAがクラウドのメタデータへ転送する",
        story="Whoever writes a certificate chooses an address that checkers fetch: an attack.",
        build=_missing_with_aia(TO_METADATA),
        proven=False,
    ),
    Scenario(
        name="wrong-intermediate",
        cause=Cause.WRONG_INTERMEDIATE,
        verdict="broken",
        title="The intermediate from before the CA renewed its key",
        title_ja="更新前の古い中間CA証明書を送っている",
        story="The certificate was renewed and the chain file beside it was not: same name, old key.",
        build=_wrong_intermediate,
        proven=True,
    ),
    Scenario(
        name="wrong-intermediate-unrelated",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="Sends the intermediate of another CA",
        title_ja="別の認証局の中間CA証明書を送っている",
        story="The CA was changed with the renewal, and the old chain file stayed in place.",
        build=_unrelated_intermediate,
        proven=True,
    ),
    Scenario(
        name="expired-intermediate",
        cause=Cause.EXPIRED_INTERMEDIATE,
        verdict="broken",
        title="The intermediate expired yesterday",
        title_ja="中間CA証明書の有効期限切れ",
        story="The CA has long reissued it with the same key; this server still sends the old one.",
        build=_expired_intermediate,
        proven=True,
    ),
    Scenario(
        name="untrusted-root",
        cause=Cause.UNTRUSTED_ROOT,
        verdict="broken",
        title="A complete chain to a private root",
        title_ja="信頼されていないプライベートルート",
        story="An internal service with the company's own CA, met by a client that lacks its root.",
        build=_untrusted_root,
    ),
    Scenario(
        name="untrusted-root-not-sent",
        cause=Cause.UNTRUSTED_ROOT,
        verdict="broken",
        title="A private CA whose root is not sent",
        title_ja="プライベートルート（ルート証明書は未送信）",
        story="The same, as it should be sent: the root belongs into the clients' trust stores.",
        build=_untrusted_root_not_sent,
    ),
    Scenario(
        name="cn-injection",
        cause=Cause.MISSING_INTERMEDIATE,
        verdict="broken",
        title="A certificate that tries to notify the channel",
        title_ja="証明書のサブジェクトに <!channel> を仕込む",
        story="Anyone can put mentions, links and direction marks into a certificate's subject.",
        build=_cn_injection,
        proven=True,
    ),
    Scenario(
        name="many-certificates",
        cause=None,
        verdict="ok",
        judged=False,
        title="Sends a hundred certificates",
        title_ja="証明書を100枚送ってくる",
        story="A load balancer was given the folder of all sites' certificates as its chain.",
        build=_many_certificates,
    ),
    Scenario(
        name="huge-chain",
        cause=None,
        verdict="broken",
        judged=False,
        title="Sends 2 MB of certificates",
        title_ja="2 MBの証明書チェーンを送ってくる",
        story="Nobody does this by accident; a checker must not choke on it.",
        build=_huge_chain,
    ),
)
