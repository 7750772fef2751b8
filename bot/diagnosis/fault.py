"""How a connection ended before its time: the kinds, and OpenSSL's errors and alerts as such."""

from dataclasses import dataclass
from typing import Literal

from OpenSSL import SSL

FaultKind = Literal[
    "denied",
    "refused",
    "no_route",
    "connect_timeout",
    "reset",
    "closed",
    "silent",
    "plaintext",
    "alert",
    "openssl",
    "starttls",
    "proxy_unknown",
    "proxy_refused",
    "proxy_timeout",
    "proxy_no_route",
    "proxy_tls",
    "proxy_silent",
    "proxy_closed",
    "proxy_strange",
    "proxy_denied",
    "proxy_login",
    "proxy_bad_gateway",
    "proxy_gateway_timeout",
]
"""What ended a connection before the handshake was done.

denied: our policy forbids the address; refused: a TCP reset in answer to SYN; no_route: this
machine has no way there; connect_timeout: no answer to SYN; reset, closed: the peer ended the
connection; silent: it did not answer in time; plaintext: the first bytes are no TLS record;
alert: a fatal TLS alert; openssl: OpenSSL could not make sense of what came; starttls: the server
does not change over to TLS.

What begins with proxy_ happened at the proxy, before the server was reached. proxy_unknown: its name
does not resolve; proxy_refused, proxy_timeout, proxy_no_route: no connection to it; proxy_tls: no TLS
with the proxy itself; proxy_silent, proxy_closed: no answer to CONNECT; proxy_strange: an answer that
no proxy gives; proxy_denied: it does not permit this target; proxy_login: it wants credentials (407);
proxy_bad_gateway, proxy_gateway_timeout: it could not reach the server.
"""

# Alert descriptions by the words OpenSSL uses for them (ssl/ssl_err.c; RFC 8446, 6.2).
_ALERTS = {
    "unexpected message": 10,
    "bad record mac": 20,
    "handshake failure": 40,
    "no certificate": 41,
    "bad certificate": 42,
    "unsupported certificate": 43,
    "certificate revoked": 44,
    "certificate expired": 45,
    "certificate unknown": 46,
    "illegal parameter": 47,
    "unknown ca": 48,
    "access denied": 49,
    "decode error": 50,
    "decrypt error": 51,
    "protocol version": 70,
    "insufficient security": 71,
    "internal error": 80,
    "inappropriate fallback": 86,
    "missing extension": 109,
    "unsupported extension": 110,
    "unrecognized name": 112,
    "certificate required": 116,
    "no application protocol": 120,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a connection ended early. `reason` is OpenSSL's or the system's own text."""

    kind: FaultKind
    reason: str = ""
    alert: int | None = None


def fault_of(error: SSL.Error, first_bytes: bytes) -> Fault:
    """What an error of OpenSSL means, with the first bytes that the peer had sent."""
    stack = error.args[0] if error.args and isinstance(error.args[0], list) else []
    reason = str(stack[-1][2]) if stack else "handshake failure"
    first = str(stack[0][2]) if stack else reason
    for text in (first, reason):
        # OpenSSL leaves the word out for some: "tlsv1 unrecognized name".
        if " alert " in f" {text} " or text.startswith("tlsv1 "):
            return Fault("alert", text, _alert_number(text, first_bytes))
    return Fault("openssl", first or reason)


def _alert_number(reason: str, first_bytes: bytes) -> int | None:
    # A plain alert record shows its number (RFC 8446, 6); an encrypted one only through OpenSSL.
    # A warning (level 1) in front of other records is not what ended the connection.
    if len(first_bytes) >= 7 and first_bytes[0] == 0x15 and first_bytes[5] == 2:
        return first_bytes[6]
    return next((number for words, number in _ALERTS.items() if words in reason), None)
