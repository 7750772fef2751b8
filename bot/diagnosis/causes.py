"""The cause codes of the contract: their stage, and how bad a finding of each is by itself.

Here belong names that programs rely on. Rules that find a cause live in `rules`, words in the
catalogues. Nothing here does I/O.
"""

from enum import StrEnum
from typing import Literal

Severity = Literal["critical", "warning", "info"]
Verdict = Literal["ok", "warning", "broken", "unreachable"]


class Cause(StrEnum):
    """What is wrong at the root, not its symptom. The values are part of the contract."""

    DNS_FAILURE = "dns_failure"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    TIMEOUT = "timeout"
    EGRESS_DENIED = "egress_denied"
    PLAINTEXT_ON_TLS_PORT = "plaintext_on_tls_port"
    STARTTLS_REFUSED = "starttls_refused"

    PROTOCOL_VERSION = "protocol_version"
    NO_SHARED_CIPHER = "no_shared_cipher"
    SNI_UNRECOGNIZED = "sni_unrecognized"
    CLIENT_CERTIFICATE_REQUIRED = "client_certificate_required"
    CLIENT_CERTIFICATE_REJECTED = "client_certificate_rejected"
    DH_KEY_TOO_SMALL = "dh_key_too_small"
    RENEGOTIATION_OR_LEGACY = "renegotiation_or_legacy"
    HANDSHAKE_FAILURE = "handshake_failure"

    MISSING_INTERMEDIATE = "missing_intermediate"
    WRONG_INTERMEDIATE = "wrong_intermediate"
    WRONG_CHAIN_ORDER = "wrong_chain_order"
    EXTRA_CERTIFICATES = "extra_certificates"
    EXPIRED_INTERMEDIATE = "expired_intermediate"
    EXPIRED_ROOT_OR_CROSS_SIGN = "expired_root_or_cross_sign"
    SELF_SIGNED = "self_signed"
    UNTRUSTED_ROOT = "untrusted_root"
    INTERCEPTION_PROXY = "interception_proxy"
    INVALID_CHAIN = "invalid_chain"

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRING_SOON = "expiring_soon"
    HOSTNAME_MISMATCH = "hostname_mismatch"
    CERTIFICATE_NOT_TLS = "certificate_not_tls"
    WEAK_SIGNATURE_OR_KEY = "weak_signature_or_key"
    REVOKED = "revoked"
    OCSP_PROBLEM = "ocsp_problem"
    VALIDITY_TOO_LONG = "validity_too_long"
    MALFORMED_CERTIFICATE = "malformed_certificate"

    BACKENDS_DIFFER = "backends_differ"

    AMBIGUOUS_ISSUER = "ambiguous_issuer"
    TLS_ON_PLAINTEXT_PORT = "tls_on_plaintext_port"
    CLOCK_SKEW = "clock_skew"
    KEY_MISMATCH = "key_mismatch"
    CA_BUNDLE_MISSING = "ca_bundle_missing"
    PINNING_MISMATCH = "pinning_mismatch"
    NOT_A_TLS_ERROR = "not_a_tls_error"


STARTTLS_PROTOCOLS = (
    "smtp",
    "imap",
    "pop3",
    "ftp",
    "ldap",
    "postgres",
    "mysql",
    "xmpp",
    "xmpp-server",
    "nntp",
    "sieve",
)
