"""Clients with a verifier of their own that are no browsers.

Lines are those that the client prints; `{host}`, `{port}`, `{names}`, `{not_after}` and `{now}` are
filled in. Taken from runs against broken servers (GnuTLS 3.7,
wget 1.21, git 2.39, OpenJDK 17, Go 1.19, rustls with uv 0.13); .NET from its
sources (X509ChainStatusFlags).
"""

from dataclasses import replace

from bot.diagnosis.clients.client import Client, Symptom

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
        "internal_error": "Received fatal alert: internal_error",
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
        "too_large": "javax.net.ssl.SSLProtocolException: The size of the handshake message",
        "too_many": "javax.net.ssl.SSLProtocolException: The certificate chain length ({sent}) exceeds the maximum allowed length (10)",
        "not_a_ca": "basic constraints check failed: this is not a CA certificate",
        "path_length": "basic constraints check failed: pathLenConstraint violated",
        "permitted": "java.security.cert.CertPathValidatorException: name constraints check failed",
        "excluded": "java.security.cert.CertPathValidatorException: name constraints check failed",
        "critical_extension": "java.security.cert.CertPathValidatorException: unrecognized critical extension(s)",
        "mismatch": "javax.net.ssl.SSLHandshakeException: No subject alternative DNS name matching {host} found.",
        "mismatch_address": "javax.net.ssl.SSLHandshakeException: No subject alternative names matching IP address {host} found",
    },
    accepts_common_name=True,
    roots="own",
    family="languages",
    least_rsa=1024,
    # jdk.tls.maxCertificateChainLength and jdk.tls.maxHandshakeMessageSize
    most_certificates=10,
    most_bytes=32768,
)

_GO_UNKNOWN = "x509: certificate signed by unknown authority"
_GO = Client(
    "go",
    "Go",
    {
        "dns": "dial tcp: lookup {host}",
        "refused": "connect: connection refused",
        "connect_timeout": "i/o timeout",
        "silent": "net/http: TLS handshake timeout",
        "reset": "read: connection reset by peer",
        "closed": "EOF",
        "plaintext": "tls: first record does not look like a TLS handshake",
        "plaintext_http": "http: server gave HTTP response to HTTPS client",
        "protocol_version": "remote error: tls: protocol version not supported",
        "no_cipher": "remote error: tls: handshake failure",
        "refusal": "remote error: tls: handshake failure",
        "unknown_sni": "remote error: tls: unrecognized name",
        "internal_error": "remote error: tls: internal error",
        "too_large": "exceeds maximum of 65536 bytes",
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
        "not_a_ca": _GO_UNKNOWN,
        "path_length": "x509: too many intermediates for path length constraint",
        "permitted": "x509: a root or intermediate certificate is not authorized to sign for this name: DNS name",
        "excluded": "x509: a root or intermediate certificate is not authorized to sign for this name: DNS name",
        "critical_extension": "x509: unhandled critical extension",
        "common_name": "x509: certificate relies on legacy Common Name field, use SANs instead",
    },
    order=("dates", "name", "chain"),
    family="languages",
    least_rsa=1024,
    first="rsa",
)

_JAVA_AIA = replace(
    _JAVA, code="java-aia", label="Java (enableAIAcaIssuers)", fetches=True, replaces=False
)

_WGET_UNKNOWN = "ERROR: The certificate of ‘{host}’ doesn't have a known issuer."
_WGET_EXPIRED = "ERROR: The certificate of ‘{host}’ has expired."
_GIT_REFUSED = "server certificate verification failed. CAfile:"
_CLI_UNKNOWN = "The certificate issuer is unknown."
_CLI_EXPIRED = "The certificate chain uses expired certificate."
_GIT: dict[Symptom, str] = {
    "dns": "Could not resolve host: {host}",
    "refused": "Failed to connect to {host} port {port}",
    "reset": "Recv failure: Connection reset by peer",
    "closed": "gnutls_handshake() failed: The TLS connection was non-properly terminated.",
    "plaintext": "gnutls_handshake() failed: An unexpected TLS packet was received.",
    "protocol_version": "gnutls_handshake() failed: Error in protocol version",
    "no_cipher": "gnutls_handshake() failed: Handshake failed",
    "refusal": "gnutls_handshake() failed: Handshake failed",
    "unknown_sni": "gnutls_handshake() failed: The server name sent was not recognized",
    "unreadable": "gnutls_handshake() failed: Error in the certificate.",
    "internal_error": "gnutls_handshake() failed: Internal error",
    "too_large": "gnutls_handshake() failed: The handshake data size is too large.",
    "revoked": _GIT_REFUSED,
    "must_staple": _GIT_REFUSED,
    "old_staple": _GIT_REFUSED,
    "client_certificate_12": "gnutls_handshake() failed: Handshake failed",
    "client_certificate_13": "A TLS fatal alert has been received.",
    "client_certificate_page": "The requested URL returned error: 400",
    "self_signed": _GIT_REFUSED,
    "no_issuer": _GIT_REFUSED,
    "no_upper_issuer": _GIT_REFUSED,
    "root_sent": _GIT_REFUSED,
    "expired": _GIT_REFUSED,
    "expired_upper": _GIT_REFUSED,
    "not_yet_valid": _GIT_REFUSED,
    "weak": _GIT_REFUSED,
    "invalid": _GIT_REFUSED,
    "mismatch": "does not match target host name '{host}'",
    "mismatch_address": "does not match target host name '{host}'",
}
_GNUTLS_CLI: dict[Symptom, str] = {
    "dns": "Cannot resolve {host}",
    "refused": "Connection refused",
    "reset": "*** Fatal error: Error in the pull function.",
    "closed": "*** Fatal error: The TLS connection was non-properly terminated.",
    "plaintext": "*** Fatal error: An unexpected TLS packet was received.",
    "protocol_version": "*** Received alert [70]: Error in protocol version",
    "no_cipher": "*** Received alert [40]: Handshake failed",
    "refusal": "*** Received alert [40]: Handshake failed",
    "unknown_sni": "*** Received alert [112]: The server name sent was not recognized",
    "unreadable": "*** Fatal error: Error in the certificate.",
    "internal_error": "*** Received alert [80]: Internal error",
    "too_large": "*** Fatal error: The handshake data size is too large.",
    "revoked": "The certificate chain is revoked.",
    "must_staple": "The certificate requires the server to include an OCSP status",
    "old_staple": "The revocation or OCSP data are old and have been superseded.",
    "client_certificate_12": "*** Received alert [40]: Handshake failed",
    "client_certificate_13": "*** Received alert [116]: Certificate is required",
    "client_certificate_page": "400 No required SSL certificate was sent",
    "self_signed": _CLI_UNKNOWN,
    "no_issuer": _CLI_UNKNOWN,
    "no_upper_issuer": _CLI_UNKNOWN,
    "root_sent": _CLI_UNKNOWN,
    "expired": _CLI_EXPIRED,
    "expired_upper": _CLI_EXPIRED,
    "not_yet_valid": "The certificate chain uses not yet valid certificate.",
    "weak": "The certificate chain uses insecure algorithm.",
    "too_many": "Some constraint limits were reached.",
    "not_a_ca": "The certificate issuer is not a CA.",
    "path_length": "The certificate chain violates the signer's constraints.",
    "permitted": "The certificate chain violates the signer's constraints.",
    "excluded": "The certificate chain violates the signer's constraints.",
    "critical_extension": "The certificate contains an unknown critical extension.",
    "mismatch": "The name in the certificate does not match the expected.",
    "mismatch_address": "The name in the certificate does not match the expected.",
}
_GNUTLS = Client(
    "gnutls",
    "GnuTLS (wget, git on Debian)",
    {
        "dns": "wget: unable to resolve host address ‘{host}’",
        "refused": "failed: Connection refused.",
        "connect_timeout": "failed: Connection timed out.",
        "silent": "Unable to establish SSL connection.",
        "reset": "Unable to establish SSL connection.",
        "closed": "GnuTLS: The TLS connection was non-properly terminated.",
        "plaintext": "GnuTLS: An unexpected TLS packet was received.",
        "protocol_version": "GnuTLS: received alert [70]: Error in protocol version",
        "no_cipher": "GnuTLS: received alert [40]: Handshake failed",
        "refusal": "GnuTLS: received alert [40]: Handshake failed",
        "unknown_sni": "GnuTLS: received alert [112]: The server name sent was not recognized",
        "unreadable": "GnuTLS: Error in the certificate.",
        "internal_error": "GnuTLS: received alert [80]: Internal error",
        "too_large": "GnuTLS: The handshake data size is too large.",
        "revoked": "ERROR: The certificate of ‘{host}’ has been revoked.",
        "must_staple": "ERROR: The certificate of ‘{host}’ is not trusted.",
        "old_staple": "ERROR: The certificate of ‘{host}’ is not trusted.",
        "client_certificate_12": "GnuTLS: received alert [40]: Handshake failed",
        "client_certificate_13": "The specified session has been invalidated for some reason.",
        "client_certificate_page": "ERROR 400: Bad Request.",
        "self_signed": _WGET_UNKNOWN,
        "no_issuer": _WGET_UNKNOWN,
        "no_upper_issuer": _WGET_UNKNOWN,
        "root_sent": _WGET_UNKNOWN,
        "expired": _WGET_EXPIRED,
        "expired_upper": _WGET_EXPIRED,
        "not_yet_valid": "ERROR: The certificate of ‘{host}’ is not yet activated.",
        "weak": "ERROR: The certificate of ‘{host}’ was signed using an insecure algorithm.",
        "mismatch": "The certificate's owner does not match hostname ‘{host}’",
        "mismatch_address": "The certificate's owner does not match hostname ‘{host}’",
    },
    family="tools",
    accepts_common_name=True,
    # wget and git ask for no purpose, gnutls-cli does.
    checks_purpose=False,
    oldest_tls="TLSv1",
    least_rsa=1024,
    # GnuTLS, DEFAULT_MAX_VERIFY_DEPTH.
    most_certificates=16,
    dialects={"git": _GIT, "gnutls-cli": _GNUTLS_CLI},
    first="rsa",
)

_DOTNET_CHAIN = (
    "The remote certificate is invalid because of errors in the certificate chain: {status}"
)
_DOTNET_PARTIAL = _DOTNET_CHAIN.format(status="PartialChain")
_DOTNET_ROOT = _DOTNET_CHAIN.format(status="UntrustedRoot")
_DOTNET_TIME = _DOTNET_CHAIN.format(status="NotTimeValid")
_DOTNET_NAME = (
    "The remote certificate is invalid according to the validation procedure: "
    "RemoteCertificateNameMismatch"
)
_DOTNET = Client(
    "dotnet",
    ".NET (Linux)",
    {
        "dns": "Name or service not known ({host}:{port})",
        "refused": "Connection refused ({host}:{port})",
        "plaintext": "Cannot determine the frame size or a corrupted frame was received.",
        "closed": "Received an unexpected EOF or 0 bytes from the transport stream.",
        "self_signed": _DOTNET_ROOT,
        "root_sent": _DOTNET_ROOT,
        "no_issuer": _DOTNET_PARTIAL,
        "no_upper_issuer": _DOTNET_PARTIAL,
        "expired": _DOTNET_TIME,
        "expired_upper": _DOTNET_TIME,
        "not_yet_valid": _DOTNET_TIME,
        "mismatch": _DOTNET_NAME,
        "mismatch_address": _DOTNET_NAME,
    },
    family="languages",
    fetches=True,
    accepts_common_name=True,
    order=("name", "chain", "dates"),
    final_dot="unknown",
)

_RUSTLS_UNKNOWN = "invalid peer certificate: UnknownIssuer"
_RUSTLS = Client(
    "rustls",
    "rustls (uv, deno, reqwest)",
    {
        "dns": "failed to lookup address information: Name or service not known",
        "refused": "Connection refused (os error 111)",
        "reset": "Connection reset by peer (os error 104)",
        "closed": "tls handshake eof",
        "plaintext": "received corrupt message of type InvalidContentType",
        "protocol_version": "received fatal alert: ProtocolVersion",
        "no_cipher": "received fatal alert: HandshakeFailure",
        "refusal": "received fatal alert: HandshakeFailure",
        "client_certificate_12": "received fatal alert: HandshakeFailure",
        "client_certificate_13": "received fatal alert: CertificateRequired",
        "self_signed": _RUSTLS_UNKNOWN,
        "no_issuer": _RUSTLS_UNKNOWN,
        "no_upper_issuer": _RUSTLS_UNKNOWN,
        "root_sent": _RUSTLS_UNKNOWN,
        "wrong_issuer": "invalid peer certificate: BadSignature",
        "silent": "operation timed out",
        "connect_timeout": "operation timed out",
        "unknown_sni": "received fatal alert: UnrecognisedName",
        "internal_error": "received fatal alert: InternalError",
        "too_large": "received corrupt message of type HandshakePayloadTooLarge",
        "client_certificate_page": "HTTP status client error (400 Bad Request)",
        "purpose": "invalid peer certificate: certificate does not allow extended key usage for server authentication",
        "ca_as_leaf": "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
        "not_a_ca": "invalid peer certificate: Other(OtherError(EndEntityUsedAsCa))",
        "path_length": "invalid peer certificate: Other(OtherError(PathLenConstraintViolated))",
        "permitted": "invalid peer certificate: Other(OtherError(NameConstraintViolation))",
        "excluded": "invalid peer certificate: Other(OtherError(NameConstraintViolation))",
        "critical_extension": "invalid peer certificate: Other(OtherError(UnsupportedCriticalExtension))",
        "expired": "invalid peer certificate: certificate expired",
        "expired_upper": "invalid peer certificate: certificate expired",
        "not_yet_valid": "invalid peer certificate: certificate not valid yet",
        "mismatch": 'invalid peer certificate: certificate not valid for name "{host}"',
        "mismatch_address": 'invalid peer certificate: certificate not valid for name "{host}"',
    },
    roots="own",
    family="languages",
    # webpki looks at a certificate by itself before it looks for the issuer.
    order=("dates", "chain", "name"),
)

ENTRIES = {one.code: one for one in (_GNUTLS, _JAVA, _JAVA_AIA, _GO, _DOTNET, _RUSTLS)}
"""The clients of this room."""
