"""Error texts as clients print them: the cause that they name, who printed them, the host."""

import pytest

from bot.diagnosis.causes import Cause
from bot.explain import explain
from bot.explain.patterns import SIGNS, STATEMENTS

# cause, client, host, text: one line of each family in the words that real clients print.
KNOWN = [
    (
        "ambiguous_issuer",
        "curl",
        "shop.example.jp",
        (
            "$ curl https://shop.example.jp/\n"
            "curl: (60) SSL certificate problem: unable to get local issuer certificate\n"
            "More details here: https://curl.se/docs/sslcerts.html"
        ),
    ),
    (
        "hostname_mismatch",
        "curl",
        "shop.example.jp",
        (
            "curl: (60) SSL: no alternative certificate subject name matches target host name "
            "'shop.example.jp'"
        ),
    ),
    (
        "handshake_failure",
        "curl",
        None,
        "curl: (35) OpenSSL/3.0.19: error:0A000410:SSL routines::ssl/tls alert handshake failure",
    ),
    (
        "client_certificate_required",
        "curl",
        None,
        (
            "curl: (56) OpenSSL SSL_read: OpenSSL/3.0.19: error:0A00045C:SSL routines::"
            "tlsv13 alert certificate required, errno 0"
        ),
    ),
    (
        "ambiguous_issuer",
        "git",
        "git.example.jp",
        (
            "fatal: unable to access 'https://git.example.jp/a.git/': server certificate verification "
            "failed. CAfile: none CRLfile: none"
        ),
    ),
    (
        "ambiguous_issuer",
        "gnutls",
        "shop.example.jp",
        (
            "ERROR: The certificate of ‘shop.example.jp’ is not trusted.\n"
            "ERROR: The certificate of ‘shop.example.jp’ doesn't have a known issuer."
        ),
    ),
    (
        "expired",
        "gnutls",
        None,
        "- Status: The certificate is NOT trusted. The certificate chain uses expired certificate.",
    ),
    (
        "ambiguous_issuer",
        "openssl",
        None,
        (
            "depth=0 CN = shop\nverify error:num=20:unable to get local issuer certificate\n"
            "verify error:num=21:unable to verify the first certificate\n"
            "    Verify return code: 21 (unable to verify the first certificate)"
        ),
    ),
    ("self_signed", "openssl", None, "Verify return code: 18 (self-signed certificate)"),
    (
        "ambiguous_issuer",
        "java",
        None,
        (
            "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
            "sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid "
            "certification path to requested target\n\tat sun.security.ssl.Alert.createSSLException"
            "(Alert.java:131)"
        ),
    ),
    (
        "expired",
        "java",
        None,
        (
            "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: "
            "java.security.cert.CertPathValidatorException: validity check failed\n"
            "Caused by: java.security.cert.CertificateExpiredException: NotAfter: Mon Jan 01 2024"
        ),
    ),
    (
        "hostname_mismatch",
        "java",
        "shop.example.jp",
        (
            "java.security.cert.CertificateException: No subject alternative DNS name matching "
            "shop.example.jp found."
        ),
    ),
    (
        "ambiguous_issuer",
        "go",
        "shop.example.jp",
        (
            'Get "https://shop.example.jp/": tls: failed to verify certificate: x509: certificate '
            "signed by unknown authority"
        ),
    ),
    (
        "hostname_mismatch",
        "go",
        "shop.example.jp",
        "x509: certificate is valid for a.example.jp, b.example.jp, not shop.example.jp",
    ),
    (
        "not_yet_valid",
        "go",
        None,
        (
            "x509: certificate has expired or is not yet valid: current time 2024-01-01T00:00:00Z is "
            "before 2024-02-01T00:00:00Z"
        ),
    ),
    (
        "plaintext_on_tls_port",
        "go",
        "shop.example.jp",
        'Get "https://shop.example.jp:80/": http: server gave HTTP response to HTTPS client',
    ),
    (
        "ambiguous_issuer",
        "node",
        None,
        "{ [Error: unable to verify the first certificate] code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'",
    ),
    (
        "hostname_mismatch",
        "node",
        "shop.example.jp",
        (
            "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: "
            "Host: shop.example.jp. is not in the cert's altnames: DNS:www.example.jp"
        ),
    ),
    (
        "untrusted_root",
        "npm",
        None,
        (
            "npm ERR! code SELF_SIGNED_CERT_IN_CHAIN\nnpm ERR! self-signed certificate in "
            "certificate chain"
        ),
    ),
    (
        "hostname_mismatch",
        "python",
        "shop.example.jp",
        (
            "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
            "Hostname mismatch, certificate is not valid for 'shop.example.jp'. (_ssl.c:1006)"
        ),
    ),
    (
        "ambiguous_issuer",
        "php",
        None,
        (
            "Warning: file_get_contents(): SSL operation failed with code 1. OpenSSL Error messages:\n"
            "error:0A000086:SSL routines::certificate verify failed"
        ),
    ),
    (
        "expired",
        "ruby",
        "192.0.2.7",
        (
            "OpenSSL::SSL::SSLError: SSL_connect returned=1 errno=0 peeraddr=192.0.2.7:443 state=error: "
            "certificate verify failed (certificate has expired)"
        ),
    ),
    (
        "hostname_mismatch",
        "dotnet",
        None,
        (
            "System.Security.Authentication.AuthenticationException: The remote certificate is invalid "
            "according to the validation procedure: RemoteCertificateNameMismatch"
        ),
    ),
    (
        "untrusted_root",
        "windows",
        None,
        (
            "schannel: SEC_E_UNTRUSTED_ROOT (0x80090325) - The certificate chain was issued by an "
            "authority that is not trusted."
        ),
    ),
    ("ocsp_problem", "windows", None, "schannel: next InitializeSecurityContext: 0x80092012"),
    ("untrusted_root", "chrome", None, "NET::ERR_CERT_AUTHORITY_INVALID"),
    ("ambiguous_issuer", "firefox", None, "Error code: SEC_ERROR_UNKNOWN_ISSUER"),
    ("plaintext_on_tls_port", "firefox", None, "SSL_ERROR_RX_RECORD_TOO_LONG"),
    (
        "expired",
        "safari",
        None,
        "Error Domain=kCFStreamErrorDomainSSL Code=-9814 kCFStreamErrorCodeKey=-9814",
    ),
    ("ambiguous_issuer", "rustls", None, "invalid peer certificate: UnknownIssuer"),
    (
        "ambiguous_issuer",
        "android",
        None,
        (
            "java.security.cert.CertPathValidatorException: Trust anchor for certification path not "
            "found."
        ),
    ),
    (
        "ambiguous_issuer",
        "nginx",
        "shop.example.jp",
        (
            "2024/01/02 03:04:05 [error] 7#7: *1 upstream SSL certificate verify error: (20:unable to "
            "get local issuer certificate) while SSL handshaking to upstream, client: 192.0.2.9, "
            'server: _, request: "GET / HTTP/1.1", upstream: "https://shop.example.jp:443/"'
        ),
    ),
    (
        "tls_on_plaintext_port",
        "nginx",
        None,
        "400 The plain HTTP request was sent to HTTPS port nginx/1.22",
    ),
    (
        "tls_on_plaintext_port",
        "apache",
        None,
        "[ssl:info] AH01996: SSL handshake failed: HTTP spoken on HTTPS port; trying to send HTML",
    ),
    (
        "ambiguous_issuer",
        "envoy",
        None,
        (
            "upstream connect error or disconnect/reset before headers. reset reason: connection "
            "failure, transport failure reason: TLS error: 268435581:SSL routines:OPENSSL_internal:"
            "CERTIFICATE_VERIFY_FAILED"
        ),
    ),
    (
        "hostname_mismatch",
        "postgres",
        "db.example.jp",
        (
            'server certificate for "other.example.jp" (and 1 other name) does not match host name '
            '"db.example.jp"'
        ),
    ),
    ("starttls_refused", "postgres", None, "server does not support SSL, but SSL was required"),
    (
        "starttls_refused",
        "postfix",
        None,
        "postfix/smtp[7]: TLS is required, but was not offered by host",
    ),
    (
        "key_mismatch",
        "nginx",
        None,
        (
            'nginx: [emerg] SSL_CTX_use_PrivateKey("/etc/k.pem") failed (SSL: error:05800074:x509 '
            "certificate routines::key values mismatch)"
        ),
    ),
    (
        "ca_bundle_missing",
        "curl",
        None,
        "curl: (77) error setting certificate verify locations:  CAfile: /etc/ssl/certs/x.crt",
    ),
    (
        "pinning_mismatch",
        "android",
        None,
        "javax.net.ssl.SSLPeerUnverifiedException: Certificate pinning failure! okhttp3",
    ),
    (
        "expired",
        "chrome",
        None,
        "この接続ではプライバシーが保護されません NET::ERR_CERT_DATE_INVALID",
    ),
    (
        "ambiguous_issuer",
        "dotnet",
        None,
        "リモート証明書は検証プロシージャによると無効です。",
    ),
    ("renegotiation_or_legacy", "python", None, "[SSL: UNSAFE_LEGACY_RENEGOTIATION_DISABLED]"),
    ("dh_key_too_small", "openssl", None, "error:0A00018A:SSL routines::dh key too small"),
    ("sni_unrecognized", "go", None, "remote error: tls: unrecognized name"),
    ("protocol_version", "java", None, "javax.net.ssl.SSLException: fatal alert: protocol_version"),
]


@pytest.mark.parametrize(
    ("cause", "client", "host", "text"), KNOWN, ids=[f"{one[1]}-{one[0]}" for one in KNOWN]
)
def test_known_words_are_understood(
    cause: str, client: str | None, host: str | None, text: str
) -> None:
    """What a client prints is traced to its cause, its printer and its host."""
    explanation = explain(text)
    assert explanation.cause == cause
    assert explanation.client == client
    assert explanation.host == host


def test_an_issuer_that_is_not_found_has_four_causes() -> None:
    """`unable to get local issuer certificate` names no cause: all four are said."""
    explanation = explain("SSL certificate problem: unable to get local issuer certificate")
    assert [one.cause for one in explanation.candidates] == [
        Cause.MISSING_INTERMEDIATE,
        Cause.UNTRUSTED_ROOT,
        Cause.INTERCEPTION_PROXY,
        Cause.CA_BUNDLE_MISSING,
    ]
    assert sum(one.confidence for one in explanation.candidates) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            (
                "2024/01/02 03:04:05 [info] 7#7: *1 SSL_do_handshake() failed (SSL: error:0A000418:SSL "
                "routines::tlsv1 alert unknown ca:SSL alert number 48) while SSL handshaking, client: "
                "192.0.2.9, server: 0.0.0.0:443"
            ),
            Cause.AMBIGUOUS_ISSUER,
        ),
        (
            "http: TLS handshake error from 192.0.2.9:4711: remote error: tls: bad certificate",
            Cause.AMBIGUOUS_ISSUER,
        ),
        (
            'Post "https://api.example.jp/": remote error: tls: unknown certificate authority',
            Cause.CLIENT_CERTIFICATE_REJECTED,
        ),
    ],
)
def test_an_alert_tells_about_the_side_that_sent_it(text: str, cause: Cause) -> None:
    """In a server's log the client refused the server's certificate; at a client, the reverse."""
    assert explain(text).cause is cause


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "java.lang.NullPointerException: x is null",
        "おはようございます",
        "disk full",
        "```",
    ],
)
def test_a_text_without_tls_is_told_so(text: str) -> None:
    """What has nothing to do with TLS gets no invented cause, and names no host."""
    explanation = explain(text)
    assert explanation.cause is Cause.NOT_A_TLS_ERROR
    assert not explanation.mentions_tls
    assert explanation.host is None


def test_tls_without_an_error_is_no_error() -> None:
    """A sentence that speaks of a certificate and states no fault has no cause."""
    explanation = explain("We renewed the certificate of shop.example.jp yesterday.")
    assert explanation.cause is Cause.NOT_A_TLS_ERROR
    assert explanation.mentions_tls
    assert explanation.host == "shop.example.jp"


def test_names_are_unique_and_written_for_folded_text() -> None:
    """Each statement can be told from the others, and can match text in lower case."""
    names = [one.name for one in STATEMENTS]
    assert sorted(set(names)) == sorted(names)
    branches = [part for one in STATEMENTS for part in one.branches]
    branches += [part for one in SIGNS for part in one.branches]
    for regex in [part.regex.pattern for part in branches]:
        plain = regex.replace("\\S", "").replace("\\W", "").replace("\\B", "")
        assert plain == plain.lower(), regex


@pytest.mark.parametrize(
    "host",
    [
        "expired.badssl.com",
        "self-signed.badssl.com",
        "wrong.host.badssl.com",
        "revoked.lab.test",
        "untrusted-root.badssl.com",
        "dh-handshake-failure.example",
    ],
)
def test_a_host_called_after_a_fault_says_nothing(host: str) -> None:
    """Test servers are called after their faults; the words of the client decide."""
    text = f"curl: (60) SSL certificate problem: unable to get local issuer certificate at https://{host}/"
    assert explain(text).cause is Cause.AMBIGUOUS_ISSUER
    assert explain(text).host == host
    assert explain(f"connected to {host}").cause is Cause.NOT_A_TLS_ERROR
