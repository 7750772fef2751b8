"""Which steps follow from a cause: codes and literal commands; the words are in `explain.po`.

The first step is nearly always to look at the server itself: the words of an error seldom decide,
and its certificates do. Nothing here turns verification off.
"""

from collections.abc import Mapping
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


def steps(cause: Cause, host: str | None, port: int | None, *, serving: bool) -> tuple[Step, ...]:
    """What to do next, the check of the server first where it can tell more."""
    place = place_of(host, port)
    if cause is Cause.NOT_A_TLS_ERROR:
        # Whoever names a server may want to know more of it than the text says.
        return (_step("check", host, port),) if place else ()
    codes = _UNCHECKED.get(cause)
    if codes is None:
        first = "check" if place else "check_named"
        if serving and not place and cause in _REFUSED_HERE:
            first = "check_own"
        codes = (first, *_CHECKED.get(cause, ("more",)))
    return tuple(_step(code, host, port) for code in codes)


def _step(code: str, host: str | None, port: int | None) -> Step:
    values: dict[str, JsonValue] = {"host": place_of(host, port) or "HOST"}
    return Step(code=code, values=values, command=_command(code, host, port))


def place_of(host: str | None, port: int | None) -> str | None:
    """The target of a check as people type it: `host`, `host:port`, IPv6 in brackets."""
    if host is None:
        return None
    shown = f"[{host}]" if ":" in host else host
    return shown if port in (None, 443) else f"{shown}:{port}"


def _command(code: str, host: str | None, port: int | None) -> str | None:
    place = place_of(host, port)
    connect = f"{place_of(host, None)}:{port or 443}" if host else "HOST:443"
    return {
        "check": f"tlscheck check {place}",
        "check_named": "tlscheck check HOST",
        "check_own": "tlscheck check HOST",
        "clock": "date -u",
        "key_pair": _KEY_PAIR,
        "file": (
            "openssl storeutl -noout -text -certs FILE.pem\n"
            f"tlscheck chain FILE.pem --host {host or 'HOST'}"
        ),
        "client_certificate": f"openssl s_client -connect {connect} </dev/null",
        "client_ca": f"openssl s_client -connect {connect} </dev/null",
    }.get(code)
