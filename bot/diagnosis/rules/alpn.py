"""The server breaks on ALPN (RFC 7301): with the extension it refuses, without it all is well."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

_NO_APPLICATION_PROTOCOL = 120
_OFFERED = "h2,http/1.1"


def find(view: View) -> Iterator[Finding]:
    """Find a server that serves only those who do not offer ALPN."""
    seen, plain = view.handshake, view.without_alpn
    if seen is None or seen.fault is None or plain is None or not breaks_on_alpn(view):
        return
    if seen.fault.alert == _NO_APPLICATION_PROTOCOL:
        how = "alert"
    elif seen.fault.kind in ("reset", "closed"):
        how = seen.fault.kind
    else:
        how = "answer" if seen.fault.kind == "openssl" else "other_alert"
    yield Finding(
        code=Cause.HANDSHAKE_FAILURE,
        severity="critical",
        evidence={
            "rule": "alpn",
            "how": how,
            "error": seen.fault.reason,
            "alert": seen.fault.alert,
            "host": view.target.host,
            "offered": _OFFERED,
            "version": plain.tls_version,
            "command": f"-alpn {_OFFERED}",
        },
    )


def breaks_on_alpn(view: View) -> bool:
    """Whether the same hello came through once ALPN was left out."""
    seen, plain = view.handshake, view.without_alpn
    return (
        seen is not None
        and seen.fault is not None
        and not seen.completed
        and plain is not None
        and bool(plain.completed or plain.chain)
    )
