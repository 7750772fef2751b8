"""The clients, as data: what each does by itself, in which order it checks, and what it prints.

Lines are those that the client prints; `{host}`, `{port}`, `{names}`, `{not_after}`, `{now}`,
`{common_name}` and `{edge}` are filled in. Taken from runs of the clients against broken servers
(OpenSSL 3.0, curl 7.88, Node 20, OpenJDK 17, Go 1.19, Python 3.11) and from the sources of Chrome
(net_error_list.h) and Firefox (SECerrs, SSLerrs, mozpkix).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Symptom = Literal[
    "dns",
    "refused",
    "connect_timeout",
    "silent",
    "reset",
    "closed",
    "plaintext",
    "protocol_version",
    "no_cipher",
    "refusal",
    "unknown_sni",
    "client_certificate_12",
    "client_certificate_13",
    "client_certificate_page",
    "unreadable",
    "self_signed",
    "no_issuer",
    "wrong_issuer",
    "no_upper_issuer",
    "root_sent",
    "expired",
    "not_yet_valid",
    "expired_upper",
    "mismatch",
    "mismatch_address",
    "purpose",
    "weak",
    "invalid",
]
Area = Literal["chain", "dates", "name"]


@dataclass(frozen=True, slots=True)
class Client:
    """One client: `order` is the order of precedence of a certificate's faults: which one it names.

    A symptom in it stands for itself, the others for their area.
    """

    code: str
    label: str
    words: Mapping[Symptom, str]
    fetches: bool = False
    preloads: bool = False
    accepts_common_name: bool = False
    browser_ciphers: bool = False
    order: tuple[Area | Symptom, ...] = ("chain", "dates", "name")


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
        "client_certificate_12": "error:0A000410:SSL routines::sslv3 alert handshake failure",
        "client_certificate_13": "error:0A00045C:SSL routines::tlsv13 alert certificate required",
        "client_certificate_page": "400 No required SSL certificate was sent",
        "mismatch": "curl: (60) SSL: no alternative certificate subject name matches target host name '{host}'",
        "mismatch_address": "curl: (60) SSL: no alternative certificate subject name matches target host name '{host}'",
    },
    accepts_common_name=True,
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
        "client_certificate_12": "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure",
        "client_certificate_13": "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required",
        "client_certificate_page": "HTTP Error 400: Bad Request",
        "mismatch": "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for '{host}'.",
        "mismatch_address": "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: IP address mismatch, certificate is not valid for '{host}'.",
    },
    accepts_common_name=True,
    # The first error ends it: OpenSSL checks the name before the dates.
    order=("chain", "name", "dates"),
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
        "mismatch": "ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames: Host: {host}. is not in the cert's altnames: {names}",
        "mismatch_address": "ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames: IP: {host} is not in the cert's list: {addresses}",
    },
    accepts_common_name=True,
    # OpenSSL's last error, then the name by its own code.
    order=("dates", "chain", "name"),
)

_JAVA_NO_PATH = (
    "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
    "sun.security.provider.certpath.SunCertPathBuilderException: "
    "unable to find valid certification path to requested target"
)
_JAVA = Client(
    "java",
    "Java",
    {
        "dns": "java.net.UnknownHostException: {host}",
        "refused": "java.net.ConnectException: Connection refused",
        "connect_timeout": "java.net.ConnectException: Connection timed out",
        "silent": "java.net.SocketTimeoutException: Read timed out",
        "reset": "java.net.SocketException: Connection reset",
        "closed": "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake",
        "plaintext": "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message",
        "protocol_version": "javax.net.ssl.SSLHandshakeException: Received fatal alert: protocol_version",
        "no_cipher": "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure",
        "refusal": "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure",
        "unknown_sni": "javax.net.ssl.SSLHandshakeException: Received fatal alert: unrecognized_name",
        "client_certificate_12": "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure",
        "client_certificate_13": "javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_required",
        "client_certificate_page": "java.io.IOException: Server returned HTTP response code: 400",
        "self_signed": _JAVA_NO_PATH,
        "no_issuer": _JAVA_NO_PATH,
        "wrong_issuer": "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: signature check failed",
        "no_upper_issuer": _JAVA_NO_PATH,
        "root_sent": _JAVA_NO_PATH,
        "expired": "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
        "expired_upper": "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
        "not_yet_valid": "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed",
        "purpose": "Extended key usage does not permit use for TLS server authentication",
        "mismatch": "javax.net.ssl.SSLHandshakeException: No subject alternative DNS name matching {host} found.",
        "mismatch_address": "javax.net.ssl.SSLHandshakeException: No subject alternative names matching IP address {host} found",
    },
    accepts_common_name=True,
    order=("chain", "dates", "name"),
)

_GO_UNKNOWN = "x509: certificate signed by unknown authority"
_GO = Client(
    "go",
    "Go",
    {
        "dns": "dial tcp: lookup {host}: no such host",
        "refused": "connect: connection refused",
        "connect_timeout": "i/o timeout",
        "silent": "net/http: TLS handshake timeout",
        "reset": "read: connection reset by peer",
        "closed": "EOF",
        "plaintext": "tls: first record does not look like a TLS handshake",
        "protocol_version": "remote error: tls: protocol version not supported",
        "no_cipher": "remote error: tls: handshake failure",
        "refusal": "remote error: tls: handshake failure",
        "unknown_sni": "remote error: tls: unrecognized name",
        "client_certificate_12": "remote error: tls: handshake failure",
        "client_certificate_13": "remote error: tls: certificate required",
        "client_certificate_page": "400 Bad Request",
        "self_signed": _GO_UNKNOWN,
        "no_issuer": _GO_UNKNOWN,
        "no_upper_issuer": _GO_UNKNOWN,
        "root_sent": _GO_UNKNOWN,
        "expired": "x509: certificate has expired or is not yet valid: current time {now} is after {not_after}",
        "expired_upper": "x509: certificate has expired or is not yet valid",
        "not_yet_valid": "x509: certificate has expired or is not yet valid: current time {now} is before {not_before}",
        "purpose": "x509: certificate specifies an incompatible key usage",
        "mismatch": "x509: certificate is valid for {plain_names}, not {host}",
        "mismatch_address": "x509: certificate is valid for {plain_names}, not {host}",
    },
    order=("dates", "name", "chain"),
)

_CHROME_AUTHORITY = "NET::ERR_CERT_AUTHORITY_INVALID"
_CHROME = Client(
    "chrome",
    "Chrome",
    {
        "dns": "DNS_PROBE_FINISHED_NXDOMAIN",
        "refused": "ERR_CONNECTION_REFUSED",
        "connect_timeout": "ERR_CONNECTION_TIMED_OUT",
        "silent": "ERR_TIMED_OUT",
        "reset": "ERR_CONNECTION_RESET",
        "closed": "ERR_CONNECTION_CLOSED",
        "plaintext": "ERR_SSL_PROTOCOL_ERROR",
        "protocol_version": "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
        "no_cipher": "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
        "refusal": "ERR_SSL_VERSION_OR_CIPHER_MISMATCH",
        "unknown_sni": "ERR_SSL_UNRECOGNIZED_NAME_ALERT",
        "client_certificate_12": "ERR_BAD_SSL_CLIENT_AUTH_CERT",
        "client_certificate_13": "ERR_BAD_SSL_CLIENT_AUTH_CERT",
        "client_certificate_page": "400 No required SSL certificate was sent",
        "self_signed": _CHROME_AUTHORITY,
        "no_issuer": _CHROME_AUTHORITY,
        "no_upper_issuer": _CHROME_AUTHORITY,
        "root_sent": _CHROME_AUTHORITY,
        "expired": "NET::ERR_CERT_DATE_INVALID",
        "expired_upper": "NET::ERR_CERT_DATE_INVALID",
        "not_yet_valid": "NET::ERR_CERT_DATE_INVALID",
        "mismatch": "NET::ERR_CERT_COMMON_NAME_INVALID",
        "mismatch_address": "NET::ERR_CERT_COMMON_NAME_INVALID",
        "weak": "NET::ERR_CERT_WEAK_KEY",
    },
    fetches=True,
    browser_ciphers=True,
    order=("chain", "name", "dates"),
)

_FIREFOX = Client(
    "firefox",
    "Firefox",
    {
        "dns": "We can’t connect to the server at {host}.",
        "refused": "Unable to connect",
        "connect_timeout": "The connection has timed out",
        "silent": "The connection has timed out",
        "reset": "PR_CONNECT_RESET_ERROR",
        "closed": "PR_END_OF_FILE_ERROR",
        "plaintext": "SSL_ERROR_RX_RECORD_TOO_LONG",
        "protocol_version": "SSL_ERROR_PROTOCOL_VERSION_ALERT",
        "no_cipher": "SSL_ERROR_NO_CYPHER_OVERLAP",
        "refusal": "SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
        "unknown_sni": "SSL_ERROR_UNRECOGNIZED_NAME_ALERT",
        "client_certificate_12": "SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
        "client_certificate_13": "SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT",
        "client_certificate_page": "400 No required SSL certificate was sent",
        "self_signed": "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT",
        "no_issuer": "SEC_ERROR_UNKNOWN_ISSUER",
        "no_upper_issuer": "SEC_ERROR_UNKNOWN_ISSUER",
        "root_sent": "SEC_ERROR_UNKNOWN_ISSUER",
        "expired": "SEC_ERROR_EXPIRED_CERTIFICATE",
        "expired_upper": "SEC_ERROR_EXPIRED_ISSUER_CERTIFICATE",
        "not_yet_valid": "MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE",
        "mismatch": "SSL_ERROR_BAD_CERT_DOMAIN",
        "mismatch_address": "SSL_ERROR_BAD_CERT_DOMAIN",
    },
    preloads=True,
    browser_ciphers=True,
)

_WINDOWS = Client(
    "windows",
    "Windows (Edge, .NET, curl.exe)",
    {
        "self_signed": "SEC_E_UNTRUSTED_ROOT (0x80090325)",
        "no_issuer": "schannel: the certificate chain is incomplete",
        "no_upper_issuer": "schannel: the certificate chain is incomplete",
        "root_sent": "SEC_E_UNTRUSTED_ROOT (0x80090325)",
        "expired": "SEC_E_CERT_EXPIRED (0x80090328)",
        "expired_upper": "SEC_E_CERT_EXPIRED (0x80090328)",
        "not_yet_valid": "SEC_E_CERT_EXPIRED (0x80090328)",
        "mismatch": "SEC_E_WRONG_PRINCIPAL (0x80090322)",
        "mismatch_address": "SEC_E_WRONG_PRINCIPAL (0x80090322)",
        "plaintext": "SEC_E_INVALID_TOKEN (0x80090308)",
        "dns": "curl: (6) Could not resolve host: {host}",
        "refused": "curl: (7) Failed to connect to {host} port {port}",
    },
    fetches=True,
    accepts_common_name=True,
)

CLIENTS: tuple[Client, ...] = (
    _CURL,
    _OPENSSL,
    _PYTHON,
    _NODE,
    _JAVA,
    _GO,
    _CHROME,
    _FIREFOX,
    _WINDOWS,
)
