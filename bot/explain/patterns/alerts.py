"""Alerts: what the other side said before it hung up, in every library's spelling.

Numbers and names: RFC 8446 section 6.2 and RFC 5246 section 7.2. Spellings: OpenSSL
`ssl/ssl_stat.c` and `ssl_err.c`, Go `crypto/tls/alert.go`, Java `sun/security/ssl/Alert.java`,
rustls `AlertDescription`, NSS `SSLerrs.h`, GnuTLS `lib/alert.c`.
"""

from collections.abc import Mapping

from bot.explain.pattern import ISSUER_OR_SELF, REFUSED, Rank, Statement, says

# An alert about a certificate that came in: a client hears it about its own, a server about the
# one that it sent.
_OURS_REFUSED = {"client_certificate_rejected": 0.75, "client_certificate_required": 0.25}
_FAILURE = {
    "handshake_failure": 0.0,
    "no_shared_cipher": 0.35,
    "client_certificate_required": 0.25,
    "protocol_version": 0.2,
    "sni_unrecognized": 0.2,
}


def _alert(
    number: int,
    name: str,
    *,
    go: str = "",
    gnutls: str = "",
    nss: str = "",
    openssl: str = "",
    rank: Rank = Rank.REASON,
    serving: Mapping[str, float] | None = None,
    means: Mapping[str, float],
) -> Statement:
    spaced = name.replace("_", " ")
    # `sslv3 alert bad certificate`, and the constant of Python, Node and BoringSSL.
    ssl = (openssl or spaced).replace(" ", "[ _]")
    version = r"(?:ssl_?v?3|tls_?v?1(?:_?[123])?|ssl/tls)"
    together = name.replace("_", "")
    regexes = [
        rf"alert number {number}\b",
        rf"alert ?[\[(]{number}[\])]",
        # OpenSSL numbers the reason 1000 + the alert's number.
        rf"error:(?:0a000|10000|14[0-9a-f]{{3}}){1000 + number:03x}\b",
        rf"{version}[_ ](?:alert[_ ])?{ssl}(?![a-z_]| auth)",
        rf"fatal alert:? ?'?{name}\b",
        rf"fatal alert:? ?'?{spaced}\b",
        rf"received (?:fatal )?alert: ?{together}\b",
        rf"alert ?(?:received)?[(:] ?{together}\b",
        rf"alertreceived\({together}\)",
        rf"(?:description|desc)[=: ]{{1,3}}\"?{name}\b",
        rf"alert (?:read|write|in|out)?:? ?(?:level)?[=:]?fatal:? ?{spaced}\b",
        rf"(?:read|write) alert:? ?fatal: ?{spaced}\b",
        rf"remote error ?: (?:tls:? )?{go or spaced}",
        rf"remote tls error: {go or spaced}",
        rf"quic[a-z ]{{0,30}}{go or spaced}" if go else rf"crypto_error 0x1{number:02x}\b",
        rf"(?<!\(out\), )tls alert,? {spaced} \({number}\)",
        rf"tls alert[^.]{{0,60}}\b{name}\b",
        rf"tls(?:v1\.[0-3])? \(in\),? tls alert,? {spaced}",
        rf"received (?:server|client) alert:? fatal - {spaced}",
        rf"\balert {name}\b",
        rf"\{{tls_alert,\{{{name},",
        rf"tls_alert[,:\"' {{(]{{1,5}}{spaced}\"?",
    ]
    if gnutls:
        regexes.append(gnutls)
    if nss:
        regexes.append(rf"\b{nss}\b")
    statement = says(f"alert.{name}", rank, *regexes, **means)
    return statement if serving is None else statement.when_serving(**serving)


PATTERNS: tuple[Statement, ...] = (
    _alert(
        40,
        "handshake_failure",
        nss="ssl_error_handshake_failure_alert",
        gnutls=r"a tls fatal alert has been received",
        rank=Rank.SYMPTOM,
        means=_FAILURE,
        serving={"handshake_failure": 0.0, "no_shared_cipher": 0.6, "protocol_version": 0.4},
    ),
    _alert(
        42,
        "bad_certificate",
        nss="ssl_error_bad_cert_alert",
        means=_OURS_REFUSED,
        serving=REFUSED,
    ),
    _alert(
        43,
        "unsupported_certificate",
        nss="ssl_error_unsupported_cert_alert",
        means={"client_certificate_rejected": 1.0},
        serving={"certificate_not_tls": 0.6, "weak_signature_or_key": 0.4},
    ),
    _alert(
        44,
        "certificate_revoked",
        go="revoked certificate",
        nss="ssl_error_revoked_cert_alert",
        means={"client_certificate_rejected": 1.0},
        serving={"revoked": 1.0},
    ),
    _alert(
        45,
        "certificate_expired",
        go="expired certificate",
        nss="ssl_error_expired_cert_alert",
        means={"client_certificate_rejected": 1.0},
        serving={"expired": 0.9, "clock_skew": 0.1},
    ),
    _alert(
        46,
        "certificate_unknown",
        go="unknown certificate(?! auth)",
        nss="ssl_error_certificate_unknown_alert",
        means=_OURS_REFUSED,
        serving=REFUSED,
    ),
    _alert(
        48,
        "unknown_ca",
        go="unknown certificate authority",
        gnutls=r"alert \[48\]",
        nss="ssl_error_unknown_ca_alert",
        means=_OURS_REFUSED,
        serving={
            "ambiguous_issuer": 0.0,
            "missing_intermediate": 0.4,
            "untrusted_root": 0.3,
            "self_signed": 0.2,
            "interception_proxy": 0.1,
        },
    ),
    _alert(
        41,
        "no_certificate",
        openssl="no certificate",
        means={"client_certificate_required": 1.0},
    ),
    _alert(
        116,
        "certificate_required",
        nss="ssl_error_rx_certificate_required_alert",
        gnutls=r"certificate is required",
        means={"client_certificate_required": 1.0},
    ),
    _alert(
        49,
        "access_denied",
        nss="ssl_error_access_denied_alert",
        means={"client_certificate_rejected": 0.6, "sni_unrecognized": 0.4},
    ),
    _alert(
        70,
        "protocol_version",
        go="protocol version not supported",
        nss="ssl_error_protocol_version_alert",
        means={"protocol_version": 1.0},
    ),
    _alert(
        71,
        "insufficient_security",
        go="insufficient security level",
        nss="ssl_error_insufficient_security_alert",
        means={"no_shared_cipher": 1.0},
    ),
    _alert(86, "inappropriate_fallback", means={"protocol_version": 1.0}),
    _alert(
        80,
        "internal_error",
        nss="ssl_error_internal_error_alert",
        means={
            "handshake_failure": 0.5,
            "sni_unrecognized": 0.4,
            "client_certificate_required": 0.1,
        },
    ),
    _alert(
        112,
        "unrecognized_name",
        nss="ssl_error_unrecognized_name_alert",
        gnutls=r"the server name sent was not recognized",
        means={"sni_unrecognized": 1.0},
    ),
    _alert(
        113,
        "bad_certificate_status_response",
        go="bad certificate status response",
        means={"ocsp_problem": 1.0},
    ),
    _alert(
        100,
        "no_renegotiation",
        nss="ssl_error_no_renegotiation_alert",
        means={"renegotiation_or_legacy": 1.0},
    ),
    _alert(
        10,
        "unexpected_message",
        openssl="unexpected message",
        nss="ssl_error_handshake_unexpected_alert",
        means={"handshake_failure": 1.0},
    ),
    _alert(20, "bad_record_mac", nss="ssl_error_bad_mac_alert", means={"handshake_failure": 1.0}),
    _alert(
        47,
        "illegal_parameter",
        nss="ssl_error_illegal_parameter_alert",
        means={"handshake_failure": 0.8, "no_shared_cipher": 0.2},
    ),
    _alert(
        50,
        "decode_error",
        go="error decoding message",
        nss="ssl_error_decode_error_alert",
        means={"handshake_failure": 1.0},
    ),
    _alert(
        51,
        "decrypt_error",
        go="error decrypting message",
        nss="ssl_error_decrypt_error_alert",
        means={"handshake_failure": 0.6, "client_certificate_rejected": 0.4},
        serving={"handshake_failure": 0.6, "key_mismatch": 0.4},
    ),
    _alert(109, "missing_extension", means={"handshake_failure": 1.0}),
    _alert(110, "unsupported_extension", means={"handshake_failure": 1.0}),
    _alert(115, "unknown_psk_identity", means={"handshake_failure": 1.0}),
    _alert(
        120,
        "no_application_protocol",
        go="no application protocol",
        means={"handshake_failure": 1.0},
    ),
    # Alerts that were sent: they say what the one who prints them thinks.
    says(
        "alert.sent_unknown_ca",
        Rank.REFUSAL,
        r"\(out\), tls alert,? unknown ca",
        r"alert (?:write|out):? ?fatal:? ?unknown ca",
        r"write:fatal:unknown ca",
        r"fatal \(unknown_ca\)",
        **ISSUER_OR_SELF,
    ),
    says(
        "alert.sent_expired",
        Rank.REFUSAL,
        r"\(out\), tls alert,? certificate expired",
        r"write:fatal:certificate expired",
        expired=0.85,
        expired_intermediate=0.1,
        clock_skew=0.05,
    ),
    says(
        "alert.sent_bad",
        Rank.REFUSAL,
        r"\(out\), tls alert,? (?:bad certificate|certificate unknown|unknown certificate)",
        r"write:fatal:(?:bad certificate|certificate unknown)",
        r"fatal \(certificate_unknown\)",
        **REFUSED,
    ),
    says(
        "alert.sent_version",
        Rank.SYMPTOM,
        r"\(out\), tls alert,? protocol version",
        r"write:fatal:protocol version",
        r"fatal \(protocol_version\)",
        protocol_version=1.0,
    ),
    says(
        "alert.sent_failure",
        Rank.FRAME,
        r"\(out\), tls alert,? handshake failure",
        r"write:fatal:handshake failure",
        r"fatal \(handshake_failure\)",
        no_shared_cipher=0.6,
        handshake_failure=0.4,
    ),
)
