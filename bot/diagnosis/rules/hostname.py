"""The certificate is for other names (RFC 9525, 6)."""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.report import Finding
from bot.diagnosis.rules.server_name import is_default, without_the_name
from bot.diagnosis.target import literal
from bot.diagnosis.view import View

_SHOWN = 20


def find(view: View) -> Iterator[Finding]:
    """Find a certificate that does not cover the target."""
    leaf = view.leaf
    if leaf is None or covers(leaf, view.target.host):
        return
    names = [*leaf.dns_names, *(str(one) for one in leaf.ip_addresses)]
    yield Finding(
        code=Cause.HOSTNAME_MISMATCH,
        severity="critical",
        evidence={
            "host": view.target.host,
            "names": list(names[:_SHOWN]),
            "names_in_all": len(names),
            # OpenSSL, Java and GnuTLS still fall back to the common name; Go, browsers do not. For
            # an address hardly anybody does (X509_check_ip never).
            "common_name_matches": not leaf.has_san
            and literal(view.target.host) is None
            and _common_name_covers(leaf, view.target.host),
            "common_name": leaf.common_names[0] if leaf.common_names else None,
            **_beside(view),
            "final_dot": any(
                one.endswith(".") and matches(one[:-1], view.target.host) for one in leaf.dns_names
            ),
            "is_address": literal(view.target.host) is not None,
            "first": leaf.subject_name,
        },
    )


def _beside(view: View) -> dict[str, JsonValue]:
    default = is_default(view)
    return {} if default is None else {"default": default, **without_the_name(view)}


def covers(leaf: Certificate, host: str) -> bool:
    """Whether the subject alternative names cover this host name or IP address."""
    address = literal(host)
    if address is not None:
        return address in leaf.ip_addresses
    return any(matches(pattern, host) for pattern in leaf.dns_names)


def matches(pattern: str, host: str) -> bool:
    """Whether a DNS name of a certificate, perhaps with a wildcard, matches a host name.

    The wildcard stands for the whole leftmost label and for nothing else (RFC 9525, 6.3). A dot at
    the end is the host's affair: in a certificate it is no DNS name (RFC 5280, 4.2.1.6), and OpenSSL,
    Go and others compare to the letter.
    """
    pattern, host = pattern.lower(), host.rstrip(".").lower()
    if not pattern.startswith("*."):
        return bool(pattern) and pattern == host
    label, _, rest = host.partition(".")
    return bool(label) and "*" not in pattern[2:] and rest == pattern[2:] and "." in rest


def _common_name_covers(leaf: Certificate, host: str) -> bool:
    return any(matches(name, host) for name in leaf.common_names)
