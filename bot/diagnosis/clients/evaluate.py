"""From findings to what each client does. One evaluator; what differs is in the table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.clients.session import session_line, session_outcome
from bot.diagnosis.clients.table import CLIENTS, Area, Client, Symptom
from bot.diagnosis.report import ClientPrediction, Finding, Outcome, Target
from bot.diagnosis.roots import Membership

# The part of a certificate that a client looks at when it meets the fault. What is not here ends
# the connection before certificates are judged.
_AREAS: dict[Cause, Area] = {
    Cause.SELF_SIGNED: "chain",
    Cause.MISSING_INTERMEDIATE: "chain",
    Cause.WRONG_INTERMEDIATE: "chain",
    Cause.UNTRUSTED_ROOT: "chain",
    Cause.INTERCEPTION_PROXY: "chain",
    Cause.WRONG_CHAIN_ORDER: "chain",
    Cause.INVALID_CHAIN: "chain",
    Cause.CERTIFICATE_NOT_TLS: "chain",
    Cause.WEAK_SIGNATURE_OR_KEY: "chain",
    Cause.EXPIRED_INTERMEDIATE: "dates",
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN: "dates",
    Cause.EXPIRED: "dates",
    Cause.NOT_YET_VALID: "dates",
    Cause.HOSTNAME_MISMATCH: "name",
}
# To whom a server with two certificates gives the one that a finding is about.
_FIRST: dict[JsonValue, str] = {"rsa_first": "rsa", "ecdsa_first": "ecdsa"}
# Below this many certificates no client counts them.
_FEW = min(one.most_certificates or 99 for one in CLIENTS)
_OLD_TLS = ("TLSv1", "TLSv1.1")
# Faults that show only once the client has accepted the certificate.
_AFTERWARDS = (Cause.CLIENT_CERTIFICATE_REQUIRED,)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The public root that the path ends in; `bridged`: an older root vouches for it, too."""

    membership: Membership
    bridged: bool


def predict(
    findings: Sequence[Finding], target: Target, at: datetime, anchor: Anchor | None = None
) -> tuple[ClientPrediction, ...]:
    """What each client of the table does with a server that has these findings.

    Args:
        findings: Those of one address, the cause first.
        target: What the client connects to.
        at: The moment it does so, timezone-aware.
        anchor: The root, if Mozilla's list has or had it.
    """
    predicted = _by_findings(findings, target, at)
    if anchor is None or anchor.membership.after is None:
        return predicted
    pairs = zip(CLIENTS, predicted, strict=True)
    return tuple(_with_old_roots(client, one, anchor) for client, one in pairs)


def _with_old_roots(client: Client, said: ClientPrediction, anchor: Anchor) -> ClientPrediction:
    """What a client does whose list of roots is from before this one."""
    ends = client.roots_until or client.oldest_bundle
    entered, after = anchor.membership.entered, anchor.membership.after
    if said.outcome != "works" or ends is None or entered <= ends or after is None:
        return said
    outcome: Outcome = "depends"
    reason = "root_is_younger"
    if client.roots_until is not None:
        if anchor.bridged:
            reason = "cross_sign_only"
        else:
            outcome, reason = "fails", "root_is_too_young"
    values: dict[str, JsonValue] = {
        "root": anchor.membership.name,
        "after": after.isoformat(),
        "entered": entered.isoformat(),
        "until": ends.isoformat(),
    }
    words = client.words.get("no_upper_issuer") if outcome == "fails" else None
    return said.model_copy(
        update={"outcome": outcome, "reason_code": reason, "values": values, "error": words}
    )


def _by_findings(
    findings: Sequence[Finding], target: Target, at: datetime
) -> tuple[ClientPrediction, ...]:
    critical = [one for one in findings if one.severity == "critical"]
    if not critical:
        return _with_warnings(findings, target, at)
    return tuple(_predict_one(client, critical, target, at) for client in CLIENTS)


def _with_warnings(
    findings: Sequence[Finding], target: Target, at: datetime
) -> tuple[ClientPrediction, ...]:
    """Nothing breaks everybody; a warning names those that it breaks all the same."""
    broken: dict[str, Finding] = {}
    for finding in findings:
        for code in _list(finding.evidence.get("breaks")):
            broken.setdefault(str(code), finding)
        # What is sent for nothing counts, too.
        for client in CLIENTS if _number(finding, "sent") > _FEW else ():
            if _too_much(client, finding) is not None:
                broken.setdefault(client.code, finding)
    fine = _all_fine()
    if not broken:
        return fine
    return tuple(
        one.model_copy(
            update={
                "outcome": "fails",
                "error": _line(client, broken[one.client], target, at),
                "reason_code": broken[one.client].code.value,
                "values": _values(broken[one.client])
                | _other_words(client, broken[one.client], target, at),
            }
        )
        if one.client in broken
        else one
        for client, one in zip(CLIENTS, fine, strict=True)
    )


def _too_much(client: Client, finding: Finding) -> Symptom | None:
    """What a client that has a limit says of a chain above it; the size is looked at first."""
    if client.most_bytes is not None and _number(finding, "bytes") > client.most_bytes:
        return "too_large"
    if client.most_certificates is not None and (
        _number(finding, "sent") > client.most_certificates
    ):
        return "too_many"
    return None


def _number(finding: Finding, key: str) -> int:
    value = finding.evidence.get(key)
    return value if isinstance(value, int) else 0


@cache
def _all_fine() -> tuple[ClientPrediction, ...]:
    # Most servers of a sweep: nothing in it depends on the server.
    return tuple(
        ClientPrediction(
            client=client.code, label=client.label, outcome="works", reason_code="fine"
        )
        for client in CLIENTS
    )


def differing(groups: Iterable[Sequence[ClientPrediction]]) -> tuple[ClientPrediction, ...]:
    """What each client does when the addresses of a name do not agree."""
    merged = []
    for one in zip(*groups, strict=True):
        first = one[0]
        if all(other.outcome == first.outcome for other in one):
            merged.append(first)
            continue
        failing = next((other for other in one if other.outcome != "works"), first)
        merged.append(
            failing.model_copy(
                update={"outcome": "depends", "reason_code": "backends", "values": {}}
            )
        )
    return tuple(merged)


def _predict_one(
    client: Client, findings: Sequence[Finding], target: Target, at: datetime
) -> ClientPrediction:
    possible: Outcome = "works"
    doubtful: ClientPrediction | None = None
    for finding in sorted(findings, key=lambda one: _place(client, one)):
        outcome, reason = _outcome(client, finding)
        if outcome == "works":
            continue
        prediction = ClientPrediction(
            client=client.code,
            label=client.label,
            outcome=outcome,
            error=_line(client, finding, target, at),
            reason_code=reason,
            values=_values(finding) | _other_words(client, finding, target, at),
        )
        if outcome == "fails":
            return prediction
        possible, doubtful = outcome, doubtful or prediction
    if doubtful is not None:
        return doubtful
    fetched = any(
        one.code in (Cause.MISSING_INTERMEDIATE, Cause.WRONG_INTERMEDIATE) for one in findings
    )
    return ClientPrediction(
        client=client.code,
        label=client.label,
        outcome=possible,
        reason_code=_why_it_works(client, findings, fetched=fetched),
    )


def _why_it_works(client: Client, findings: Sequence[Finding], *, fetched: bool) -> str:
    if any(one.evidence.get("common_name_matches") for one in findings):
        return "common_name"
    for finding in findings:
        outcome, reason = _outcome(client, finding)
        if outcome == "works":
            return reason
    return "not_touched"


def _place(client: Client, finding: Finding) -> int:
    area = _AREAS.get(finding.code)
    if area is not None:
        symptom = _symptom(client, finding)
        by_itself = symptom is not None and symptom in client.order
        return 1 + client.order.index(symptom if by_itself and symptom else area)
    return 9 if finding.code in _AFTERWARDS else 0


def _outcome(client: Client, finding: Finding) -> tuple[Outcome, str]:
    evidence = finding.evidence
    given_to = evidence.get("given_to")
    if given_to in _FIRST and client.first != _FIRST[given_to]:
        if client.first == "either":
            return "depends", "certificate_choice"
        return "works", "other_certificate"
    if finding.at_proxy:
        by_proxy = str(evidence.get("how")).startswith("proxy_")
        return "depends", "behind_proxy" if by_proxy else "name_behind_proxy"
    about_session = session_outcome(client.code, finding)
    if about_session is not None:
        return about_session
    match finding.code:
        case Cause.MISSING_INTERMEDIATE | Cause.WRONG_INTERMEDIATE:
            proven = bool(evidence.get("proven"))
            useless = finding.code is Cause.WRONG_INTERMEDIATE
            if client.fetches and not (useless and not client.replaces):
                return ("works", "fetches") if proven else ("depends", "fetch_failed")
            if client.preloads:
                return "depends", "preloads"
            return "fails", "takes_only_what_is_sent"
        case Cause.EXPIRED_INTERMEDIATE if (
            evidence.get("replacement") and client.fetches and client.replaces
        ):
            return "works", "fetches"
        case Cause.HOSTNAME_MISMATCH if evidence.get("final_dot") and client.final_dot != "refuses":
            if client.final_dot == "accepts":
                return "works", "final_dot"
            return "depends", "final_dot_unknown"
        case Cause.HOSTNAME_MISMATCH if evidence.get("common_name_matches"):
            if client.accepts_common_name:
                return "works", "common_name"
            return "fails", "no_common_name"
        case Cause.CERTIFICATE_NOT_TLS if not client.checks_purpose:
            return "works", "purpose_unchecked"
        case Cause.PROTOCOL_VERSION if (
            client.oldest_tls == "TLSv1" and evidence.get("version") in _OLD_TLS
        ):
            return "works", "old_tls_offered"
        case Cause.WEAK_SIGNATURE_OR_KEY if (
            evidence.get("weak") == "key" and _rsa_bits(evidence.get("key")) >= client.least_rsa
        ):
            return "works", "short_key_accepted"
        case Cause.NO_SHARED_CIPHER if not evidence.get("everyone") and not client.browser_ciphers:
            return "depends", "cipher_list"
        case Cause.DNS_FAILURE | Cause.CONNECTION_REFUSED | Cause.TIMEOUT | Cause.CONNECTION_RESET:
            return "fails", "network"
        case Cause.EGRESS_DENIED:
            return "depends", "not_checked"
    return "fails", finding.code.value


def _rsa_bits(key: JsonValue | None) -> int:
    bits = str(key).removeprefix("RSA ")
    return int(bits) if bits.isdecimal() else 0


def _symptom(client: Client, finding: Finding) -> Symptom | None:
    evidence = finding.evidence
    if finding.at_proxy:
        return None  # the lines are about the server
    match finding.code:
        case Cause.MISSING_INTERMEDIATE | Cause.WRONG_INTERMEDIATE:
            if not evidence.get("below_is_leaf"):
                return "no_upper_issuer"
            wrong = finding.code is Cause.WRONG_INTERMEDIATE
            return "wrong_issuer" if wrong and "wrong_issuer" in client.words else "no_issuer"
        case Cause.UNTRUSTED_ROOT | Cause.INTERCEPTION_PROXY:
            if evidence.get("root_sent"):
                return "root_sent"
            return "no_upper_issuer" if evidence.get("intermediates_sent") else "no_issuer"
        case Cause.HOSTNAME_MISMATCH:
            if evidence.get("common_name_matches") and "common_name" in client.words:
                return "common_name"
            return "mismatch_address" if evidence.get("is_address") else "mismatch"
        case Cause.CLIENT_CERTIFICATE_REQUIRED:
            if evidence.get("how") == "page":
                return "client_certificate_page"
            return (
                "client_certificate_13"
                if evidence.get("version") == "TLSv1.3"
                else "client_certificate_12"
            )
        case Cause.SNI_UNRECOGNIZED if evidence.get("alert") == 80:
            return "internal_error"
        case Cause.PLAINTEXT_ON_TLS_PORT if (
            evidence.get("protocol") == "HTTP" and "plaintext_http" in client.words
        ):
            return "plaintext_http"
        case Cause.HANDSHAKE_FAILURE if evidence.get("rule") == "alpn":
            return _ENDS.get(evidence.get("how"))
        case Cause.TIMEOUT:
            return "silent" if evidence.get("connected") else "connect_timeout"
        case Cause.CONNECTION_RESET:
            return "closed" if evidence.get("how") == "closed" else "reset"
        case Cause.EXTRA_CERTIFICATES if evidence.get("sent"):
            return _too_much(client, finding)
        case Cause.CERTIFICATE_NOT_TLS if evidence.get("rule") == "ca":
            return "ca_as_leaf"
        case Cause.OCSP_PROBLEM if evidence.get("problem") == "stapled":
            return "old_staple"
        case Cause.INVALID_CHAIN:
            rule = _RULES.get(str(evidence.get("rule")))
            return rule if rule in client.words else "invalid"
    return _PLAIN.get(finding.code)


_ENDS: dict[JsonValue | None, Symptom] = {"reset": "reset", "closed": "closed"}
_RULES: dict[str, Symptom] = {
    "not_a_ca": "not_a_ca",
    "path_length": "path_length",
    "permitted": "permitted",
    "excluded": "excluded",
    "critical_extension": "critical_extension",
}
_PLAIN: dict[Cause, Symptom] = {
    Cause.DNS_FAILURE: "dns",
    Cause.CONNECTION_REFUSED: "refused",
    Cause.PLAINTEXT_ON_TLS_PORT: "plaintext",
    Cause.PROTOCOL_VERSION: "protocol_version",
    Cause.NO_SHARED_CIPHER: "no_cipher",
    Cause.HANDSHAKE_FAILURE: "refusal",
    Cause.SNI_UNRECOGNIZED: "unknown_sni",
    Cause.MALFORMED_CERTIFICATE: "unreadable",
    Cause.EXTRA_CERTIFICATES: "too_large",
    Cause.SELF_SIGNED: "self_signed",
    Cause.EXPIRED: "expired",
    Cause.NOT_YET_VALID: "not_yet_valid",
    Cause.EXPIRED_INTERMEDIATE: "expired_upper",
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN: "expired_upper",
    Cause.CERTIFICATE_NOT_TLS: "purpose",
    Cause.WEAK_SIGNATURE_OR_KEY: "weak",
    Cause.REVOKED: "revoked",
    Cause.OCSP_PROBLEM: "must_staple",
}


def _line(client: Client, finding: Finding, target: Target, at: datetime) -> str | None:
    known = session_line(client.code, finding)
    if known is not None:
        return known
    symptom = _symptom(client, finding)
    return _filled(client.words.get(symptom) if symptom else None, finding, target, at)


def _other_words(
    client: Client, finding: Finding, target: Target, at: datetime
) -> dict[str, JsonValue]:
    """What other programs on the same library print, by their names."""
    symptom = _symptom(client, finding)
    if symptom is None or not client.dialects:
        return {}
    lines = {
        name: _filled(words.get(symptom), finding, target, at)
        for name, words in client.dialects.items()
    }
    return {"lines": {name: line for name, line in lines.items() if line is not None}}


def _filled(words: str | None, finding: Finding, target: Target, at: datetime) -> str | None:
    if words is None:
        return None
    evidence = finding.evidence
    names = [str(one) for one in _list(evidence.get("names"))]
    return words.format_map(
        {
            "host": target.host,
            "port": target.port,
            "names": ", ".join(f"DNS:{one}" for one in names),
            "plain_names": ", ".join(names),
            "addresses": ", ".join(names),
            "now": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "not_after": _moment(evidence.get("not_after")),
            "not_before": _moment(evidence.get("not_before")),
            "openssl": str(evidence.get("strict") or evidence.get("error") or ""),
            "offending": str(evidence.get("offending") or ""),
            "sent": str(evidence.get("sent") or ""),
        }
    )


def _values(finding: Finding) -> dict[str, JsonValue]:
    keys = ("issuer", "version", "cipher", "root", "name")
    return {key: finding.evidence[key] for key in keys if finding.evidence.get(key) is not None}


def _moment(value: JsonValue | None) -> str:
    return str(value).replace("+00:00", "Z") if value else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
