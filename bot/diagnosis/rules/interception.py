"""The certificate was made on the way, by a product that opens TLS to look inside.

Known by how these products name their CAs. Told apart from an unknown root because the remedy is
another: the server is not at fault, and its owner can do nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate, is_self_signed
from bot.diagnosis.path import climb
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

Kind = Literal["gateway", "antivirus", "debugger"]


@dataclass(frozen=True, slots=True)
class Product:
    """One product; `pattern` is searched for in the issuers' distinguished names."""

    name: str
    kind: Kind
    pattern: re.Pattern[str]


def _product(name: str, kind: Kind, pattern: str) -> Product:
    return Product(name, kind, re.compile(pattern, re.IGNORECASE))


PRODUCTS: tuple[Product, ...] = (
    _product("Zscaler", "gateway", r"\bZscaler\b"),
    _product("Netskope", "gateway", r"\b(Netskope|goskope)\b"),
    _product("Palo Alto Networks", "gateway", r"\bPalo Alto Networks\b|\bPAN-?OS\b"),
    _product("Fortinet FortiGate", "gateway", r"\bForti(net|gate|Gate CA)\b|\bFG[A-Z0-9]{12,16}\b"),
    _product("Symantec Blue Coat", "gateway", r"\bBlue ?Coat\b|\bProxySG\b"),
    _product("Cisco Umbrella", "gateway", r"\bCisco Umbrella\b|\bOpenDNS\b"),
    _product("Cisco Secure Web Appliance", "gateway", r"\bIronPort\b|\bCisco (WSA|Secure Web)\b"),
    _product("Sophos", "gateway", r"\bSophos\b"),
    _product("Check Point", "gateway", r"\bCheck ?Point\b"),
    _product("Forcepoint Websense", "gateway", r"\b(Forcepoint|Websense)\b"),
    _product("McAfee Skyhigh", "gateway", r"\b(McAfee|Skyhigh|Trellix) (Web Gateway|Security|SSE)\b"),
    _product("Barracuda", "gateway", r"\bBarracuda\b"),
    _product("SonicWall", "gateway", r"\bSonicWALL\b"),
    _product("WatchGuard", "gateway", r"\bWatchGuard\b"),
    _product("Cloudflare Gateway", "gateway", r"\bCloudflare (for Teams|Gateway|Corporate Zero Trust)\b|\bGateway CA - Cloudflare\b"),
    _product("iboss", "gateway", r"\biboss\b"),
    _product("Cato Networks", "gateway", r"\bCato Networks\b"),
    _product("i-FILTER", "gateway", r"\bi-?FILTER\b|\bDigital Arts\b"),
    _product("InterSafe", "gateway", r"\bInterSafe\b|\bALSI\b"),
    _product("Squid", "gateway", r"\bSquid\b"),
    _product("pfSense or OPNsense", "gateway", r"\b(pfSense|OPNsense)\b"),
    _product("Kaspersky", "antivirus", r"\bKaspersky\b"),
    _product("ESET", "antivirus", r"\bESET\b"),
    _product("Avast", "antivirus", r"\bAvast\b"),
    _product("AVG", "antivirus", r"\bAVG (Technologies|Web|trusted)\b"),
    _product("Bitdefender", "antivirus", r"\bBitdefender\b"),
    _product("Norton", "antivirus", r"\bNorton Web/Mail Shield\b"),
    _product("AdGuard", "antivirus", r"\bAdguard\b"),
    _product("mitmproxy", "debugger", r"\bmitmproxy\b"),
    _product("Charles", "debugger", r"\bCharles Proxy\b"),
    _product("Fiddler", "debugger", r"\bDO_NOT_TRUST_Fiddler|\bFiddler\b"),
    _product("Burp Suite", "debugger", r"\bPortSwigger\b"),
    _product("OWASP ZAP", "debugger", r"\bOWASP Zed Attack Proxy\b|\bZAP Root CA\b"),
    _product("Proxyman", "debugger", r"\bProxyman\b"),
)  # fmt: skip


def find(view: View) -> Iterator[Finding]:
    """Find a chain that nobody trusts and that such a product made."""
    found = product_of(view)
    if found is None:
        return
    product, by = found
    top = climb(view.sent[0], view.sent[1:])[-1]
    sent_root = is_self_signed(top)
    yield Finding(
        code=Cause.INTERCEPTION_PROXY,
        severity="critical",
        evidence={
            "product": product.name,
            "kind": product.kind,
            "rule": product.kind,
            "issuer": by.issuer_name,
            "issuer_dn": by.issuer,
            "root": top.subject_name if sent_root else top.issuer_name,
            "root_sent": sent_root and top != view.leaf,
            "intermediates_sent": max(0, len(climb(view.sent[0], view.sent[1:])) - 1 - sent_root),
            "below_is_leaf": len(view.sent) == 1,
        },
    )


def product_of(view: View) -> tuple[Product, Certificate] | None:
    """The product, and the certificate whose issuer gives it away; None for an ordinary chain."""
    leaf = view.leaf
    if leaf is None or view.path is not None:
        return None
    for one in climb(leaf, view.sent[1:]):
        if one == leaf and one.self_issued:
            continue  # the product's own page, not an interception
        for product in PRODUCTS:
            if product.pattern.search(one.issuer):
                return product, one
    return None
