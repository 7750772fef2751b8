"""What each client does about a session rather than a chain: key exchange, hello, revocation.

By client code, so that an entry can be there before or after the client's own. Sources: OpenSSL's
SSL_CTX_set_security_level and SSL_OP_LEGACY_SERVER_CONNECT, gnutls_dh_set_prime_bits, Node's
minDHSize, Java's jdk.tls.disabledAlgorithms, Firefox's CRLite, OneCRL and must-staple, Chrome's
CRLSet.
"""

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding, Outcome

_Verdict = tuple[Outcome, str]

# The smallest prime that is taken for ephemeral Diffie-Hellman. Who is not named offers none.
_LEAST_DH = {
    "curl": 2048,
    "openssl": 2048,
    "python": 2048,
    "python-strict": 2048,
    "ruby": 2048,
    "php": 2048,
    "dotnet": 2048,
    "node": 1024,
    "java": 1024,
    "java-aia": 1024,
    "gnutls": 1008,
    "windows": 1024,
    "openssl-1.0.2": 768,
}
_OPENSSL_3 = frozenset(
    ("curl", "openssl", "python", "python-strict", "node", "ruby", "php", "dotnet")
)
# Whose ClientHello carries a post-quantum key share in every current release, and whose never.
_LARGE_HELLO = frozenset(("chrome", "firefox", "safari"))
_SMALL_HELLO = frozenset(
    ("java", "java-aia", "gnutls", "windows", "android", "android-7", "openssl-1.0.2")
)
# Who offers ALPN whatever program it is in, and who never does; with the others it depends on that.
_OFFERS_ALPN = frozenset(
    ("curl", "go", "rustls", "chrome", "firefox", "safari", "windows", "android")
)
_NO_ALPN = frozenset(("openssl", "ruby"))
_ASKS_OR_KNOWS_REVOCATION = frozenset(("firefox", "safari", "windows"))
# CRLSet and OneCRL: CAs of the public Web PKI, once their makers have put them in.
_SHIPS_REVOKED_CAS = frozenset(("chrome", "firefox"))
_READS_STAPLES = frozenset(("firefox", "gnutls", "chrome", "safari", "windows"))
_HONOURS_MUST_STAPLE = frozenset(("firefox", "gnutls"))

_LINES: dict[tuple[Cause, str], str] = {
    (Cause.DH_KEY_TOO_SMALL, "curl"): "error:0A00018A:SSL routines::dh key too small",
    (Cause.DH_KEY_TOO_SMALL, "openssl"): "dh key too small",
    (Cause.DH_KEY_TOO_SMALL, "python"): "[SSL: DH_KEY_TOO_SMALL] dh key too small",
    (Cause.DH_KEY_TOO_SMALL, "python-strict"): "[SSL: DH_KEY_TOO_SMALL] dh key too small",
    (Cause.DH_KEY_TOO_SMALL, "ruby"): "dh key too small",
    (Cause.DH_KEY_TOO_SMALL, "php"): "dh key too small",
    (Cause.DH_KEY_TOO_SMALL, "go"): "remote error: tls: handshake failure",
    (Cause.DH_KEY_TOO_SMALL, "chrome"): "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
    (Cause.DH_KEY_TOO_SMALL, "firefox"): "SSL_ERROR_NO_CYPHER_OVERLAP",
    (
        Cause.RENEGOTIATION_OR_LEGACY,
        "curl",
    ): "error:0A000152:SSL routines::unsafe legacy renegotiation disabled",
    (Cause.RENEGOTIATION_OR_LEGACY, "openssl"): "unsafe legacy renegotiation disabled",
    (
        Cause.RENEGOTIATION_OR_LEGACY,
        "python",
    ): "[SSL: UNSAFE_LEGACY_RENEGOTIATION_DISABLED] unsafe legacy renegotiation disabled",
    (
        Cause.RENEGOTIATION_OR_LEGACY,
        "python-strict",
    ): "[SSL: UNSAFE_LEGACY_RENEGOTIATION_DISABLED] unsafe legacy renegotiation disabled",
    (Cause.RENEGOTIATION_OR_LEGACY, "node"): "unsafe legacy renegotiation disabled",
    (Cause.RENEGOTIATION_OR_LEGACY, "ruby"): "unsafe legacy renegotiation disabled",
    (Cause.RENEGOTIATION_OR_LEGACY, "php"): "unsafe legacy renegotiation disabled",
    (Cause.RENEGOTIATION_OR_LEGACY, "dotnet"): "unsafe legacy renegotiation disabled",
    (Cause.REVOKED, "chrome"): "NET::ERR_CERT_REVOKED",
    (Cause.REVOKED, "firefox"): "SEC_ERROR_REVOKED_CERTIFICATE",
    (Cause.REVOKED, "windows"): "CRYPT_E_REVOKED (0x80092010)",
}


# What is printed on alert 120 (RFC 7301, 3.2), and on a protocol that was not offered.
_ALPN_LINES = {
    ("alert", "curl"): "error:0A000460:SSL routines::tlsv1 alert no application protocol",
    ("alert", "go"): "remote error: tls: no application protocol",
    ("alert", "chrome"): "ERR_SSL_PROTOCOL_ERROR",
    ("alert", "firefox"): "SSL_ERROR_NEXT_PROTOCOL_NO_PROTOCOL",
    ("answer", "curl"): "error:0A00006E:SSL routines::bad extension",
    ("answer", "go"): "tls: server selected unadvertised ALPN protocol",
    ("answer", "chrome"): "ERR_SSL_PROTOCOL_ERROR",
}


def session_outcome(client: str, finding: Finding) -> _Verdict | None:
    """What the client does; None where this file has nothing to say."""
    evidence = finding.evidence
    match finding.code:
        case Cause.HANDSHAKE_FAILURE if evidence.get("rule") == "alpn":
            if client in _OFFERS_ALPN:
                return "fails", "alpn_refused"
            return (
                ("works", "alpn_unoffered") if client in _NO_ALPN else ("depends", "alpn_depends")
            )
        case Cause.DH_KEY_TOO_SMALL:
            return _about_dh(client, finding)
        case Cause.RENEGOTIATION_OR_LEGACY:
            if client in _OPENSSL_3:
                return "fails", "renegotiation_or_legacy"
            return "works", "legacy_accepted"
        case Cause.CONNECTION_RESET if evidence.get("how") == "large_hello":
            if client in _LARGE_HELLO:
                return "fails", "large_hello" if evidence.get("only_size") else "new_hello"
            if client in _SMALL_HELLO:
                return "works", "small_hello"
            return "depends", "hello_size"
        case Cause.REVOKED if evidence.get("rule") == "intermediate":
            if client in _SHIPS_REVOKED_CAS:
                return "depends", "revoked_ca_list"
            if client in _ASKS_OR_KNOWS_REVOCATION:
                return "fails", "revoked"
            return "works", "revocation_unchecked"
        case Cause.REVOKED:
            if client in _ASKS_OR_KNOWS_REVOCATION:
                return "fails", "revoked"
            if evidence.get("how") == "stapled" and client in _READS_STAPLES:
                return "fails", "revoked"
            if client == "chrome":
                return "depends", "revoked_list"
            return "works", "revocation_unchecked"
        case Cause.OCSP_PROBLEM:
            if client in _HONOURS_MUST_STAPLE:
                return "fails", "must_staple"
            return "works", "revocation_unchecked"
    return None


def session_line(client: str, finding: Finding) -> str | None:
    """What the client prints, where it is known."""
    if finding.evidence.get("rule") == "alpn":
        return _ALPN_LINES.get((str(finding.evidence.get("how")), client))
    return _LINES.get((finding.code, client))


def _about_dh(client: str, finding: Finding) -> _Verdict:
    least = _LEAST_DH.get(client)
    bits = finding.evidence.get("bits")
    if least is None:
        if finding.evidence.get("without_dh"):
            return "works", "no_dh"
        return "fails", "no_shared_cipher"
    if not isinstance(bits, int) or bits < least:
        return "fails", "dh_key_too_small"
    return "works", "small_dh_accepted"
