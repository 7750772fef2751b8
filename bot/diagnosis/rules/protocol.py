"""The server speaks only protocol versions that today's clients no longer do.

RFC 8996 retired TLS 1.0 and 1.1; RFC 7568 SSL 3.
"""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

_OLD = ("SSLv3", "TLSv1", "TLSv1.1")
_ALERT = 70
_WORDS = ("unsupported protocol", "wrong ssl version", "unsupported ssl version")


def find(view: View) -> Iterator[Finding]:
    """Find a server whose newest version is too old."""
    seen = view.handshake
    if seen is None:
        return
    version = seen.tls_version
    fault = seen.fault
    refused = fault is not None and (
        fault.alert == _ALERT or (fault.kind == "openssl" and fault.reason in _WORDS)
    )
    if version is None and view.hello is not None and view.hello.version in _OLD:
        version = view.hello.version
    if version in _OLD or (refused and not seen.chain):
        yield Finding(
            code=Cause.PROTOCOL_VERSION,
            severity="critical",
            evidence={
                "version": version,
                "cipher": seen.cipher,
                "error": fault.reason if fault else None,
            },
        )


def is_old(version: str | None) -> bool:
    """Whether today's clients refuse this version."""
    return version in _OLD
