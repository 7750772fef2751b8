"""The server does not change over from its plain protocol to TLS."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View


def find(view: View) -> Iterator[Finding]:
    """Find a STARTTLS that was refused, or never offered."""
    seen = view.handshake
    if seen is None or seen.fault is None or seen.fault.kind != "starttls":
        return
    yield Finding(
        code=Cause.STARTTLS_REFUSED,
        severity="critical",
        evidence={
            "protocol": view.target.starttls,
            "banner": seen.fault.reason,
            "port": view.target.port,
        },
    )
