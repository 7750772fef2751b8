"""Every text and number that TLS libraries can print is given a sensible cause.

The tables are lists of facts from the libraries' own sources (named in them); they say that nothing
is forgotten, where the corpus says how people really paste it.
"""

import pytest

from bot.diagnosis.causes import Cause
from bot.explain import explain
from tests.explain.corpus import family
from tests.explain.tables import Line, verify_table, words_table

# Words that one library has taken over from another.
_KIN = {"java": ("android", "kafka"), "node": ("openssl",)}
_ISSUER = frozenset({"ambiguous_issuer"})
_REJECTED = frozenset({"client_certificate_rejected", "client_certificate_required"})


def test_the_tables_name_causes_of_the_contract() -> None:
    """A mistyped cause would make a row that nothing can satisfy."""
    known = {cause.value for cause in Cause}
    for line in (*verify_table(), *words_table()):
        assert line.causes <= known, line


@pytest.mark.parametrize("line", verify_table(), ids=lambda line: f"{line.key}-{line.text}")
def test_a_verify_text_of_openssl_is_understood(line: Line) -> None:
    """X509_verify_cert_error_string as OpenSSL, Python, curl and nginx pass it on."""
    forms = [line.text, f"certificate verify failed: {line.text} (_ssl.c:1010)"]
    if line.key != "1":
        forms.append(f"SSL certificate problem: {line.text}")
    if not line.text.isupper():
        forms.append(f"verify error:num={line.key}:{line.text}")
        forms.append(f"Verify return code: {line.key} ({line.text})")
        forms.append(f"upstream SSL certificate verify error: ({line.key}:{line.text})")
    for form in forms:
        assert explain(form).cause in line.causes, form


@pytest.mark.parametrize(
    "line", words_table(), ids=[f"{n}-{line.text[:60]}" for n, line in enumerate(words_table())]
)
def test_a_text_of_another_library_is_understood(line: Line) -> None:
    """The words of GnuTLS, browsers, Apple, Java, Go, rustls … name their cause."""
    found = explain(line.text)
    assert found.cause in line.causes
    if found.client is not None:
        assert family(found.client) in {family(line.key), *_KIN.get(line.key, ())}, found.client


# RFC 8446 section 6: number, name, what a client that hears it is told, and a server.
_ALERTS: list[tuple[int, str, str, str]] = [
    (10, "unexpected_message", "handshake_failure", "handshake_failure"),
    (20, "bad_record_mac", "handshake_failure", "handshake_failure"),
    (40, "handshake_failure", "handshake_failure", "handshake_failure"),
    (42, "bad_certificate", "client_certificate_rejected", "ambiguous_issuer"),
    (43, "unsupported_certificate", "client_certificate_rejected", "certificate_not_tls"),
    (44, "certificate_revoked", "client_certificate_rejected", "revoked"),
    (45, "certificate_expired", "client_certificate_rejected", "expired"),
    (46, "certificate_unknown", "client_certificate_rejected", "ambiguous_issuer"),
    (47, "illegal_parameter", "handshake_failure", "handshake_failure"),
    (48, "unknown_ca", "client_certificate_rejected", "ambiguous_issuer"),
    (49, "access_denied", "client_certificate_rejected", "client_certificate_rejected"),
    (50, "decode_error", "handshake_failure", "handshake_failure"),
    (51, "decrypt_error", "handshake_failure", "handshake_failure"),
    (70, "protocol_version", "protocol_version", "protocol_version"),
    (71, "insufficient_security", "no_shared_cipher", "no_shared_cipher"),
    (80, "internal_error", "handshake_failure", "handshake_failure"),
    (86, "inappropriate_fallback", "protocol_version", "protocol_version"),
    (100, "no_renegotiation", "renegotiation_or_legacy", "renegotiation_or_legacy"),
    (109, "missing_extension", "handshake_failure", "handshake_failure"),
    (110, "unsupported_extension", "handshake_failure", "handshake_failure"),
    (112, "unrecognized_name", "sni_unrecognized", "sni_unrecognized"),
    (113, "bad_certificate_status_response", "ocsp_problem", "ocsp_problem"),
    (115, "unknown_psk_identity", "handshake_failure", "handshake_failure"),
    (116, "certificate_required", "client_certificate_required", "client_certificate_required"),
    (120, "no_application_protocol", "handshake_failure", "handshake_failure"),
]
# crypto/tls/alert.go, where it has other words than the RFC.
_GO = {
    20: "bad record MAC",
    44: "revoked certificate",
    45: "expired certificate",
    46: "unknown certificate",
    48: "unknown certificate authority",
    50: "error decoding message",
    51: "error decrypting message",
    70: "protocol version not supported",
    71: "insufficient security level",
    113: "bad certificate status response",
    115: "unknown PSK identity",
}
# gnutls lib/alert.c, where it has other words than the RFC.
_GNUTLS = {
    20: "Bad record MAC",
    40: "Handshake failed",
    42: "Certificate is bad",
    43: "Certificate is not supported",
    44: "Certificate was revoked",
    45: "Certificate is expired",
    46: "Unknown certificate",
    48: "CA is unknown",
    49: "Access was denied",
    70: "Error in protocol version",
    112: "The server name sent was not recognized",
    116: "Certificate is required",
}


def _heard(number: int, name: str) -> list[str]:
    """What clients print when the server sends an alert."""
    spaced = name.replace("_", " ")
    camel = name.title().replace("_", "")
    prefix = "sslv3" if number <= 47 else "tlsv1"
    constant = f"{prefix.upper()}_ALERT_{name.upper()}"
    lines = [
        f"error:0A000{1000 + number:03X}:SSL routines::{prefix} alert {spaced}:SSL alert number {number}",
        f"error:14094{1000 + number:03X}:SSL routines:ssl3_read_bytes:{prefix} alert {spaced}",
        f"[SSL: {constant}] {prefix} alert {spaced} (_ssl.c:1007)",
        f"javax.net.ssl.SSLHandshakeException: Received fatal alert: {name}",
        f"javax.net.ssl.SSLHandshakeException: ({name}) Received fatal alert: {name}",
        f"received fatal alert: {camel}",
        f"remote error: tls: {_GO.get(number, spaced)}",
        f"* TLSv1.3 (IN), TLS alert, {spaced} ({number}):",
        f"error:10000{1000 + number:03X}:SSL routines:OPENSSL_internal:{constant}",
    ]
    if number in _GNUTLS:
        lines.append(f"*** Received alert [{number}]: {_GNUTLS[number]}")
        lines.append(f"GnuTLS: received alert [{number}]: {_GNUTLS[number]}")
    return lines


@pytest.mark.parametrize(("number", "name", "client", "_"), _ALERTS, ids=[a[1] for a in _ALERTS])
def test_an_alert_that_a_client_hears_is_understood(
    number: int, name: str, client: str, _: str
) -> None:
    """One alert means one thing in the spelling of each library."""
    right = _REJECTED if client == "client_certificate_rejected" else {client}
    for line in _heard(number, name):
        assert explain(line).cause in right, line


@pytest.mark.parametrize(("number", "name", "_", "server"), _ALERTS, ids=[a[1] for a in _ALERTS])
def test_an_alert_that_a_server_hears_is_about_its_own_certificate(
    number: int, name: str, _: str, server: str
) -> None:
    """In a server's log the same words say what its client thinks."""
    spaced = name.replace("_", " ")
    alert = f"alert {spaced}:SSL alert number {number}"
    for line in (
        f"http: TLS handshake error from 10.0.0.7:50112: remote error: tls: {_GO.get(number, spaced)}",
        (
            "2026/02/03 04:05:06 [crit] 31#31: *7 SSL_do_handshake() failed (SSL: error:0A000"
            f"{1000 + number:03X}:SSL routines::tlsv1 {alert}) while SSL handshaking, "
            "client: 10.0.0.7, server: 0.0.0.0:443"
        ),
        (
            "imap-login: Disconnected (no auth attempts in 0 secs): rip=10.0.0.7, TLS handshaking: "
            f"SSL_accept() failed: error:14094{1000 + number:03X}:SSL routines:ssl3_read_bytes:sslv3 {alert}"
        ),
    ):
        assert explain(line).cause == server, line


# winerror.h: name, number, causes.
_SCHANNEL: list[tuple[str, int, frozenset[str]]] = [
    ("SEC_E_UNTRUSTED_ROOT", 0x80090325, frozenset({"untrusted_root"}) | _ISSUER),
    ("SEC_E_WRONG_PRINCIPAL", 0x80090322, frozenset({"hostname_mismatch"})),
    ("SEC_E_CERT_EXPIRED", 0x80090328, frozenset({"expired"})),
    ("SEC_E_CERT_UNKNOWN", 0x80090327, _REJECTED | _ISSUER),
    ("SEC_E_ALGORITHM_MISMATCH", 0x80090331, frozenset({"no_shared_cipher", "protocol_version"})),
    ("SEC_E_ILLEGAL_MESSAGE", 0x80090326, frozenset({"handshake_failure"})),
    ("SEC_E_INTERNAL_ERROR", 0x80090304, frozenset({"handshake_failure"})),
    ("SEC_E_INVALID_TOKEN", 0x80090308, frozenset({"plaintext_on_tls_port", "handshake_failure"})),
    ("SEC_E_UNSUPPORTED_FUNCTION", 0x80090302, frozenset({"protocol_version"})),
    ("SEC_E_NO_CREDENTIALS", 0x8009030E, frozenset({"client_certificate_required"})),
    ("SEC_E_CERT_WRONG_USAGE", 0x80090349, frozenset({"certificate_not_tls"})),
    ("SEC_E_DECRYPT_FAILURE", 0x80090330, frozenset({"handshake_failure"})),
    ("SEC_E_MESSAGE_ALTERED", 0x8009030F, frozenset({"handshake_failure"})),
    ("CRYPT_E_REVOKED", 0x80092010, frozenset({"revoked"})),
    ("CRYPT_E_NO_REVOCATION_CHECK", 0x80092012, frozenset({"ocsp_problem"})),
    ("CRYPT_E_REVOCATION_OFFLINE", 0x80092013, frozenset({"ocsp_problem"})),
    ("TRUST_E_CERT_SIGNATURE", 0x80096004, frozenset({"wrong_intermediate"})),
    ("TRUST_E_BASIC_CONSTRAINTS", 0x80096019, frozenset({"invalid_chain"})),
    ("CERT_E_EXPIRED", 0x800B0101, frozenset({"expired"})),
    ("CERT_E_VALIDITYPERIODNESTING", 0x800B0102, frozenset({"invalid_chain"})),
    ("CERT_E_ROLE", 0x800B0103, frozenset({"invalid_chain"})),
    ("CERT_E_PATHLENCONST", 0x800B0104, frozenset({"invalid_chain"})),
    ("CERT_E_CRITICAL", 0x800B0105, frozenset({"invalid_chain"})),
    ("CERT_E_PURPOSE", 0x800B0106, frozenset({"certificate_not_tls"})),
    ("CERT_E_ISSUERCHAINING", 0x800B0107, frozenset({"wrong_intermediate", "ambiguous_issuer"})),
    ("CERT_E_MALFORMED", 0x800B0108, frozenset({"malformed_certificate"})),
    ("CERT_E_UNTRUSTEDROOT", 0x800B0109, frozenset({"untrusted_root"})),
    ("CERT_E_CHAINING", 0x800B010A, _ISSUER),
    ("CERT_E_REVOKED", 0x800B010C, frozenset({"revoked"})),
    ("CERT_E_UNTRUSTEDTESTROOT", 0x800B010D, frozenset({"untrusted_root"})),
    ("CERT_E_REVOCATION_FAILURE", 0x800B010E, frozenset({"ocsp_problem"})),
    ("CERT_E_CN_NO_MATCH", 0x800B010F, frozenset({"hostname_mismatch"})),
    ("CERT_E_WRONG_USAGE", 0x800B0110, frozenset({"certificate_not_tls"})),
    ("TRUST_E_EXPLICIT_DISTRUST", 0x800B0111, frozenset({"untrusted_root"})),
    ("CERT_E_UNTRUSTEDCA", 0x800B0112, frozenset({"untrusted_root"})),
    ("CERT_E_INVALID_POLICY", 0x800B0113, frozenset({"invalid_chain"})),
    ("CERT_E_INVALID_NAME", 0x800B0114, frozenset({"invalid_chain", "hostname_mismatch"})),
    ("ERROR_WINHTTP_SECURE_CERT_DATE_INVALID", 0x80072F05, frozenset({"expired"})),
    ("ERROR_WINHTTP_SECURE_CERT_CN_INVALID", 0x80072F06, frozenset({"hostname_mismatch"})),
    ("ERROR_WINHTTP_SECURE_INVALID_CA", 0x80072F0D, frozenset({"untrusted_root"})),
    ("ERROR_WINHTTP_SECURE_CERT_REVOKED", 0x80072F8A, frozenset({"revoked"})),
    (
        "ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED",
        0x80072F0C,
        frozenset({"client_certificate_required"}),
    ),
    ("ERROR_WINHTTP_SECURE_CHANNEL_ERROR", 0x80072F7D, frozenset({"protocol_version"})),
]


@pytest.mark.parametrize(
    ("name", "number", "causes"), _SCHANNEL, ids=[code[0] for code in _SCHANNEL]
)
def test_a_number_of_windows_is_understood(name: str, number: int, causes: frozenset[str]) -> None:
    """By its name, in hexadecimal, and as the decimal numbers of .NET, Rust and drivers."""
    for line in (
        f"schannel: next InitializeSecurityContext failed: {name} (0x{number:08x})",
        f"certificate error: 0x{number:08X}",
        f"TLS handshake error (os error {number - 2**32})",
        f"SSL Provider error {number}",
    ):
        assert explain(line).cause in causes, line
