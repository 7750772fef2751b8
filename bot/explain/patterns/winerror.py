"""The numbers of Windows: each by its name, in hexadecimal, and as signed and unsigned decimals.

Sources: winerror.h (SEC_E_, CERT_E_, TRUST_E_, CRYPT_E_), winhttp.h and wininet.h (12xxx, which
become 0x80072Fxx), wincrypt.h (CERT_TRUST_).
"""

from bot.explain.pattern import ISSUER, ISSUER_FETCHED, Rank, Statement, says

_TIME = {"expired": 0.85, "clock_skew": 0.15}
_WINHTTP_FACILITY = 0x80070000


def _number(name: str, rank: Rank, *codes: int, names: str, **means: float) -> Statement:
    """An entry: the regex of its names, and its codes in every form that programs print."""
    regexes = [names]
    for code in codes:
        regexes.append(rf"(?<![0-9a-f])(?:0x)?{code:08x}\b")
        regexes.append(rf"(?<![\d.]){code - 2**32}(?![\d.])")
        regexes.append(rf"(?<![\d.]){code}(?![\d.])")
    return says(name, rank, *regexes, **means)


def _winhttp(name: str, rank: Rank, number: int, ending: str, **means: float) -> Statement:
    """An entry of WinHTTP and WinINet, whose own numbers have five digits."""
    names = rf"error_(?:winhttp|internet)_(?:{ending})|\b{number}\b"
    return _number(name, rank, _WINHTTP_FACILITY + number, names=names, **means)


PATTERNS: tuple[Statement, ...] = (
    _number(
        "winerror.untrusted",
        Rank.REASON,
        0x80090325,
        0x800B0109,
        0x800B010D,
        0x800B0112,
        names=r"sec_e_untrusted_root|cert_e_untrusted(?:test)?root|cert_e_untrustedca|"
        r"cert_trust_is_untrusted_root",
        **ISSUER_FETCHED,
    ),
    _number(
        "winerror.chain",
        Rank.REASON,
        0x800B010A,
        names=r"cert_e_chaining|cert_trust_is_partial_chain",
        **ISSUER,
    ),
    _number(
        "winerror.issuer_chaining",
        Rank.REASON,
        0x800B0107,
        names=r"cert_e_issuerchaining",
        wrong_intermediate=0.7,
        missing_intermediate=0.3,
    ),
    _number(
        "winerror.expired",
        Rank.REASON,
        0x80090328,
        0x800B0101,
        names=r"sec_e_cert_expired|cert_e_expired",
        **_TIME,
    ),
    _number(
        "winerror.time",
        Rank.REASON,
        names=r"cert_trust_is_not_time_valid",
        expired=0.8,
        expired_intermediate=0.1,
        not_yet_valid=0.1,
    ),
    _number(
        "winerror.name",
        Rank.REASON,
        0x80090322,
        0x800B010F,
        names=r"sec_e_wrong_principal|cert_e_cn_no_match",
        hostname_mismatch=1.0,
    ),
    _number(
        "winerror.revoked",
        Rank.REASON,
        0x80092010,
        0x800B010C,
        names=r"crypt_e_revoked|cert_e_revoked|cert_trust_is_revoked",
        revoked=1.0,
    ),
    _number(
        "winerror.revocation",
        Rank.DETAIL,
        0x80092012,
        0x80092013,
        0x800B010E,
        names=r"crypt_e_no_revocation_check|crypt_e_revocation_offline|cert_e_revocation_failure|"
        r"cert_trust_(?:revocation_status_unknown|is_offline_revocation)",
        ocsp_problem=1.0,
    ),
    _number(
        "winerror.purpose",
        Rank.REASON,
        0x800B0106,
        0x800B0110,
        0x80090349,
        names=r"cert_e_(?:purpose|wrong_usage)|sec_e_cert_wrong_usage|"
        r"cert_trust_is_not_valid_for_usage",
        certificate_not_tls=1.0,
    ),
    _number(
        "winerror.signature",
        Rank.REASON,
        0x80096004,
        names=r"trust_e_cert_signature\b|cert_trust_is_not_signature_valid",
        wrong_intermediate=0.6,
        malformed_certificate=0.4,
    ),
    _number(
        "winerror.rules",
        Rank.REASON,
        0x800B0102,
        0x800B0103,
        0x800B0104,
        0x800B0105,
        0x800B0113,
        0x800B0114,
        0x80096019,
        names=r"cert_e_(?:validityperiodnesting|role|pathlenconst|critical|invalid_(?:policy|name))|"
        r"trust_e_basic_constraints|"
        r"cert_trust_(?:invalid_[a-z_]{5,30}|has_(?!weak)[a-z_]{5,40}constraint|is_cyclic)",
        invalid_chain=1.0,
    ),
    _number(
        "winerror.malformed",
        Rank.REASON,
        0x800B0108,
        names=r"cert_e_malformed",
        malformed_certificate=1.0,
    ),
    _number(
        "winerror.weak",
        Rank.REASON,
        names=r"cert_trust_has_weak_signature",
        weak_signature_or_key=1.0,
    ),
    _number(
        "winerror.distrusted",
        Rank.REASON,
        0x800B0111,
        names=r"trust_e_explicit_distrust|cert_trust_is_explicit_distrust",
        untrusted_root=1.0,
    ),
    _number(
        "winerror.algorithm",
        Rank.REASON,
        0x80090331,
        names=r"sec_e_algorithm_mismatch",
        no_shared_cipher=0.6,
        protocol_version=0.4,
    ),
    _number(
        "winerror.version",
        Rank.REASON,
        0x80090302,
        names=r"sec_e_unsupported_function",
        protocol_version=0.8,
        no_shared_cipher=0.2,
    ),
    _number(
        "winerror.token",
        Rank.REASON,
        0x80090308,
        names=r"sec_e_invalid_token",
        plaintext_on_tls_port=0.6,
        handshake_failure=0.3,
        protocol_version=0.1,
    ),
    _number(
        "winerror.illegal",
        Rank.SYMPTOM,
        0x80090326,
        0x8009030F,
        0x80090330,
        names=r"sec_e_(?:illegal_message|message_altered|decrypt_failure)",
        handshake_failure=0.6,
        no_shared_cipher=0.2,
        protocol_version=0.2,
    ),
    _number(
        "winerror.internal",
        Rank.SYMPTOM,
        0x80090304,
        names=r"sec_e_internal_error",
        handshake_failure=0.6,
        dh_key_too_small=0.2,
        protocol_version=0.2,
    ),
    _number(
        "winerror.credentials",
        Rank.REASON,
        0x8009030E,
        names=r"sec_e_no_credentials|sec_i_incomplete_credentials|0x00090320",
        client_certificate_required=0.8,
        client_certificate_rejected=0.2,
    ),
    _number(
        "winerror.unknown_certificate",
        Rank.REASON,
        0x80090327,
        names=r"sec_e_cert_unknown",
        client_certificate_rejected=0.6,
        ambiguous_issuer=0.4,
    ),
    _number(
        "winerror.dh",
        Rank.REASON,
        0x80090337,
        names=r"sec_e_crypto_system_invalid",
        dh_key_too_small=1.0,
    ),
    _winhttp("winhttp.ca", Rank.REASON, 12045, "(?:secure_)?invalid_ca", **ISSUER_FETCHED),
    _winhttp(
        "winhttp.date",
        Rank.REASON,
        12037,
        "sec(?:ure)?_cert_date_invalid",
        expired=0.8,
        not_yet_valid=0.1,
        clock_skew=0.1,
    ),
    _winhttp(
        "winhttp.name", Rank.REASON, 12038, "sec(?:ure)?_cert_cn_invalid", hostname_mismatch=1.0
    ),
    _winhttp("winhttp.revoked", Rank.REASON, 12170, "sec(?:ure)?_cert_revoked", revoked=1.0),
    _winhttp(
        "winhttp.revocation", Rank.REASON, 12057, "sec(?:ure)?_cert_rev_failed", ocsp_problem=1.0
    ),
    _winhttp(
        "winhttp.client",
        Rank.REASON,
        12044,
        "client_auth_cert_needed",
        client_certificate_required=1.0,
    ),
    _winhttp(
        "winhttp.secure",
        Rank.FRAME,
        12175,
        "secure_failure",
        handshake_failure=0.4,
        ambiguous_issuer=0.3,
        expired=0.3,
    ),
    _winhttp(
        "winhttp.channel",
        Rank.SYMPTOM,
        12157,
        "secure_channel_error",
        protocol_version=0.6,
        no_shared_cipher=0.4,
    ),
)
