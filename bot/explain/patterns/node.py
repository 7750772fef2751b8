"""Node.js, npm, Yarn, Electron, Deno's and Bun's Node-like codes.

Sources: nodejs.org `api/tls.html` (X509 certificate error codes), `lib/internal/errors.js`.
"""

from bot.explain.pattern import Rank, Sign, Statement, says, sign

PATTERNS: tuple[Statement, ...] = (
    says(
        "node.altname",
        Rank.REASON,
        r"err_tls_cert_altname_invalid",
        r"does not match certificate's altnames",
        r"is not in the cert's (?:altnames|list)",
        r"cert does not contain a dns name",
        hostname_mismatch=1.0,
    ),
    says(
        "node.altname_format",
        Rank.REASON,
        r"err_tls_cert_altname_format",
        malformed_certificate=1.0,
    ),
    says(
        "node.closed",
        Rank.REASON,
        r"disconnected before secure tls connection was established",
        r"socket hang up",
        connection_reset=1.0,
    ),
    says("node.handshake_timeout", Rank.REASON, r"err_tls_handshake_timeout", timeout=1.0),
    says("node.dh", Rank.REASON, r"err_tls_dh_param_size", dh_key_too_small=1.0),
    says(
        "node.version",
        Rank.REASON,
        r"err_tls_(?:invalid_protocol_version|protocol_version_conflict)",
        r"err_ssl_(?:unsupported_protocol|wrong_ssl_version|tlsv1_alert_protocol_version)",
        protocol_version=1.0,
    ),
    says(
        "node.wrong_version",
        Rank.REASON,
        r"err_ssl_(?:wrong_version_number|packet_length_too_long)",
        plaintext_on_tls_port=1.0,
    ),
    says("node.http_protocol", Rank.SYMPTOM, r"err_invalid_protocol", not_a_tls_error=1.0),
    says(
        "node.alert_handshake",
        Rank.SYMPTOM,
        r"err_ssl_(?:sslv3|tlsv1|ssl/tls)_alert_handshake_failure",
        handshake_failure=0.0,
        no_shared_cipher=0.4,
        client_certificate_required=0.3,
        protocol_version=0.3,
    ),
    says("node.eproto", Rank.FRAME, r"\beproto\b", handshake_failure=1.0),
    says(
        "node.hint",
        Rank.FRAME,
        r"if the root ca is installed locally, try running node\.js with",
        ambiguous_issuer=0.0,
        missing_intermediate=0.6,
        untrusted_root=0.4,
    ),
    says(
        "node.parse",
        Rank.REASON,
        r"parse error: expected http/",
        r"hpe_invalid_constant",
        tls_on_plaintext_port=0.5,
        plaintext_on_tls_port=0.5,
    ),
)

SIGNS: tuple[Sign, ...] = (
    sign(
        "node",
        1,
        r"error: (?:unable to verify the first certificate|certificate has expired|self[- ]signed certificate)",
        r"\b(?:connect|read|write|getaddrinfo) e(?:connrefused|connreset|timedout|notfound|ai_again|pipe|proto)\b",
        r"error: e[a-z]{4,12}: ",
    ),
    sign(
        "node",
        3,
        r"\bunable_to_verify_leaf_signature\b",
        r"\bunable_to_get_issuer_cert(?:_locally)?\b",
        r"\b(?:depth_zero_self_signed_cert|self_signed_cert_in_chain|cert_has_expired|cert_not_yet_valid)\b",
        r"err_tls_",
        r"err_ssl_(?!protocol_error|version_or|obsolete|client_auth|pinned|weak|server_cert|unrecognized_name|bad_record_mac_alert|decrypt_error_alert|key_usage|version_interference|fallback|inappropriate|handshake_not|bad_peer)",
        r"err_ossl_",
        r"\beproto\b",
        r"\(?node:(?:internal|_tls|tls|net|events)",
        r"\btlssocket\b",
        r"tlswrap",
        r"_tls_wrap",
        r"does not match certificate's altnames",
        r"disconnected before secure tls connection",
        r"\bnode(?:\.js|js)\b",
        r"node_modules",
        r"fetcherror:",
        r"axioserror",
        r"at \S{1,100} \((?:node:|/)\S{1,200}\.[cm]?js:\d",
        r"\.(?:js|ts|mjs|cjs):\d{1,6}:\d",
        r"undici",
    ),
    sign("npm", 4, r"\bnpm (?:err!|error|warn|notice)", r"\bnpm\b(?!\.)", r"registry\.npmjs\.org"),
    sign(
        "yarn",
        5,
        r"registry\.yarnpkg\.com",
        r"\byarn (?:install|add|v?\d)",
        r"\byn\d{4}\b",
        r"error an unexpected error occurred",
    ),
    sign("pnpm", 5, r"\bpnpm\b", r"err_pnpm_"),
    sign("electron", 4, r"\belectron\b"),
    sign("bun", 4, r"\bbun (?:install|add|run|v?\d)"),
)
