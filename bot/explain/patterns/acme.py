"""Getting certificates: ACME clients (certbot, lego, acme.sh, cert-manager) and their CAs.

Source: RFC 8555 section 6.7 (error types), Let's Encrypt's rate limits.
"""

from bot.explain.pattern import Rank, Sign, Statement, says, sign

# The TLS side of the site is not at fault: nothing was issued. The contract has no code for that.
PATTERNS: tuple[Statement, ...] = (
    says(
        "acme.problem",
        Rank.REASON,
        r"urn:(?:ietf:params:)?acme:error:(?:ratelimited|malformed|unauthorized|caa|badnonce|rejectedidentifier|accountdoesnotexist|serverinternal|badcsr|badpublickey|ordernotready|externalaccountrequired|incorrectresponse)",
        r"too many certificates (?:already issued|\()",
        r"some challenges have failed",
        r"challenge did not pass",
        not_a_tls_error=1.0,
    ),
    says(
        "acme.dns",
        Rank.REASON,
        r"urn:(?:ietf:params:)?acme:error:dns",
        r"dns problem: (?:nxdomain|servfail|query timed out)",
        dns_failure=0.7,
        not_a_tls_error=0.3,
    ),
    says(
        "acme.connection",
        Rank.SYMPTOM,
        r"urn:(?:ietf:params:)?acme:error:connection",
        timeout=0.5,
        connection_refused=0.3,
        not_a_tls_error=0.2,
    ),
    says("acme.tls", Rank.SYMPTOM, r"urn:(?:ietf:params:)?acme:error:tls", handshake_failure=1.0),
)

SIGNS: tuple[Sign, ...] = (
    sign("lego", 4, r"\blego\b", r"acme: error: \d{3}"),
    sign("acme.sh", 5, r"\bacme\.sh\b"),
)
