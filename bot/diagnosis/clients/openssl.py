"""Clients that verify with OpenSSL.

Lines are those that the client prints; `{host}`, `{port}`, `{names}`, `{not_after}` and `{now}` are
filled in. Taken from runs against broken servers (OpenSSL 3.0, curl 7.88, Node 20,
Python 3.11 and 3.13, Ruby 3.1, PHP 8.2); OpenSSL 1.0.2 from its sources (x509_vfy.c, ssl_err.c).
"""

from dataclasses import replace
from datetime import date

from bot.diagnosis.clients.client import Client, Symptom


def _openssl_words(before: str, after: str = "") -> dict[Symptom, str]:
    texts: dict[Symptom, str] = {
        "self_signed": "self-signed certificate",
        "no_issuer": "unable to get local issuer certificate",
        "no_upper_issuer": "unable to get local issuer certificate",
        "root_sent": "self-signed certificate in certificate chain",
        "expired": "certificate has expired",
        "expired_upper": "certificate has expired",
        "not_yet_valid": "certificate is not yet valid",
        "purpose": "unsuitable certificate purpose",
        "invalid": "{openssl}",
    }
    return {symptom: f"{before}{text}{after}" for symptom, text in texts.items()}


# Between "curl: (35)" and OpenSSL's error stands nothing, "OpenSSL/3.0.19: " or "TLS connect
# error: ", as the release has it: the line begins where all agree.
_CURL = Client(
    "curl",
    "curl (OpenSSL)",
    {
        **_openssl_words("curl: (60) SSL certificate problem: "),
        "dns": "curl: (6) Could not resolve host: {host}",
        "refused": "curl: (7) Failed to connect to {host} port {port}",
        "connect_timeout": "curl: (28) Connection timed out",
        "silent": "curl: (28) SSL connection timeout",
        "reset": "curl: (35) Recv failure: Connection reset by peer",
        "closed": "SSL_ERROR_SYSCALL in connection to {host}:{port}",
        "plaintext": "error:0A00010B:SSL routines::wrong version number",
        "protocol_version": "error:0A00042E:SSL routines::tlsv1 alert protocol version",
        "no_cipher": "error:0A000410:SSL routines::sslv3 alert handshake failure",
        "refusal": "error:0A000410:SSL routines::sslv3 alert handshake failure",
        "unknown_sni": "error:0A000458:SSL routines::tlsv1 unrecognized name",
        "internal_error": "error:0A000438:SSL routines::tlsv1 alert internal error",
        "too_large": "error:0A000098:SSL routines::excessive message size",
        "client_certificate_12": "error:0A000410:SSL routines::sslv3 alert handshake failure",
        "client_certificate_13": "error:0A00045C:SSL routines::tlsv13 alert certificate required",
        "client_certificate_page": "400 No required SSL certificate was sent",
        "mismatch": "curl: (60) SSL: no alternative certificate subject name matches target host name '{host}'",
        "mismatch_address": "curl: (60) SSL: no alternative certificate subject name matches target host name '{host}'",
    },
    accepts_common_name=True,
    final_dot="accepts",
)

_OPENSSL = Client(
    "openssl",
    "openssl s_client",
    {
        "dns": "BIO_lookup_ex:system lib",
        "refused": "connect:errno=111",
        "connect_timeout": "connect:errno=110",
        "reset": "write:errno=104",
        "closed": "unexpected eof while reading",
        "plaintext": "wrong version number",
        "protocol_version": "error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version",
        "no_cipher": "error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure",
        "refusal": "error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure",
        "unknown_sni": "error:0A000458:SSL routines:ssl3_read_bytes:tlsv1 unrecognized name",
        "internal_error": "error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error",
        "too_large": "excessive message size",
        "client_certificate_12": "error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure",
        "client_certificate_13": "error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required",
        "self_signed": "Verify return code: 18 (self-signed certificate)",
        "no_issuer": "Verify return code: 21 (unable to verify the first certificate)",
        "no_upper_issuer": "Verify return code: 20 (unable to get local issuer certificate)",
        "root_sent": "Verify return code: 19 (self-signed certificate in certificate chain)",
        "expired": "Verify return code: 10 (certificate has expired)",
        "expired_upper": "Verify return code: 10 (certificate has expired)",
        "not_yet_valid": "Verify return code: 9 (certificate is not yet valid)",
        "purpose": "Verify return code: 26 (unsuitable certificate purpose)",
        "invalid": "({openssl})",
        # After that of the CA comes one that the purpose does not fit either.
        "not_a_ca": "Verify return code: 26 (unsuitable certificate purpose)",
        "mismatch": "Verify return code: 62 (hostname mismatch)",
        "mismatch_address": "Verify return code: 64 (IP address mismatch)",
    },
    accepts_common_name=True,
    # It goes on after each error and prints the last: names are checked before 21 and dates.
    order=("dates", "no_issuer", "name", "chain"),
)

_PYTHON = Client(
    "python",
    "Python (ssl, requests; up to 3.12)",
    {
        **_openssl_words("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "),
        "dns": "[Errno -2] Name or service not known",
        "refused": "[Errno 111] Connection refused",
        "connect_timeout": "timed out",
        "silent": "The handshake operation timed out",
        "reset": "[Errno 104] Connection reset by peer",
        "closed": "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol",
        "plaintext": "[SSL: WRONG_VERSION_NUMBER] wrong version number",
        "protocol_version": "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version",
        "no_cipher": "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure",
        "refusal": "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure",
        "unknown_sni": "[SSL: TLSV1_UNRECOGNIZED_NAME] tlsv1 unrecognized name",
        "internal_error": "[SSL: TLSV1_ALERT_INTERNAL_ERROR] tlsv1 alert internal error",
        "too_large": "[SSL: EXCESSIVE_MESSAGE_SIZE] excessive message size",
        "client_certificate_12": "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure",
        "client_certificate_13": "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required",
        "client_certificate_page": "HTTP Error 400: Bad Request",
        "mismatch": "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for '{host}'.",
        "mismatch_address": "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: IP address mismatch, certificate is not valid for '{host}'.",
    },
    accepts_common_name=True,
    # The first error ends it: OpenSSL checks the name before the dates.
    order=("chain", "name", "dates"),
    family="languages",
)

_NODE = Client(
    "node",
    "Node.js",
    {
        "dns": "getaddrinfo ENOTFOUND {host}",
        "refused": "connect ECONNREFUSED",
        "connect_timeout": "connect ETIMEDOUT",
        "reset": "read ECONNRESET",
        "closed": "Client network socket disconnected before secure TLS connection was established",
        "plaintext": "wrong version number",
        "protocol_version": "tlsv1 alert protocol version",
        "no_cipher": "sslv3 alert handshake failure",
        "refusal": "sslv3 alert handshake failure",
        "unknown_sni": "tlsv1 unrecognized name",
        "internal_error": "tlsv1 alert internal error",
        "too_large": "excessive message size",
        "client_certificate_12": "sslv3 alert handshake failure",
        "client_certificate_13": "tlsv13 alert certificate required",
        "client_certificate_page": "400 No required SSL certificate was sent",
        "self_signed": "DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate",
        "no_issuer": "UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to verify the first certificate",
        "no_upper_issuer": "UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unable to get local issuer certificate",
        "root_sent": "SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate in certificate chain",
        "expired": "CERT_HAS_EXPIRED: certificate has expired",
        "expired_upper": "CERT_HAS_EXPIRED: certificate has expired",
        "not_yet_valid": "CERT_NOT_YET_VALID: certificate is not yet valid",
        "purpose": "INVALID_PURPOSE: unsuitable certificate purpose",
        "invalid": "{openssl}",
        "not_a_ca": "INVALID_PURPOSE: unsuitable certificate purpose",
        "mismatch": "ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames: Host: {host}. is not in the cert's altnames: {names}",
        "mismatch_address": "ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames: IP: {host} is not in the cert's list: {addresses}",
    },
    accepts_common_name=True,
    # OpenSSL's last error, then the name by its own code.
    order=("dates", "chain", "name"),
    roots="own",
    family="languages",
    least_rsa=1024,
    final_dot="accepts",
)

_PYTHON_STRICT = replace(_PYTHON, code="python-strict", label="Python 3.13 and later")

_RUBY = Client(
    "ruby",
    "Ruby",
    {
        **_openssl_words("certificate verify failed (", ")"),
        "dns": "getaddrinfo: Name or service not known",
        "refused": "Connection refused - connect(2) for",
        "connect_timeout": "Net::OpenTimeout",
        "silent": "Net::OpenTimeout",
        "reset": "Connection reset by peer - SSL_connect",
        "closed": "state=error: unexpected eof while reading",
        "plaintext": "state=error: wrong version number",
        "protocol_version": "state=error: tlsv1 alert protocol version",
        "no_cipher": "state=error: sslv3 alert handshake failure",
        "refusal": "state=error: sslv3 alert handshake failure",
        "unknown_sni": "state=error: tlsv1 unrecognized name",
        "internal_error": "state=error: tlsv1 alert internal error",
        "too_large": "state=error: excessive message size",
        "client_certificate_12": "state=error: sslv3 alert handshake failure",
        "client_certificate_13": "SSL_read: tlsv13 alert certificate required",
        "client_certificate_page": "400 Bad Request",
        "mismatch": "certificate verify failed (hostname mismatch)",
        "mismatch_address": "certificate verify failed (IP address mismatch)",
    },
    family="languages",
    accepts_common_name=True,
    # The name is checked once the chain has been accepted.
    order=("chain", "dates", "name"),
    final_dot="accepts",
)

_PHP_REFUSED = "error:0A000086:SSL routines::certificate verify failed"
_PHP_CERTIFICATE: tuple[Symptom, ...] = (
    "self_signed",
    "no_issuer",
    "no_upper_issuer",
    "root_sent",
    "expired",
    "expired_upper",
    "not_yet_valid",
    "purpose",
    "weak",
    "invalid",
)
_PHP = Client(
    "php",
    "PHP",
    {
        **dict.fromkeys(_PHP_CERTIFICATE, _PHP_REFUSED),
        "dns": "php_network_getaddresses: getaddrinfo for {host} failed: Name or service not known",
        "refused": "Failed to open stream: Connection refused",
        "connect_timeout": "Failed to open stream: Connection timed out",
        "silent": "SSL: Handshake timed out",
        "reset": "SSL: Connection reset by peer",
        "closed": "Failed to enable crypto",
        "plaintext": "error:0A00010B:SSL routines::wrong version number",
        "protocol_version": "error:0A00042E:SSL routines::tlsv1 alert protocol version",
        "no_cipher": "error:0A000410:SSL routines::sslv3 alert handshake failure",
        "refusal": "error:0A000410:SSL routines::sslv3 alert handshake failure",
        "unknown_sni": "error:0A000458:SSL routines::tlsv1 unrecognized name",
        "internal_error": "error:0A000438:SSL routines::tlsv1 alert internal error",
        "too_large": "error:0A000098:SSL routines::excessive message size",
        "client_certificate_12": "error:0A000410:SSL routines::sslv3 alert handshake failure",
        "client_certificate_13": "Failed to open stream: HTTP request failed!",
        "client_certificate_page": "400 Bad Request",
        "mismatch": "Peer certificate subjectAltName did not match expected name `{host}'",
        "mismatch_address": "Peer certificate subjectAltName did not match expected name `{host}'",
    },
    family="languages",
    accepts_common_name=True,
    final_dot="accepts",
)

_OPENSSL_102 = Client(
    "openssl-1.0.2",
    "OpenSSL 1.0.2 (CentOS 7)",
    {
        "self_signed": "verify error:num=18:self signed certificate",
        "no_issuer": "verify error:num=20:unable to get local issuer certificate",
        "no_upper_issuer": "verify error:num=20:unable to get local issuer certificate",
        "root_sent": "verify error:num=19:self signed certificate in certificate chain",
        "expired": "verify error:num=10:certificate has expired",
        "expired_upper": "verify error:num=10:certificate has expired",
        "not_yet_valid": "verify error:num=9:certificate is not yet valid",
        "purpose": "verify error:num=26:unsupported certificate purpose",
        "mismatch": "Hostname mismatch",
        "mismatch_address": "IP address mismatch",
        "refused": "connect:errno=111",
        "connect_timeout": "connect:errno=110",
        "reset": "write:errno=104",
        "plaintext": "SSL routines:SSL23_GET_SERVER_HELLO:unknown protocol",
        "no_cipher": "SSL23_GET_SERVER_HELLO:sslv3 alert handshake failure",
        "refusal": "SSL23_GET_SERVER_HELLO:sslv3 alert handshake failure",
        "unknown_sni": "SSL23_GET_SERVER_HELLO:tlsv1 unrecognized name",
    },
    family="devices",
    accepts_common_name=True,
    oldest_tls="TLSv1",
    least_rsa=512,
    # The first releases of CentOS 7 with it.
    oldest_bundle=date(2015, 12, 1),
    first="rsa",
)

ENTRIES = {
    one.code: one
    for one in (_CURL, _OPENSSL, _PYTHON, _PYTHON_STRICT, _NODE, _RUBY, _PHP, _OPENSSL_102)
}
"""The clients of this room."""
