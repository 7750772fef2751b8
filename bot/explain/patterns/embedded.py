"""Mbed TLS and wolfSSL: the libraries of devices.

Sources: Mbed TLS `include/mbedtls/x509.h`, `ssl.h`; wolfSSL `wolfcrypt/src/error.c`,
`src/internal.c`.
"""

from bot.explain.pattern import ISSUER_OR_SELF, REFUSED, Rank, Sign, Statement, says, sign

PATTERNS: tuple[Statement, ...] = (
    says(
        "wolfssl.signer", Rank.REASON, r"asn_no_signer_e", r"asn no signer error", **ISSUER_OR_SELF
    ),
    says(
        "wolfssl.date",
        Rank.REASON,
        r"asn_after_date_e",
        r"asn date error, current date (?:is )?after",
        expired=1.0,
    ),
    says(
        "wolfssl.before",
        Rank.REASON,
        r"asn_before_date_e",
        r"asn date error, current date (?:is )?before",
        clock_skew=0.6,
        not_yet_valid=0.4,
    ),
    says(
        "wolfssl.signature",
        Rank.REASON,
        r"asn sig error, confirm failure",
        r"asn_sig_confirm_e",
        wrong_intermediate=0.7,
        malformed_certificate=0.3,
    ),
    says(
        "wolfssl.no_certificate",
        Rank.REASON,
        r"peer didn't send cert",
        r"no_peer_cert\b",
        client_certificate_required=1.0,
    ),
    says("wolfssl.cipher", Rank.REASON, r"can't match cipher suite", no_shared_cipher=1.0),
    says("wolfssl.version", Rank.REASON, r"record layer version error", protocol_version=1.0),
    says("wolfssl.alert", Rank.FRAME, r"received alert fatal error", handshake_failure=1.0),
    says(
        "wolfssl.domain",
        Rank.REASON,
        r"domain_name_mismatch",
        r"peer (?:subject name|ip address) mismatch",
        hostname_mismatch=1.0,
    ),
    says(
        "mbedtls.verify",
        Rank.REFUSAL,
        r"mbedtls_err_x509_cert_verify_failed",
        r"(?<![0-9a-f])-0x2700\b",
        r"x509 - certificate verification failed",
        **REFUSED,
    ),
    says(
        "mbedtls.not_trusted",
        Rank.REASON,
        r"the certificate is not correctly signed by the trusted ca",
        r"badcert_not_trusted",
        **ISSUER_OR_SELF,
    ),
    says(
        "mbedtls.expired",
        Rank.REASON,
        r"the certificate validity has expired",
        r"badcert_expired",
        expired=0.8,
        clock_skew=0.2,
    ),
    says(
        "mbedtls.future",
        Rank.REASON,
        r"certificate validity starts in the future",
        r"badcert_future",
        clock_skew=0.6,
        not_yet_valid=0.4,
    ),
    says(
        "mbedtls.name",
        Rank.REASON,
        r"does not match with the expected cn",
        r"badcert_cn_mismatch",
        hostname_mismatch=1.0,
    ),
    says(
        "mbedtls.revocation",
        Rank.DETAIL,
        r"the crl is (?:expired|from the future|not correctly signed|signed with)",
        r"badcrl_[a-z_]{3,20}",
        ocsp_problem=1.0,
    ),
    says(
        "mbedtls.missing",
        Rank.REASON,
        r"\bcertificate was missing",
        r"badcert_missing",
        client_certificate_required=1.0,
    ),
    says(
        "mbedtls.purpose",
        Rank.REASON,
        r"usage does not match the (?:keyusage|extendedkeyusage|nscerttype) extension",
        r"badcert_(?:ext_)?key_usage",
        certificate_not_tls=1.0,
    ),
    says(
        "mbedtls.weak",
        Rank.REASON,
        r"certificate is signed with an unacceptable",
        r"badcert_bad_(?:md|pk|key)",
        weak_signature_or_key=1.0,
    ),
    says(
        "mbedtls.alert",
        Rank.SYMPTOM,
        r"mbedtls_err_ssl_fatal_alert_message",
        r"(?<![0-9a-f])-0x7780\b",
        handshake_failure=1.0,
    ),
    says(
        "mbedtls.record",
        Rank.REASON,
        r"mbedtls_err_ssl_invalid_record",
        r"(?<![0-9a-f])-0x7200\b",
        plaintext_on_tls_port=0.8,
        handshake_failure=0.2,
    ),
    says(
        "mbedtls.eof",
        Rank.SYMPTOM,
        r"mbedtls_err_ssl_conn_eof",
        r"(?<![0-9a-f])-0x7280\b",
        r"mbedtls_err_net_conn_reset",
        connection_reset=1.0,
    ),
    says(
        "mbedtls.handshake",
        Rank.FRAME,
        r"mbedtls_ssl_handshake returned",
        r"mbedtls_err_ssl",
        handshake_failure=1.0,
    ),
)

SIGNS: tuple[Sign, ...] = (
    sign("wolfssl", 2, r"\bwolfssl\b"),
    sign("mbedtls", 2, r"\bmbed ?tls\b", r"esp-tls"),
)
