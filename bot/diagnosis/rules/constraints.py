"""Which rule of RFC 5280 a path breaks, and in which certificate: the words behind OpenSSL's code.

OpenSSL says "permitted subtree violation" and a depth; a person wants to know which name, and who
forbade it. Nothing here decides whether a chain is refused: that is the verifiers' business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

from cryptography import x509
from pydantic import JsonValue

from bot.diagnosis.certificate import Certificate
from bot.diagnosis.rules.extensions import extension, extensions_of
from bot.diagnosis.trust import OpenSSLVerdict

Broken = Literal[
    "not_a_ca", "no_cert_sign", "path_length", "permitted", "excluded", "critical_extension"
]

# X509_V_ERR numbers (openssl/x509_vfy.h) and the rules that may stand behind each. A CA that may
# not sign is passed over as an issuer, so the code says that there is none (20, 21, 2).
_RULES: dict[int, tuple[Broken, ...]] = {
    79: ("not_a_ca", "no_cert_sign"),  # INVALID_CA
    24: ("not_a_ca", "no_cert_sign"),
    32: ("no_cert_sign",),  # KEYUSAGE_NO_CERTSIGN
    25: ("path_length",),  # PATH_LENGTH_EXCEEDED
    34: ("critical_extension",),  # UNHANDLED_CRITICAL_EXTENSION
    47: ("permitted",),  # PERMITTED_VIOLATION
    48: ("excluded",),  # EXCLUDED_VIOLATION
    2: ("no_cert_sign", "not_a_ca"),
    20: ("no_cert_sign", "not_a_ca"),
    21: ("no_cert_sign", "not_a_ca"),
}

# Extensions that OpenSSL handles when they are critical (X509_supported_extension).
_HANDLED = frozenset(
    {
        "2.16.840.1.113730.1.1",
        "2.5.29.15",
        "2.5.29.17",
        "2.5.29.19",
        "2.5.29.30",
        "2.5.29.31",
        "2.5.29.32",
        "2.5.29.33",
        "2.5.29.35",
        "2.5.29.36",
        "2.5.29.37",
        "2.5.29.54",
        "1.3.6.1.5.5.7.1.7",
        "1.3.6.1.5.5.7.1.8",
        "1.3.6.1.5.5.7.1.14",
    }
)
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken: by which certificate, and the values that its sentence needs."""

    rule: Broken
    certificate: Certificate
    values: Mapping[str, JsonValue] = field(default_factory=dict)


def explain(path: Sequence[Certificate], verdict: OpenSSLVerdict) -> Breach | None:
    """What OpenSSL's code is about in this path; None when it cannot be told.

    Args:
        path: The server's own certificate first, the anchor last.
        verdict: What OpenSSL said of it.
    """
    for rule in _RULES.get(verdict.code, ()):
        found = _LOOK[rule](path)
        if found is not None:
            return found
    return None


def _not_a_ca(path: Sequence[Certificate]) -> Breach | None:
    for one in path[1:]:
        if not one.is_ca:
            said = extension(one, x509.BasicConstraints) is not None
            return Breach("not_a_ca", one, {"said": said})
    return None


def _no_cert_sign(path: Sequence[Certificate]) -> Breach | None:
    for one in path[1:]:
        usage = extension(one, x509.KeyUsage)
        if usage is not None and not usage.key_cert_sign:
            return Breach("no_cert_sign", one)
    return None


def _path_length(path: Sequence[Certificate]) -> Breach | None:
    for index, one in enumerate(path[1:], start=1):
        constraints = extension(one, x509.BasicConstraints)
        if constraints is None or constraints.path_length is None:
            continue
        # RFC 5280, 4.2.1.9: the last certificate and self-issued ones do not count.
        below = sum(not other.self_issued for other in path[1:index])
        if below > constraints.path_length:
            return Breach(
                "path_length", one, {"allowed": constraints.path_length, "intermediates": below}
            )
    return None


def _critical_extension(path: Sequence[Certificate]) -> Breach | None:
    for one in path:
        unknown = [
            each.oid.dotted_string
            for each in extensions_of(one)
            if each.critical and each.oid.dotted_string not in _HANDLED
        ]
        if unknown:
            return Breach("critical_extension", one, {"oid": ", ".join(unknown[:_SHOWN])})
    return None


def _permitted(path: Sequence[Certificate]) -> Breach | None:
    for index, one in enumerate(path[1:], start=1):
        constraints = extension(one, x509.NameConstraints)
        for kind in (x509.DNSName, x509.IPAddress):
            allowed = _of_kind(constraints.permitted_subtrees if constraints else None, kind)
            if not allowed:
                continue
            for name in _names(path[:index], kind):
                if not any(_within(name, tree) for tree in allowed):
                    return _name_breach("permitted", one, name, allowed)
    return None


def _excluded(path: Sequence[Certificate]) -> Breach | None:
    for index, one in enumerate(path[1:], start=1):
        constraints = extension(one, x509.NameConstraints)
        for kind in (x509.DNSName, x509.IPAddress):
            refused = _of_kind(constraints.excluded_subtrees if constraints else None, kind)
            for name in _names(path[:index], kind):
                if any(_within(name, tree) for tree in refused):
                    return _name_breach("excluded", one, name, refused)
    return None


_LOOK = {
    "not_a_ca": _not_a_ca,
    "no_cert_sign": _no_cert_sign,
    "path_length": _path_length,
    "critical_extension": _critical_extension,
    "permitted": _permitted,
    "excluded": _excluded,
}

_Value = str | IPv4Address | IPv6Address | IPv4Network | IPv6Network


def _name_breach(rule: Broken, one: Certificate, name: _Value, trees: Sequence[_Value]) -> Breach:
    shown = ", ".join(str(tree) for tree in trees[:_SHOWN])
    return Breach(rule, one, {"offending": str(name), "trees": shown})


def _of_kind(
    trees: Sequence[x509.GeneralName] | None, kind: type[x509.DNSName] | type[x509.IPAddress]
) -> list[_Value]:
    return [one.value for one in trees or () if isinstance(one, kind)]


def _names(
    below: Sequence[Certificate], kind: type[x509.DNSName] | type[x509.IPAddress]
) -> list[_Value]:
    names: list[_Value] = []
    for index, one in enumerate(below):
        if index and one.self_issued:
            continue  # RFC 5280, 4.2.1.10: not applied to self-issued ones on the way
        if kind is x509.DNSName:
            names.extend(one.dns_names)
        else:
            names.extend(one.ip_addresses)
    return names


def _within(name: _Value, tree: _Value) -> bool:
    if isinstance(tree, str):
        host, wanted = str(name).lower(), tree.lower().removeprefix(".")
        return not wanted or host == wanted or host.endswith("." + wanted)
    if isinstance(name, IPv4Address) and isinstance(tree, IPv4Network):
        return name in tree
    if isinstance(name, IPv6Address) and isinstance(tree, IPv6Network):
        return name in tree
    return False
