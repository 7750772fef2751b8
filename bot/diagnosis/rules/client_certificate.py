"""The server insists on a certificate of the client (mutual TLS).

A check shows no certificate, so it sees only that one is required. That one was shown and refused
(`client_certificate_rejected`) is known to whoever showed it: it comes from error text alone. Java
and Windows answer the lack of one with the very alerts of a refusal (bad_certificate, 42), which
is why no alert to an empty Certificate message counts as such here.
"""

from collections.abc import Iterator
from typing import Literal

from bot.diagnosis.causes import Cause
from bot.diagnosis.handshake import Handshake
from bot.diagnosis.report import Finding
from bot.diagnosis.view import View

# What the refusals of nginx, Apache, HAProxy and IIS have in common: status 400, 403 or 496, and
# a page that speaks of the client certificate.
_PAGES = (
    b"No required SSL certificate was sent",
    b"SSL certificate error",
    b"client certificate",
    b"Client Certificate",
)


def find(view: View) -> Iterator[Finding]:
    """Find a server that asked for a client certificate and refused us without one."""
    for seen in (view.handshake, view.asked):
        how = refused_by(seen)
        if seen is not None and how is not None:
            yield Finding(
                code=Cause.CLIENT_CERTIFICATE_REQUIRED,
                severity="critical",
                evidence={
                    "how": how,
                    "version": seen.tls_version,
                    "error": seen.fault.reason if seen.fault else None,
                    "accepted_cas": list(seen.client_ca_names),
                    "accepted_in_all": seen.client_cas,
                },
            )
            return


def refused_by(seen: Handshake | None) -> Literal["alert", "page", "closed"] | None:
    """How the server refused a client without a certificate; None when it did not."""
    if seen is None or not seen.client_certificate_asked:
        return None
    if seen.fault is not None and seen.fault.kind == "alert":
        return "alert"
    if seen.fault is not None and seen.fault.kind in ("closed", "reset"):
        return "closed"
    status = seen.reply[:12]
    if status.startswith(b"HTTP/1.") and status[9:12] in (b"400", b"403", b"496"):
        return "page" if any(words in seen.reply for words in _PAGES) else None
    return None
