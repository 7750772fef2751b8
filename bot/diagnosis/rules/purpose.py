"""The certificate is not meant for TLS servers (RFC 5280, 4.2.1.12), or is a CA's own.

OpenSSL, Go and Java take a CA certificate as a server's; mozilla::pkix and rustls refuse it
(MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY, CaUsedAsEndEntity).
"""

from collections.abc import Iterator

from cryptography import x509

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import is_self_signed
from bot.diagnosis.report import Finding
from bot.diagnosis.rules.extensions import extension
from bot.diagnosis.view import View

_SHOWN = 8


def find(view: View) -> Iterator[Finding]:
    """Find a leaf whose extended key usage leaves serverAuth out, or that is a CA."""
    leaf = view.leaf
    if leaf is None:
        return
    if not leaf.server_purpose:
        purposes = extension(leaf, x509.ExtendedKeyUsage) or ()
        listed = [getattr(one, "_name", one.dotted_string) for one in purposes]
        yield Finding(
            code=Cause.CERTIFICATE_NOT_TLS,
            severity="critical",
            evidence={"name": leaf.subject_name, "purposes": ", ".join(listed[:_SHOWN])},
        )
    elif leaf.is_ca and not is_self_signed(leaf):
        yield Finding(
            code=Cause.CERTIFICATE_NOT_TLS,
            severity="warning",
            evidence={
                "rule": "ca",
                "name": leaf.subject_name,
                "sha256": leaf.sha256,
                "breaks": ["firefox", "rustls"],
            },
        )
