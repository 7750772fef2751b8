"""The server and today's clients have no cipher suite in common."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.hello import OLD_SUITES
from bot.diagnosis.report import Finding
from bot.diagnosis.rules import dh
from bot.diagnosis.rules.protocol import is_old
from bot.diagnosis.view import View

_OLD_NAMES = frozenset(OLD_SUITES.values())
# handshake_failure and insufficient_security (RFC 8446, 6.2).
_ALERTS = (40, 71)


def find(view: View) -> Iterator[Finding]:
    """Find a server that has only suites nobody offers any more, or only unusual ones."""
    seen = view.handshake
    if seen is None or is_old(seen.tls_version):
        return
    fault = seen.fault
    if fault is not None and not seen.chain:
        hello = view.hello
        if hello is not None and hello.cipher in _OLD_NAMES and hello.version == "TLSv1.2":
            yield Finding(
                code=Cause.NO_SHARED_CIPHER,
                severity="critical",
                evidence={
                    "cipher": hello.cipher,
                    "version": hello.version,
                    "error": fault.reason,
                    "everyone": True,
                },
            )
        return
    modern = view.modern
    if any(True for _ in dh.find(view)):
        return  # says the same of browsers, and more of the others
    if modern is not None and modern.fault is not None and modern.fault.alert in _ALERTS:
        yield Finding(
            code=Cause.NO_SHARED_CIPHER,
            severity="critical",
            evidence={
                "cipher": seen.cipher,
                "version": seen.tls_version,
                "error": modern.fault.reason,
                "everyone": False,
            },
        )
