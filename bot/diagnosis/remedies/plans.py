"""What to do about each cause: whose job it is, the steps, and the proof. Data.

A plan is in terms of kinds of changes; how a change is made in some software is that software's
entry. Nothing here ever turns verification off. `plan_for` chooses among the plans of a cause.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.remedies.software.entry import Change
from bot.diagnosis.report import Owner, StepKind

RETURN_CODE_OK = "Verify return code: 0 (ok)"

_SHOW_CHAIN = "openssl s_client -connect {connect}{sni} -showcerts </dev/null"
_PIPE_LEAF = "openssl s_client -connect {connect}{sni} </dev/null 2>/dev/null | openssl x509 -noout"
_RETURN_CODE = "openssl s_client -connect {connect}{sni} -showcerts </dev/null | grep -E ' s:| i:|Verify return code'"


@dataclass(frozen=True, slots=True)
class Say:
    """A step that is the same whatever the software; its words are `step.CODE.…`."""

    code: str
    command: str | None = None
    kind: StepKind = "do"
    expect: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Whose job it is, and the steps in their order.

    `lend`: whether a client can be helped until the server is mended, by giving it the missing
    intermediate.
    """

    owner: Owner
    steps: tuple[Say | Change, ...]
    lend: bool = False


def _prove(code: str, command: str, expect: str | None = None) -> Say:
    return Say(code, command, "prove", expect)


PROVE_CHAIN = _prove("prove_chain", _RETURN_CODE, RETURN_CODE_OK)
_PROVE_DATES = _prove("prove_dates", _PIPE_LEAF + " -subject -dates", "notAfter=")
_PROVE_START = _prove("prove_start", _PIPE_LEAF + " -subject -dates", "notBefore=")
_PROVE_NAMES = _prove("prove_names", _PIPE_LEAF + " -subject -ext subjectAltName", "DNS:{host}")
_PROVE_HANDSHAKE = _prove("prove_handshake", _SHOW_CHAIN, "BEGIN CERTIFICATE")
_PROVE_TLS_1_2 = _prove(
    "prove_handshake",
    "openssl s_client -connect {connect}{sni} -tls1_2 </dev/null",
    "BEGIN CERTIFICATE",
)

_CHAIN = Plan("server", (Say("save_fullchain"), Change.INSTALL, PROVE_CHAIN), lend=True)
_CHAIN_UNPROVEN = Plan("server", (Say("get_intermediate"), Change.INSTALL, PROVE_CHAIN))

_REVOKED_CA = Plan(
    "server",
    (
        Say("replace_revoked_ca"),
        Say("install_renewed"),
        Change.INSTALL,
        _prove(
            "prove_revoked_ca",
            (
                "openssl s_client -connect {connect}{sni} -showcerts </dev/null >chain.txt\n"
                "sed '1,/END CERT/d' chain.txt | "
                "openssl x509 -noout -serial -ext crlDistributionPoints\n"
                "curl -s ADDRESS | openssl crl -inform DER -noout -text | grep -A 1 SERIAL"
            ),
        ),
    ),
)

_LARGE_HELLO = Plan(
    "network",
    (
        Say("update_middlebox"),
        _prove(
            "prove_hello_size",
            (
                "openssl s_client -connect {connect}{sni} -groups X25519MLKEM768 </dev/null\n"
                "openssl s_client -connect {connect}{sni} -groups X25519 </dev/null"
            ),
            "BEGIN CERTIFICATE",
        ),
    ),
)

# The last certificate of what is sent, in a file.
_TAKE_ROOT = Say(
    "take_root",
    _SHOW_CHAIN + ' 2>/dev/null | awk \'/BEGIN CERT/{{c=""}} {{c=c $0 "\\n"}} /END CERT/{{last=c}} '
    'END{{printf "%s", last}}\' >{file}-root.crt\n'
    "openssl x509 -in {file}-root.crt -noout -subject -fingerprint -sha256",
)

_CHANGE_CA = Plan("server", (Say("change_ca"), Change.INSTALL, PROVE_CHAIN))


def _reissued(code: str, *proofs: Say) -> Plan:
    """A certificate is issued anew, and installed with its chain."""
    return Plan("server", (Say(code), Change.INSTALL, *(proofs or (PROVE_CHAIN,))))


_PLANS: dict[Cause, Plan] = {
    Cause.MISSING_INTERMEDIATE: _CHAIN_UNPROVEN,
    Cause.WRONG_INTERMEDIATE: _CHAIN_UNPROVEN,
    Cause.EXPIRED_INTERMEDIATE: _CHAIN_UNPROVEN,
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN: _CHAIN_UNPROVEN,
    Cause.INVALID_CHAIN: _reissued("reissue_chain"),
    Cause.SELF_SIGNED: _reissued("get_public_certificate"),
    Cause.UNTRUSTED_ROOT: Plan(
        "client", (Say("trust_root"), Change.TRUST, Say("get_public_certificate"), PROVE_CHAIN)
    ),
    Cause.EXPIRED: Plan(
        "server", (Say("renew"), Change.RENEW, Say("install_renewed"), Change.INSTALL, PROVE_CHAIN)
    ),
    Cause.EXPIRING_SOON: Plan("server", (Say("renew_in_time"), Change.RENEW, _PROVE_DATES)),
    Cause.NOT_YET_VALID: _reissued("wait_or_reissue", _PROVE_START),
    Cause.CLOCK_SKEW: Plan("nobody", (Say("set_clock"), Change.CLOCK)),
    Cause.REVOKED: Plan(
        "server",
        (
            Say("replace_revoked"),
            Say("install_renewed"),
            Change.INSTALL,
            _prove(
                "prove_revocation",
                (
                    "openssl s_client -connect {connect}{sni} -showcerts </dev/null >chain.txt\n"
                    "openssl x509 -in chain.txt -out leaf.pem\n"
                    "sed '1,/END CERT/d' chain.txt | openssl x509 -out issuer.pem\n"
                    "openssl x509 -in leaf.pem -noout -ocsp_uri | "
                    "xargs openssl ocsp -issuer issuer.pem -cert leaf.pem -no_nonce -url"
                ),
                "leaf.pem: good",
            ),
        ),
    ),
    Cause.OCSP_PROBLEM: Plan(
        "server",
        (
            Change.STAPLING,
            _prove(
                "prove_stapling",
                "openssl s_client -connect {connect}{sni} -status </dev/null | grep -A 20 'OCSP response'",
                "OCSP Response Status: successful",
            ),
        ),
    ),
    Cause.HOSTNAME_MISMATCH: Plan(
        "server",
        (Say("serve_right_certificate"), Change.CHOOSE, Say("reissue_with_name"), _PROVE_NAMES),
    ),
    Cause.SNI_UNRECOGNIZED: Plan(
        "server", (Say("serve_right_certificate"), Change.CHOOSE, _PROVE_NAMES)
    ),
    Cause.CERTIFICATE_NOT_TLS: _reissued("reissue_for_servers"),
    Cause.WEAK_SIGNATURE_OR_KEY: _reissued("reissue_stronger"),
    Cause.MALFORMED_CERTIFICATE: _reissued("replace_file"),
    Cause.EXTRA_CERTIFICATES: _reissued("send_only_chain"),
    Cause.WRONG_CHAIN_ORDER: _reissued("sort_chain"),
    Cause.VALIDITY_TOO_LONG: _reissued("reissue_shorter", _PROVE_DATES),
    Cause.INTERCEPTION_PROXY: Plan(
        "network",
        (
            Say("exempt_from_inspection"),
            Say("trust_inspection_root"),
            Change.TRUST,
            _prove("prove_issuer", _PIPE_LEAF + " -issuer", "issuer="),
        ),
    ),
    Cause.PLAINTEXT_ON_TLS_PORT: Plan(
        "server", (Say("turn_tls_on"), Change.TLS_ON, Say("use_other_port"), _PROVE_HANDSHAKE)
    ),
    Cause.STARTTLS_REFUSED: Plan(
        "server", (Say("offer_starttls"), Change.STARTTLS, _PROVE_HANDSHAKE)
    ),
    Cause.CLIENT_CERTIFICATE_REQUIRED: Plan(
        "client",
        (
            Say(
                "send_client_certificate",
                "curl{curl_by_proxy} --cert client.pem --key client.key {url}",
            ),
            Change.PRESENT,
            Say("ask_for_client_certificate"),
        ),
    ),
    Cause.PROTOCOL_VERSION: Plan(
        "server", (Change.PROTOCOLS, Say("update_tls_library"), _PROVE_TLS_1_2)
    ),
    Cause.NO_SHARED_CIPHER: Plan("server", (Change.CIPHERS, _PROVE_TLS_1_2)),
    Cause.DH_KEY_TOO_SMALL: Plan(
        "server",
        (
            Say("use_ecdhe"),
            Change.CIPHERS,
            _prove(
                "prove_handshake",
                "openssl s_client -connect {connect}{sni} -cipher 'DEFAULT@SECLEVEL=2' </dev/null",
                "BEGIN CERTIFICATE",
            ),
        ),
    ),
    Cause.RENEGOTIATION_OR_LEGACY: Plan(
        "server",
        (
            Say("update_for_renegotiation"),
            _prove(
                "prove_renegotiation",
                "openssl s_client -connect {connect}{sni} -legacy_server_connect </dev/null | grep 'Secure Renegotiation'",
                "Secure Renegotiation IS supported",
            ),
        ),
    ),
    Cause.HANDSHAKE_FAILURE: Plan("server", (Say("read_server_log"), Change.LOG, _PROVE_HANDSHAKE)),
    Cause.CONNECTION_RESET: Plan("server", (Say("read_server_log"), Change.LOG, _PROVE_HANDSHAKE)),
    Cause.CLIENT_CERTIFICATE_REJECTED: Plan(
        "client",
        (
            Say(
                "new_client_certificate",
                "openssl x509 -in client.pem -noout -subject -issuer -dates",
            ),
            Change.PRESENT,
        ),
    ),
    Cause.KEY_MISMATCH: Plan(
        "server",
        (
            Say(
                "match_key",
                (
                    "openssl x509 -in {file}.fullchain.pem -noout -pubkey | openssl sha256\n"
                    "openssl pkey -in {file}.key -pubout | openssl sha256"
                ),
            ),
            Change.INSTALL,
            PROVE_CHAIN,
        ),
    ),
    Cause.CA_BUNDLE_MISSING: Plan("client", (Say("update_roots"), Change.ROOTS, PROVE_CHAIN)),
    Cause.TLS_ON_PLAINTEXT_PORT: Plan("client", (Say("use_tls_port"), _PROVE_HANDSHAKE)),
    Cause.PINNING_MISMATCH: Plan(
        "client",
        (
            Say(
                "update_pin",
                (
                    "openssl s_client -connect {connect}{sni} </dev/null 2>/dev/null | "
                    "openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | "
                    "openssl dgst -sha256 -binary | openssl base64"
                ),
            ),
        ),
    ),
    Cause.AMBIGUOUS_ISSUER: Plan("nobody", (Say("check_host", _RETURN_CODE),)),
    Cause.DNS_FAILURE: Plan(
        "network", (Say("look_up_name", "dig +short {host} A; dig +short {host} AAAA"),)
    ),
    Cause.CONNECTION_REFUSED: Plan(
        "server",
        (Say("start_listening", "ss -ltn 'sport = :{port}'"), Change.START, Say("open_firewall")),
    ),
    Cause.TIMEOUT: Plan(
        "network", (Say("open_firewall"), Say("try_connecting", "nc -vz {host} {port}"))
    ),
    Cause.EGRESS_DENIED: Plan("nobody", (Say("allow_network"),)),
    Cause.BACKENDS_DIFFER: Plan("server", (Say("mend_each_backend"),)),
}


# A warning asks for something else than the same cause does where it breaks everybody.
_WARNING_PLANS: dict[Cause, Plan] = {
    Cause.EXPIRED_INTERMEDIATE: _reissued("drop_expired"),
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN: _reissued("drop_expired"),
    Cause.UNTRUSTED_ROOT: _CHANGE_CA,
    Cause.INVALID_CHAIN: Plan(
        "server",
        (
            Say("reissue_to_standard"),
            _prove(
                "prove_strict",
                "openssl verify -x509_strict -show_chain -untrusted chain.pem chain.pem",
                "chain.pem: OK",
            ),
        ),
    ),
    Cause.WEAK_SIGNATURE_OR_KEY: _reissued("reissue_usual_key"),
}


_ALPN = Plan(
    "server",
    (
        Say("offer_http1"),
        _prove(
            "prove_alpn",
            (
                "openssl s_client -connect {connect}{sni} -alpn h2,http/1.1 </dev/null\n"
                "openssl s_client -connect {connect}{sni} </dev/null"
            ),
        ),
    ),
)

_TRY_PROXY = _prove("prove_proxy", "curl -v -o /dev/null{curl_by_proxy} {url}")
_PROXY_AWAY = Plan("network", (Say("check_proxy"), _TRY_PROXY))
_BEHIND_PROXY = Plan("network", (Say("look_behind_proxy", "nc -vz {host} {port}"), _TRY_PROXY))
# What ended at the proxy, by the kind of its fault.
_PROXY_PLANS: dict[str, Plan] = {
    "proxy_denied": Plan("network", (Say("ask_proxy_owner"), _TRY_PROXY)),
    "proxy_login": Plan(
        "network",
        (
            Say("give_proxy_login"),
            _prove("prove_proxy", "curl -v -o /dev/null{curl_by_proxy} --proxy-user USER {url}"),
        ),
    ),
    "proxy_bad_gateway": _BEHIND_PROXY,
    "proxy_gateway_timeout": _BEHIND_PROXY,
}


def plan_for(
    cause: Cause, evidence: Mapping[str, JsonValue], *, warned: bool, proven: bool
) -> Plan | None:
    """The plan of a cause; None for a cause that nobody has to mend.

    Args:
        cause: What is wrong.
        evidence: Of the finding; some causes have several plans.
        warned: The finding is a warning: most clients work.
        proven: There is a full chain that was verified.
    """
    if evidence.get("rule") == "alpn":
        return _ALPN
    how = str(evidence.get("how"))
    if how.startswith("proxy_"):
        return _PROXY_PLANS.get(how, _PROXY_AWAY)
    if cause is Cause.CONNECTION_RESET and how == "large_hello":
        return _LARGE_HELLO
    if cause is Cause.TIMEOUT and evidence.get("connected"):
        # The network let us through: it is the service that keeps silent.
        return _PLANS[Cause.CONNECTION_RESET]
    if cause is Cause.REVOKED and evidence.get("rule") == "intermediate":
        return _REVOKED_CA
    if cause is Cause.UNTRUSTED_ROOT and evidence.get("left"):
        return _CHANGE_CA  # once public: the stores that took it out will not take it in again
    plan = (_WARNING_PLANS.get(cause) if warned else None) or _PLANS.get(cause)
    if plan is not None and evidence.get("root_sent") and Change.TRUST in plan.steps:
        at = plan.steps.index(Change.TRUST)
        plan = replace(plan, steps=(*plan.steps[:at], _TAKE_ROOT, *plan.steps[at:]))
    return _CHAIN if plan is _CHAIN_UNPROVEN and proven else plan
