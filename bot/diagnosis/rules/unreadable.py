"""The server's certificates cannot be read, or are more than any client takes."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

_PARSER_WORDS = (
    "asn1",
    "nested",
    "wrong tag",
    "bad object header",
    "length mismatch",
    "too long",
    "header too long",
    "certificate length",
    "unknown public key",
    "not enough data",
)


def find(view: View) -> Iterator[Finding]:
    """Find a Certificate message that OpenSSL or the parser gave up on."""
    for reason in view.unreadable:
        yield Finding(
            code=Cause.MALFORMED_CERTIFICATE, severity="critical", evidence={"error": reason}
        )
    seen = view.handshake
    if seen is None or seen.fault is None or seen.fault.kind != "openssl" or view.unreadable:
        return
    reason = seen.fault.reason
    if "excessive message size" in reason:
        yield Finding(
            code=Cause.EXTRA_CERTIFICATES,
            severity="critical",
            evidence={"error": reason, "received": seen.received},
        )
    elif any(word in reason for word in _PARSER_WORDS):
        yield Finding(
            code=Cause.MALFORMED_CERTIFICATE, severity="critical", evidence={"error": reason}
        )
