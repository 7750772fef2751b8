"""Which steps follow from a cause: codes and literal commands; the words are in `explain.po`.

The first step is nearly always to look at the server itself: the words of an error seldom decide,
and its certificates do. Nothing here turns verification off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Step

_KEY_PAIR = (
    "openssl x509 -in cert.pem -noout -pubkey | openssl sha256\n"
    "openssl pkey -in key.pem -pubout | openssl sha256"
)
_CHECKED: Mapping[Cause, tuple[str, ...]] = MappingProxyType(
    {
        Cause.AMBIGUOUS_ISSUER: ("trust_store", "company_ca"),
        Cause.MISSING_INTERMEDIATE: ("trust_store",),
        Cause.WRONG_INTERMEDIATE: ("file",),
        Cause.UNTRUSTED_ROOT: ("company_ca", "trust_store"),
        Cause.INTERCEPTION_PROXY: ("company_ca",),
        Cause.SELF_SIGNED: ("names", "company_ca"),
        Cause.EXPIRED: ("renew", "clock"),
        Cause.EXPIRED_INTERMEDIATE: ("file",),
        Cause.NOT_YET_VALID: ("clock",),
        Cause.HOSTNAME_MISMATCH: ("names",),
        Cause.CERTIFICATE_NOT_TLS: ("reissue",),
        Cause.WEAK_SIGNATURE_OR_KEY: ("reissue",),
        Cause.INVALID_CHAIN: ("reissue",),
        Cause.VALIDITY_TOO_LONG: ("reissue",),
        Cause.REVOKED: ("new_certificate",),
        Cause.OCSP_PROBLEM: ("revocation",),
        Cause.PLAINTEXT_ON_TLS_PORT: ("port",),
        Cause.STARTTLS_REFUSED: ("starttls",),
        Cause.PROTOCOL_VERSION: ("versions",),
        Cause.NO_SHARED_CIPHER: ("server_settings",),
        Cause.DH_KEY_TOO_SMALL: ("server_settings",),
        Cause.RENEGOTIATION_OR_LEGACY: ("server_settings",),
        Cause.SNI_UNRECOGNIZED: ("server_name",),
        Cause.CLIENT_CERTIFICATE_REQUIRED: ("client_certificate",),
        Cause.CLIENT_CERTIFICATE_REJECTED: ("client_ca",),
        Cause.HANDSHAKE_FAILURE: ("more",),
        Cause.CONNECTION_RESET: ("network",),
        Cause.CONNECTION_REFUSED: ("network",),
        Cause.TIMEOUT: ("network",),
        Cause.DNS_FAILURE: ("network",),
        Cause.PINNING_MISMATCH: ("pin",),
    }
)
# The server cannot show these: they are about the machine, the file or the way.
_UNCHECKED: Mapping[Cause, tuple[str, ...]] = MappingProxyType(
    {
        Cause.CLOCK_SKEW: ("clock",),
        Cause.KEY_MISMATCH: ("key_pair",),
        Cause.CA_BUNDLE_MISSING: ("trust_store",),
        Cause.MALFORMED_CERTIFICATE: ("file",),
        Cause.TLS_ON_PLAINTEXT_PORT: ("https",),
        Cause.EGRESS_DENIED: ("network",),
    }
)
# A server's log about certificates: the client refused what this very server sent.
_REFUSED_HERE = frozenset(
    {
        Cause.AMBIGUOUS_ISSUER,
        Cause.EXPIRED,
        Cause.REVOKED,
        Cause.CERTIFICATE_NOT_TLS,
        Cause.PROTOCOL_VERSION,
        Cause.NO_SHARED_CIPHER,
    }
)


@dataclass(frozen=True)
class Place:
    """A server that a text names, and how a check gets at its TLS."""

    host: str
    port: int | None = None
    starttls: str | None = None

    @property
    def target(self) -> str:
        """As people type it: `host`, `host:port`, IPv6 in brackets."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port in (None, 443) else f"{shown}:{self.port}"

    @property
    def command(self) -> str:
        """What stands behind `tlscheck check` and behind `/tlscheck`."""
        return f"{self.target} --starttls {self.starttls}" if self.starttls else self.target


# Where these listen, TLS begins after some words of their own protocol.
_STARTTLS: Mapping[int, str] = MappingProxyType(
    {
        21: "ftp",
        25: "smtp",
        110: "pop3",
        119: "nntp",
        143: "imap",
        389: "ldap",
        587: "smtp",
        3306: "mysql",
        4190: "sieve",
        5222: "xmpp",
        5432: "postgres",
    }
)
# Who prints it speaks to this port, when no other is named.
_PORTS: Mapping[str, int] = MappingProxyType(
    {"mongodb": 27017, "mysql": 3306, "postfix": 25, "postgres": 5432, "redis": 6379}
)


def place(host: str | None, port: int | None, client: str | None) -> Place | None:
    """The server to check, with the port and the protocol that its client speaks."""
    if host is None:
        return None
    named = port or _PORTS.get(client or "")
    return Place(host, named, _STARTTLS.get(named or 443))


def steps(cause: Cause, named: Place | None, *, serving: bool) -> tuple[Step, ...]:
    """What to do next, the check of the server first where it can tell more."""
    if cause is Cause.NOT_A_TLS_ERROR:
        # Whoever names a server may want to know more of it than the text says.
        return (_step("check", named),) if named else ()
    codes = _UNCHECKED.get(cause)
    if codes is None:
        first = "check" if named else "check_named"
        if serving and not named and cause in _REFUSED_HERE:
            first = "check_own"
        codes = (first, *_CHECKED.get(cause, ("more",)))
    return tuple(_step(code, named) for code in codes)


def _step(code: str, named: Place | None) -> Step:
    values: dict[str, JsonValue] = {"host": named.target if named else "HOST"}
    return Step(code=code, values=values, command=_command(code, named))


def _command(code: str, named: Place | None) -> str | None:
    host = named.host if named else "HOST"
    shown = f"[{host}]" if ":" in host else host
    connect = f"{shown}:{named.port or 443 if named else 443}"
    if named and named.starttls:
        connect += f" -starttls {named.starttls}"
    return {
        "check": f"tlscheck check {named.command if named else host}",
        "check_named": "tlscheck check HOST",
        "check_own": "tlscheck check HOST",
        "clock": "date -u",
        "key_pair": _KEY_PAIR,
        "file": (
            f"openssl storeutl -noout -text -certs FILE.pem\ntlscheck chain FILE.pem --host {host}"
        ),
        "client_certificate": f"openssl s_client -connect {connect} </dev/null",
        "client_ca": f"openssl s_client -connect {connect} </dev/null",
    }.get(code)
