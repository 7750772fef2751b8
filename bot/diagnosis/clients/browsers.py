"""Browsers and the platforms whose verifier is shared by all that runs on them.

Lines are those that the client prints; `{host}`, `{port}`, `{names}`, `{not_after}` and `{now}` are
filled in. From the sources of Chrome (net_error_list.h), Firefox (SECerrs, SSLerrs,
mozpkix, and from runs of
Firefox 153) and curl (schannel), and from Apple's and Android's documentation.
"""

from dataclasses import replace
from datetime import date

from bot.diagnosis.clients.client import Client, Symptom

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
        "internal_error": "ERR_SSL_PROTOCOL_ERROR",
        "too_large": "ERR_SSL_PROTOCOL_ERROR",
        "unreadable": "ERR_SSL_PROTOCOL_ERROR",
        "purpose": "NET::ERR_CERT_INVALID",
        "invalid": "NET::ERR_CERT_INVALID",
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
    roots="own",
    family="browsers",
    final_dot="accepts",
)

_FIREFOX = Client(
    "firefox",
    "Firefox",
    {
        "dns": "We can’t connect to the server at {host}.",
        "refused": "Firefox can’t establish a connection to the server at {host}",
        "connect_timeout": "The connection has timed out",
        "silent": "The connection has timed out",
        "reset": "PR_CONNECT_RESET_ERROR",
        "closed": "PR_END_OF_FILE_ERROR",
        "plaintext": "SSL_ERROR_RX_RECORD_TOO_LONG",
        "protocol_version": "SSL_ERROR_PROTOCOL_VERSION_ALERT",
        "no_cipher": "SSL_ERROR_NO_CYPHER_OVERLAP",
        "refusal": "SSL_ERROR_HANDSHAKE_FAILURE_ALERT",
        "unknown_sni": "SSL_ERROR_UNRECOGNIZED_NAME_ALERT",
        "internal_error": "SSL_ERROR_INTERNAL_ERROR_ALERT",
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
        "purpose": "SEC_ERROR_INADEQUATE_CERT_TYPE",
        "not_a_ca": "SEC_ERROR_CA_CERT_INVALID",
        "path_length": "SEC_ERROR_PATH_LEN_CONSTRAINT_INVALID",
        "permitted": "SEC_ERROR_CERT_NOT_IN_NAME_SPACE",
        "excluded": "SEC_ERROR_CERT_NOT_IN_NAME_SPACE",
        "too_large": "SSL_ERROR_RX_MALFORMED_HANDSHAKE",
        "must_staple": "MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING",
        "old_staple": "SEC_ERROR_OCSP_OLD_RESPONSE",
        "ca_as_leaf": "MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY",
        "mismatch": "SSL_ERROR_BAD_CERT_DOMAIN",
        "mismatch_address": "SSL_ERROR_BAD_CERT_DOMAIN",
    },
    preloads=True,
    browser_ciphers=True,
    # Of several faults that a person may pass over, the issuer's is named first, then the name's.
    order=("chain", "name", "dates"),
    roots="mozilla",
    family="browsers",
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
    roots="microsoft",
    family="browsers",
    first="either",
    final_dot="unknown",
)

_SAFARI_PAGE = "This Connection Is Not Private"
_SAFARI_CERTIFICATE: tuple[Symptom, ...] = (
    "self_signed",
    "no_issuer",
    "no_upper_issuer",
    "root_sent",
    "expired",
    "expired_upper",
    "not_yet_valid",
    "mismatch",
    "mismatch_address",
    "purpose",
    "weak",
    "invalid",
)
_SAFARI = Client(
    "safari",
    "Safari (macOS, iOS)",
    {
        **dict.fromkeys(_SAFARI_CERTIFICATE, _SAFARI_PAGE),
        "dns": "Safari can’t find the server.",
        "refused": "Safari can’t connect to the server.",
        "closed": "Safari can’t establish a secure connection to the server “{host}”.",
        "plaintext": "Safari can’t establish a secure connection to the server “{host}”.",
        "protocol_version": "Safari can’t establish a secure connection to the server “{host}”.",
        "no_cipher": "Safari can’t establish a secure connection to the server “{host}”.",
        "refusal": "Safari can’t establish a secure connection to the server “{host}”.",
        "unknown_sni": "Safari can’t establish a secure connection to the server “{host}”.",
    },
    roots="apple",
    family="browsers",
    fetches=True,
    browser_ciphers=True,
    final_dot="unknown",
)

_ANDROID_ANCHOR = (
    "java.security.cert.CertPathValidatorException: Trust anchor for certification path not found."
)
_ANDROID_DATES = "javax.net.ssl.SSLHandshakeException: Chain validation failed"
_ANDROID = Client(
    "android",
    "Android apps",
    {
        "dns": 'Unable to resolve host "{host}": No address associated with hostname',
        "refused": "java.net.ConnectException: Failed to connect to",
        "reset": "java.net.SocketException: Connection reset",
        "closed": "javax.net.ssl.SSLHandshakeException: connection closed",
        "self_signed": _ANDROID_ANCHOR,
        "no_issuer": _ANDROID_ANCHOR,
        "no_upper_issuer": _ANDROID_ANCHOR,
        "root_sent": _ANDROID_ANCHOR,
        "expired": _ANDROID_DATES,
        "expired_upper": _ANDROID_DATES,
        "not_yet_valid": _ANDROID_DATES,
        "mismatch": "javax.net.ssl.SSLPeerUnverifiedException: Hostname {host} not verified",
        "mismatch_address": "javax.net.ssl.SSLPeerUnverifiedException: Hostname {host} not verified",
    },
    roots="device",
    family="devices",
    least_rsa=1024,
    final_dot="accepts",
)
_ANDROID_7 = replace(
    _ANDROID,
    code="android-7",
    label="Android before 7.1.1",
    accepts_common_name=True,
    oldest_tls="TLSv1",
    # Android 7.0 was finished in August 2016; 7.1.1 of December 2016 had newer roots.
    roots_until=date(2016, 8, 22),
)

ENTRIES = {one.code: one for one in (_CHROME, _FIREFOX, _SAFARI, _WINDOWS, _ANDROID, _ANDROID_7)}
"""The clients of this room."""
