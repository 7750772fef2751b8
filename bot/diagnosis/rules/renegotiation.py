"""The server does not know secure renegotiation (RFC 5746), which OpenSSL 3 insists on."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.rules.protocol import is_old
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Find a ServerHello without renegotiation_info."""
    seen = view.handshake
    if seen is None or seen.secure_renegotiation is not False or is_old(seen.tls_version):
        return
    yield Finding(
        code=Cause.RENEGOTIATION_OR_LEGACY,
        severity="critical",
        evidence={"version": seen.tls_version, "cipher": seen.cipher},
    )
