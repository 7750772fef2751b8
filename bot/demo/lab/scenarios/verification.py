"""Servers whose chain breaks a rule of verification, or only old or strict clients' rules."""

from collections.abc import Callable
from datetime import timedelta
from typing import Unpack

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from bot.demo.lab.authority import DOMAIN, Authority
from bot.demo.lab.pki import Fields, Issued, make_intermediate, make_leaf, make_root
from bot.demo.lab.scenario import Build, Scenario
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause

_UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.2"), b"\x05\x00")


def _below(title: str, changes: Callable[[], Fields]) -> Build:
    """A server below an issuing CA that was made otherwise."""

    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        issuing = make_intermediate(ca.root, title, now=ca.now, **changes())
        return (TlsServer((make_leaf(issuing, host, now=ca.now), issuing)),)

    return build


def _not_a_ca() -> Fields:
    return {"basic_constraints": x509.BasicConstraints(ca=False, path_length=None)}


def _critical_extension() -> Fields:
    return {"extensions": [(_UNKNOWN, True)]}


def _constrained() -> Fields:
    only = x509.NameConstraints([x509.DNSName("corp.example")], None)
    return {"extensions": [(only, True)]}


def _excluding() -> Fields:
    never = x509.NameConstraints(None, [x509.DNSName(DOMAIN)])
    return {"extensions": [(never, True)]}


def _no_key_ids() -> Fields:
    return {"authority_key_id": None}


def _path_length(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    upper = make_intermediate(ca.root, "tlscheck Lab Zero CA", now=ca.now, path_length=0)
    lower = make_intermediate(upper, "tlscheck Lab Too Deep CA", now=ca.now)
    return (TlsServer((make_leaf(lower, host, now=ca.now), lower, upper)),)


def _cross_signed(
    ca: Authority, host: str, old: Issued, **changes: Unpack[Fields]
) -> tuple[TlsServer, ...]:
    """A good chain, and behind it the root's key once more, signed by a root of old."""
    fields: Fields = {"subject": ca.root.subject, "key": ca.root.key, **changes}
    cross = make_intermediate(old, "replaced", now=ca.now, path_length=None, **fields)
    return (TlsServer((ca.leaf(host), ca.issuing, cross)),)


def _add_trust(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    old = make_root("AddTrust External CA Root", now=ca.now, organization="AddTrust AB")
    return _cross_signed(ca, host, old, not_after=ca.now - timedelta(days=2))


def _dst(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    old = make_root("DST Root CA X3", now=ca.now, organization="Digital Signature Trust Co.")
    return _cross_signed(ca, host, old)


def _expired_beside(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf_from(ca.reissued, host)
    return (TlsServer((leaf, ca.issuing_expired, ca.reissued)),)


def _client_purpose(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf(host, extended_key_usage=[ExtendedKeyUsageOID.CLIENT_AUTH])
    return (TlsServer((leaf, ca.issuing)),)


def _ca_as_leaf(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    own: Issued = make_intermediate(ca.root, host, now=ca.now, names=[host])
    return (TlsServer((own,)),)


def _intercepted(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    root = make_root("Zscaler Root CA", now=ca.now, organization="Zscaler Inc.")
    issuing = make_intermediate(
        root, "Zscaler Intermediate Root CA (zscloud.test)", now=ca.now, organization="Zscaler Inc."
    )
    return (TlsServer((make_leaf(issuing, host, now=ca.now), issuing)),)


SCENARIOS = (
    Scenario(
        name="not-a-ca",
        cause=Cause.INVALID_CHAIN,
        verdict="broken",
        title="Signed by a certificate that is no CA",
        title_ja="CAでない証明書で署名されている",
        story="Somebody signed a test certificate with the key of a server's certificate.",
        build=_below("tlscheck Lab Not A CA", _not_a_ca),
    ),
    Scenario(
        name="path-length",
        cause=Cause.INVALID_CHAIN,
        verdict="broken",
        title="More intermediates than the CA allows",
        title_ja="パス長の制約に違反している",
        story="A department's CA was made below a CA that may only issue to servers.",
        build=_path_length,
    ),
    Scenario(
        name="name-not-permitted",
        cause=Cause.INVALID_CHAIN,
        verdict="broken",
        title="The CA may not issue for this domain",
        title_ja="名前制約で許可されていないドメイン",
        story="A company's constrained CA was used for a domain that was bought later.",
        build=_below("tlscheck Lab Constrained CA", _constrained),
    ),
    Scenario(
        name="name-excluded",
        cause=Cause.INVALID_CHAIN,
        verdict="broken",
        title="The CA is kept away from this domain",
        title_ja="名前制約で除外されているドメイン",
        story="The constraint that protects the company's own domain hits the company itself.",
        build=_below("tlscheck Lab Excluding CA", _excluding),
    ),
    Scenario(
        name="unknown-critical-extension",
        cause=Cause.INVALID_CHAIN,
        verdict="broken",
        title="A critical extension that nobody knows",
        title_ja="未知のクリティカル拡張",
        story="A CA product marks its own extension as critical.",
        build=_below("tlscheck Lab Extended CA", _critical_extension),
    ),
    Scenario(
        name="strict-clients",
        cause=Cause.INVALID_CHAIN,
        verdict="warning",
        title="Refused by Python 3.13 and later only",
        title_ja="Python 3.13以降だけで失敗する",
        story="A home-made CA leaves the key identifiers out, and nobody minded until Python did.",
        build=_below("tlscheck Lab Homemade CA", _no_key_ids),
    ),
    Scenario(
        name="addtrust-2020",
        cause=Cause.EXPIRED_ROOT_OR_CROSS_SIGN,
        verdict="warning",
        title="The AddTrust case of May 2020",
        title_ja="2020年5月のAddTrust期限切れ",
        story="The cross-sign behind a good chain expired, and old clients stopped at it.",
        build=_add_trust,
        proven=True,
    ),
    Scenario(
        name="dst-root-2021",
        cause=Cause.EXPIRED_ROOT_OR_CROSS_SIGN,
        verdict="warning",
        title="The DST Root CA X3 case of September 2021",
        title_ja="2021年9月のDST Root CA X3期限切れ",
        story="The cross-sign is valid, the root above it is not, and old clients follow it there.",
        build=_dst,
        proven=True,
    ),
    Scenario(
        name="expired-beside-valid",
        cause=Cause.EXPIRED_INTERMEDIATE,
        verdict="warning",
        title="An expired intermediate beside the valid one",
        title_ja="期限切れの中間CA証明書も一緒に送っている",
        story="The new intermediate was appended to the file, and the old one was left in it.",
        build=_expired_beside,
        proven=True,
    ),
    Scenario(
        name="certificate-for-clients",
        cause=Cause.CERTIFICATE_NOT_TLS,
        verdict="broken",
        title="A certificate for clients",
        title_ja="クライアント用の証明書",
        story="The certificate was ordered from a template for users.",
        build=_client_purpose,
    ),
    Scenario(
        name="ca-as-leaf",
        cause=Cause.CERTIFICATE_NOT_TLS,
        verdict="warning",
        title="A CA certificate as the server's own",
        title_ja="CA証明書をサーバー証明書にしている",
        story="A guide for self-made certificates made a CA and stopped there.",
        build=_ca_as_leaf,
    ),
    Scenario(
        name="intercepted",
        cause=Cause.INTERCEPTION_PROXY,
        verdict="broken",
        title="Opened on the way by an inspection product",
        title_ja="検査製品が途中で復号している",
        story="The company's gateway opens TLS, and this machine lacks the gateway's CA.",
        build=_intercepted,
    ),
)
