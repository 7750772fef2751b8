"""Servers whose own certificate is wrong, though the chain above it is not (always) to blame."""

from datetime import timedelta

from bot.demo.lab import wire
from bot.demo.lab.authority import Authority
from bot.demo.lab.pki import Issued, make_self_signed
from bot.demo.lab.scenario import Scenario
from bot.demo.lab.script import ScriptServer, to_hello
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause


def expired_leaf(ca: Authority, host: str) -> Issued:
    """A 90-day certificate that ended two days ago."""
    end = ca.now - timedelta(days=2)
    return ca.leaf(host, not_before=end - timedelta(days=90), not_after=end)


def _expired(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((expired_leaf(ca, host), ca.issuing)),)


def _expired_and_incomplete(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((expired_leaf(ca, host),)),)


def _not_yet_valid(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    start = ca.now + timedelta(days=1)
    leaf = ca.leaf(host, not_before=start, not_after=start + timedelta(days=90))
    return (TlsServer((leaf, ca.issuing)),)


def _expiring_soon(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    end = ca.now + timedelta(days=3)
    leaf = ca.leaf(host, not_before=end - timedelta(days=90), not_after=end)
    return (TlsServer((leaf, ca.issuing)),)


def _self_signed(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((make_self_signed(host, now=ca.now),)),)


def _hostname_mismatch(ca: Authority, _: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf("web07.hoster.example", names=["web07.hoster.example", "hoster.example"])
    return (TlsServer((leaf, ca.issuing)),)


def _name_with_dot(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host, names=[f"{host}."]), ca.issuing)),)


def _wildcard_depth(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    wildcard = "*." + host.split(".", 2)[2]
    return (TlsServer((ca.leaf(wildcard), ca.issuing)),)


# ECDHE-ECDSA and ECDHE-RSA with AES-GCM and ChaCha20: one of these is in every client's offer.
_COMMON_SUITES = (0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA9, 0xCCA8)


def _malformed_certificate(ca: Authority, host: str) -> tuple[ScriptServer, ...]:
    der = ca.leaf(host).der
    # The outer SEQUENCE stays whole; the one within it (TBSCertificate) turns into a SET.
    broken = der[:4] + b"\x31" + der[5:]

    def answer(hello: wire.ClientHello) -> bytes:
        for suite in _COMMON_SUITES:
            if suite in hello.cipher_suites:
                return wire.server_flight(suite, (broken, ca.issuing.der))
        return wire.alert(wire.HANDSHAKE_FAILURE)

    return (ScriptServer(to_hello(answer)),)


SCENARIOS = (
    Scenario(
        name="expired",
        cause=Cause.EXPIRED,
        verdict="broken",
        title="Expired two days ago",
        title_ja="サーバー証明書の有効期限切れ",
        story="The renewal job failed for weeks and its mails went to someone who has left.",
        build=_expired,
    ),
    Scenario(
        name="expired-and-incomplete",
        cause=Cause.EXPIRED,
        verdict="broken",
        title="Expired, and the intermediate is missing too",
        title_ja="有効期限切れで、中間CA証明書もない",
        story="Only clients that had the intermediate ever worked, so nobody saw the second fault.",
        build=_expired_and_incomplete,
    ),
    Scenario(
        name="not-yet-valid",
        cause=Cause.NOT_YET_VALID,
        verdict="broken",
        title="Valid from tomorrow on",
        title_ja="有効期間がまだ始まっていない",
        story="The next certificate was ordered with a start date and installed a day early.",
        build=_not_yet_valid,
    ),
    Scenario(
        name="expiring-soon",
        cause=Cause.EXPIRING_SOON,
        verdict="warning",
        title="Three days left of ninety",
        title_ja="有効期限まであと3日",
        story="It should have been renewed a month ago; everything works, for three more days.",
        build=_expiring_soon,
    ),
    Scenario(
        name="self-signed",
        cause=Cause.SELF_SIGNED,
        verdict="broken",
        title="Signed by nobody but itself",
        title_ja="自己署名証明書",
        story="The certificate that the appliance made on its first start was never replaced.",
        build=_self_signed,
    ),
    Scenario(
        name="hostname-mismatch",
        cause=Cause.HOSTNAME_MISMATCH,
        verdict="broken",
        title="The certificate is for other names",
        title_ja="証明書のホスト名が一致しない",
        story="The name was pointed at a shared host that answers with its default site.",
        build=_hostname_mismatch,
    ),
    Scenario(
        name="name-with-dot",
        cause=Cause.HOSTNAME_MISMATCH,
        verdict="broken",
        title="The name in the certificate ends with a dot",
        title_ja="証明書の名前の末尾に余分なドット",
        story="The name was copied from a zone file, where every full name ends with a dot.",
        build=_name_with_dot,
    ),
    Scenario(
        name="wildcard-depth",
        label="shop.eu.wildcard-depth",
        cause=Cause.HOSTNAME_MISMATCH,
        verdict="broken",
        title="A wildcard that does not reach this deep",
        title_ja="ワイルドカードが届かない階層",
        story="*.example.com covers one label only, so eu.example.com works and shop.eu does not.",
        build=_wildcard_depth,
    ),
    Scenario(
        name="malformed-certificate",
        cause=Cause.MALFORMED_CERTIFICATE,
        verdict="broken",
        title="A certificate that cannot be parsed",
        title_ja="解析できない壊れた証明書",
        story="A device writes its own certificate and gets the encoding wrong.",
        build=_malformed_certificate,
    ),
)
