"""The Diffie-Hellman group of the server is too small (Logjam, CVE-2015-4000).

OpenSSL takes 1 024 bits at security level 1 and 2 048 at level 2, which is the default of Debian,
Ubuntu and of OpenSSL itself since 3.2 (SSL_CTX_set_security_level).
"""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

LEAST_BITS = 2048


def find(view: View) -> Iterator[Finding]:
    """Find a server that chooses ephemeral Diffie-Hellman over a small prime."""
    seen = view.handshake
    if seen is None:
        return
    refused = seen.fault is not None and "dh key too small" in seen.fault.reason
    if refused or (view.dh_bits is not None and view.dh_bits < LEAST_BITS):
        yield Finding(
            code=Cause.DH_KEY_TOO_SMALL,
            severity="critical",
            evidence={
                "bits": view.dh_bits,
                "cipher": seen.cipher,
                "version": seen.tls_version,
                # Browsers and Go offer no such suites; they use another one, or fail.
                "without_dh": bool(view.modern and view.modern.completed),
            },
        )
