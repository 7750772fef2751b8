"""Servers that are sound as seen from here, and otherwise from one of the demo's other places.

Beside `SCENARIOS`: what is wrong with them is not theirs, so no check of the lab alone finds it.
"""

from datetime import timedelta

from bot.demo.lab.authority import Authority
from bot.demo.lab.scenario import Scenario
from bot.demo.lab.tls import TlsServer


def _newer_root(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    leaf = ca.leaf_from(ca.newer_issuing, host)
    return (TlsServer((leaf, ca.newer_issuing)),)


def _sound(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    return (TlsServer((ca.leaf(host), ca.issuing)),)


def _renewed_today(ca: Authority, host: str) -> tuple[TlsServer, ...]:
    start = ca.now - timedelta(hours=1)
    leaf = ca.leaf(host, not_before=start, not_after=start + timedelta(days=90))
    return (TlsServer((leaf, ca.issuing)),)


OLD_BUNDLE = Scenario(
    name="old-bundle",
    label="pay",
    cause=None,
    verdict="ok",
    title="Refused by one machine with a CA bundle of 2019",
    title_ja="CAバンドルが2019年のままの1台だけで失敗する",
    story="The payment provider moved to a newer root, and one machine was never updated.",
    build=_newer_root,
)
SPLIT_DNS = Scenario(
    name="split-dns",
    label="api",
    cause=None,
    verdict="ok",
    title="Leads to an older server from one site",
    title_ja="ある拠点からだけ古いサーバーにつながる",
    story="The internal name servers of one site still name the machine of before the move.",
    build=_sound,
)
INSPECTED = Scenario(
    name="inspected",
    label="crm",
    cause=None,
    verdict="ok",
    title="Opened by the office's gateway, and by nobody else",
    title_ja="社内のゲートウェイだけが途中で復号する",
    story="The office's gateway opens TLS to look inside; servers elsewhere are not behind it.",
    build=_sound,
)
NOT_FROM_THERE = Scenario(
    name="not-from-there",
    label="ledger",
    cause=None,
    verdict="ok",
    title="May not be connected to from the DMZ",
    title_ja="DMZからの接続は許可されていない",
    story="The rules of the DMZ do not let anybody connect to the ledger from there.",
    build=_sound,
)
RENEWED_TODAY = Scenario(
    name="renewed-today",
    label="shop-new",
    cause=None,
    verdict="ok",
    title="Renewed an hour ago; one machine's clock is a day behind",
    title_ja="1時間前に更新。1台だけ時計が1日遅れている",
    story="A certificate of today is not valid yet where it is still yesterday.",
    build=_renewed_today,
)

ELSEWHERE: tuple[Scenario, ...] = (
    OLD_BUNDLE,
    INSPECTED,
    SPLIT_DNS,
    NOT_FROM_THERE,
    RENEWED_TODAY,
)
"""In the order in which a person may want to compare them."""
