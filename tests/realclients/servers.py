"""Servers with several faults at once, which show what each client looks at first."""

from datetime import timedelta

from cryptography.x509.oid import ExtendedKeyUsageOID

from bot.demo.lab import Scenario, wire
from bot.demo.lab.authority import Authority
from bot.demo.lab.pki import make_self_signed
from bot.demo.lab.scenario import Build
from bot.demo.lab.script import ScriptServer, to_hello
from bot.demo.lab.tls import TlsServer

_OTHER = ["other.example"]


def _leaf(*, complete: bool = True, expired: bool = False, **changes: object) -> Build:
    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        dates = {"not_after": ca.now - timedelta(days=1)} if expired else {}
        leaf = ca.leaf(host, **dates, **changes)  # type: ignore[arg-type] # the builder's own fields
        return (TlsServer((leaf, ca.issuing) if complete else (leaf,)),)

    return build


def _self_signed(ca: Authority, _: str) -> tuple[TlsServer, ...]:
    return (TlsServer((make_self_signed("localhost", now=ca.now),)),)


def _self_signed_expired(ca: Authority, _: str) -> tuple[TlsServer, ...]:
    ended = ca.now - timedelta(days=1)
    return (TlsServer((make_self_signed("localhost", now=ca.now, not_after=ended),)),)


def _upper_missing(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf_from(ca.issuing_deep, host), ca.issuing_deep)),)


def _private_and_other(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf_from(ca.private_issuing, host, policies=[], names=_OTHER)
    return (TlsServer((leaf, ca.private_issuing, ca.private_root)),)


def _unknown_name(_: Authority, __: str) -> tuple[ScriptServer, ...]:
    return (ScriptServer(to_hello(lambda _: wire.alert(112))),)


_BUILDS: dict[str, Build] = {
    "mismatch-and-expired": _leaf(names=_OTHER, expired=True),
    "mismatch-and-incomplete": _leaf(names=_OTHER, complete=False),
    "mismatch-expired-incomplete": _leaf(names=_OTHER, expired=True, complete=False),
    "common-name-only": _leaf(names=[]),
    "for-clients-only": _leaf(extended_key_usage=[ExtendedKeyUsageOID.CLIENT_AUTH]),
    "self-signed-mismatch": _self_signed,
    "self-signed-mismatch-expired": _self_signed_expired,
    "upper-missing": _upper_missing,
    "private-and-mismatch": _private_and_other,
    "unknown-name": _unknown_name,
}
COMBINED = tuple(
    Scenario(
        name=name,
        cause=None,
        verdict="broken",
        title=name,
        title_ja=name,
        story="",
        build=build,
        judged=False,
    )
    for name, build in _BUILDS.items()
)
