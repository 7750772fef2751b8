"""The address could not be reached, or went away before TLS had begun."""

from collections.abc import Iterator

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.rules.alpn import breaks_on_alpn
from bot.diagnosis.rules.server_name import cut_for_name
from bot.diagnosis.view import View

_CAUSES = {
    "denied": Cause.EGRESS_DENIED,
    "refused": Cause.CONNECTION_REFUSED,
    "no_route": Cause.TIMEOUT,
    "connect_timeout": Cause.TIMEOUT,
    "silent": Cause.TIMEOUT,
    "reset": Cause.CONNECTION_RESET,
    "closed": Cause.CONNECTION_RESET,
    # At the proxy: the code says what came of it, the evidence and the words whose fault it is.
    "proxy_unknown": Cause.DNS_FAILURE,
    "proxy_refused": Cause.CONNECTION_REFUSED,
    "proxy_timeout": Cause.TIMEOUT,
    "proxy_no_route": Cause.TIMEOUT,
    "proxy_tls": Cause.CONNECTION_RESET,
    "proxy_silent": Cause.TIMEOUT,
    "proxy_closed": Cause.CONNECTION_RESET,
    "proxy_strange": Cause.CONNECTION_RESET,
    "proxy_denied": Cause.EGRESS_DENIED,
    "proxy_login": Cause.EGRESS_DENIED,
    "proxy_bad_gateway": Cause.CONNECTION_REFUSED,
    "proxy_gateway_timeout": Cause.TIMEOUT,
}


def find(view: View) -> Iterator[Finding]:
    """Name what ended the connection below TLS."""
    seen = view.handshake
    if view.unanswered is not None and view.unanswered.fault is not None:
        yield Finding(
            code=Cause.CONNECTION_RESET,
            severity="critical",
            evidence={
                "how": "large_hello",
                "error": view.unanswered.fault.reason,
                "only_size": view.only_size,
                "port": view.unanswered.port,
            },
        )
    if seen is None or seen.fault is None:
        return
    cause = _CAUSES.get(seen.fault.kind)
    # A server that hangs up because we have no client certificate is that rule's finding.
    if cause is None or (seen.client_certificate_asked and seen.connected):
        return
    # One that takes only an old protocol or cipher may hang up too; the hand-made hello tells.
    if cause is Cause.CONNECTION_RESET and view.hello is not None and view.hello.cipher:
        return
    if cause is Cause.CONNECTION_RESET and breaks_on_alpn(view):
        return
    yield Finding(
        code=cause,
        severity="critical",
        evidence={
            "by_name": cut_for_name(view),
            "how": seen.fault.kind,
            "error": seen.fault.reason,
            "connected": seen.connected,
            "received": seen.received,
            "port": seen.port,
            "is_address": str(seen.address) == view.target.host,
        },
    )
