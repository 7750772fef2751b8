"""Filling a Report's texts in for a language: codes and evidence in, sentences out.

Which text fits a finding is decided here by its evidence; the words are in the catalogues. Foreign
strings are put in as they are (only cut to a readable length): escaping is each renderer's.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from babel.dates import format_timedelta
from babel.lists import format_list
from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import ClientPrediction, Finding, Fix, Report, Step
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.moment import moment_text
from bot.texts.names import short_list

_LONGEST_FOREIGN = 120
_NAMES_SHOWN = 3
_MOMENTS = (
    "not_before",
    "not_after",
    "revoked_at",
    "this_update",
    "next_update",
    "other_not_after",
)
# Nobody's application is `openssl s_client`, and a setting is no client of its own; they are left
# out of sentences about who notices.
TOOLS = ("openssl", "python-strict", "java-aia")
LONGEST_SUMMARY = 200
# A summary names a handful of clients, fewer where it would grow too long; then what came from
# outside is cut shorter: (clients, characters of each foreign string).
_CLIENTS_SHOWN = 3
_ROOMS = ((_CLIENTS_SHOWN, _LONGEST_FOREIGN), (2, 60), (1, 60), (1, 40), (1, 24))
_HOST = 40
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def phrase_report(report: Report, lang: Lang, zone: tzinfo = UTC) -> Report:
    """The same Report with summary, titles, details, reasons and steps in `lang`.

    Args:
        report: With or without texts.
        lang: The reader's language.
        zone: The reader's time zone; moments have UTC beside them.
    """
    texts = catalogue(lang)
    shared = _shared_values(report, texts)
    findings = tuple(
        one.model_copy(
            update={
                "title": _sentence(one, "title", shared, texts, zone),
                "detail": _sentence(one, "detail", shared, texts, zone),
            }
        )
        for one in report.findings
    )
    clients = tuple(
        one.model_copy(update={"reason": _reason(one, texts)}) for one in report.clients
    )
    fix = report.fix
    if fix is not None:
        fix = phrase_fix(fix, report, lang, zone)
    return report.model_copy(
        update={
            "summary": _summary(report, shared, texts, zone),
            "findings": findings,
            "clients": clients,
            "fix": fix,
        }
    )


def variants_of(finding: Finding) -> tuple[str, ...]:
    """The special cases of its cause that the evidence shows, the most special first."""
    how = str(finding.evidence.get("how"))
    if how.startswith("proxy_"):
        return (how,)  # the words are about the proxy, whatever the code
    return _VARIANTS.get(finding.code, _no_variant)(finding.evidence)


def values_of(
    report: Report, finding: Finding, texts: Catalogue, zone: tzinfo
) -> dict[str, object]:
    """What fills the placeholders of a finding's texts; what is not there reads as a dash."""
    return _Values({**_shared_values(report, texts), **_values(finding, texts, zone)})


def _summary(report: Report, shared: Mapping[str, object], texts: Catalogue, zone: tzinfo) -> str:
    """A sentence of at most `LONGEST_SUMMARY` characters: what is long in it is told shorter."""
    text = ""
    for clients, foreign in _ROOMS:
        fitted = {**shared, **_noticing(report, texts, clients)}
        fitted["host"] = _cut(fitted["host"], max(foreign, _HOST))
        if report.cause is None or not report.findings:
            text = texts.text("cause.ok.summary", fitted)
        else:
            text = _sentence(report.findings[0], "summary", fitted, texts, zone, foreign)
        if len(text) <= LONGEST_SUMMARY:
            return text
    return _cut(text, LONGEST_SUMMARY)


def _sentence(  # noqa: PLR0917 - all of them are needed, and only this module calls it
    finding: Finding,
    kind: str,
    shared: Mapping[str, object],
    texts: Catalogue,
    zone: tzinfo,
    foreign: int = _LONGEST_FOREIGN,
) -> str:
    code = _code(finding, texts)
    variants = variants_of(finding)
    keys = [*(f"cause.{code}.{kind}_{one}" for one in variants), f"cause.{code}.{kind}"]
    key = next(one for one in keys if texts.has(one))
    own = _values(finding, texts, zone)
    if foreign < _LONGEST_FOREIGN:
        own = {name: _shorter(name, one, foreign) for name, one in own.items()}
    values = _Values({**shared, **own})
    of_two = _of_two(finding.evidence, kind)
    count = finding.evidence.get("count")
    if key.endswith(".summary") and finding.code is Cause.MISSING_INTERMEDIATE:
        text = texts.text(key, values, n=count if isinstance(count, int) else 1)
    else:
        text = texts.text(key, values)
    if not of_two:
        return text
    if kind == "summary":
        text = _sentence(finding, "title", shared, texts, zone)  # there is no room for more
    return texts.text(f"cause.of_two.{of_two}", _Values({**values, "text": text}))


def _of_two(evidence: Mapping[str, JsonValue], kind: str) -> str | None:
    """What is to be added about the certificate, where the server has two."""
    by_order = evidence.get("given_to") in ("rsa_first", "ecdsa_first")
    if evidence.get("certificate") == "RSA":
        if kind == "title":
            return None
        return f"{kind}_{evidence.get('given_to')}"
    if evidence.get("other_certificate") == "good" and kind == "detail":
        return "detail_good_rsa_first" if by_order else "detail_good"
    return None


def _code(finding: Finding, texts: Catalogue) -> str:
    code = finding.code.value
    return code if texts.has(f"cause.{code}.title") else Cause.HANDSHAKE_FAILURE.value


def _reason(prediction: ClientPrediction, texts: Catalogue) -> str:
    key = f"client.reason.{prediction.reason_code}"
    return texts.text(key if texts.has(key) else "client.reason.other", _Values(prediction.values))


def _step(step: Step, shared: Mapping[str, object], texts: Catalogue, zone: tzinfo) -> Step:
    values = _Values({**shared, **_readable(step.values, texts, zone)})
    values["expect"] = step.expect or "—"
    if texts.has(f"step.{step.code}.title"):
        title, text = f"step.{step.code}.title", f"step.{step.code}.text"
    else:
        # How one software makes a change: its own words, or those that fit every software.
        software, _, change = step.code.partition(".")
        if not texts.has(f"software.{change}.title"):
            return step
        title, text = f"software.{change}.title", f"software.{step.code}"
        text = text if texts.has(text) else f"software.{change}.text"
        values["software"] = software_name(software, texts)
    return step.model_copy(
        update={"title": texts.text(title, values), "text": texts.text(text, values)}
    )


def phrase_step(step: Step, lang: Lang, zone: tzinfo = UTC) -> Step:
    """One step in `lang`, without the Report that it belongs to."""
    return _step(step, {}, catalogue(lang), zone)


def phrase_fix(fix: Fix, report: Report, lang: Lang, zone: tzinfo = UTC) -> Fix:
    """A fix that was made for this Report (`remedies.fix_with`), with its words in `lang`."""
    texts = catalogue(lang)
    shared = _shared_values(report, texts)
    return fix.model_copy(
        update={"steps": tuple(_step(one, shared, texts, zone) for one in fix.steps)}
    )


def phrase_guess(report: Report, lang: Lang) -> str:
    """Why the steps are for this software, as a sentence; empty when they are for no guessed one."""
    guess, fix = report.software, report.fix
    if guess is None or fix is None or all(one.software != guess.code for one in fix.steps):
        return ""
    texts = catalogue(lang)
    key = f"software.guess.{guess.evidence.get('sign')}"
    if not texts.has(key):
        return ""
    value = _cut(guess.evidence.get("value"))
    return texts.text(key, software=software_name(guess.code, texts), value=value)


def software_name(code: str, texts: Catalogue) -> str:
    """What people call a server software or client platform; an unknown one is named by its code."""
    key = f"software.{code}.name"
    return texts.text(key) if texts.has(key) else code


def _shared_values(report: Report, texts: Catalogue) -> dict[str, object]:
    return {
        "host": report.target.host,
        "port": report.target.port,
        **_noticing(report, texts, _CLIENTS_SHOWN),
    }


def _noticing(report: Report, texts: Catalogue, most: int) -> dict[str, object]:
    failing = [one for one in report.clients if one.outcome == "fails"]
    working = [one for one in report.clients if one.outcome == "works"]
    return {
        "failing": _client_list(failing, texts, most),
        "working": _client_list(working, texts, most),
    }


def _client_list(clients: Sequence[ClientPrediction], texts: Catalogue, most: int) -> str:
    told = [one for one in clients if one.client not in TOOLS]
    names, more = short_list(told, texts, most)
    if more:
        names.append(texts.text("client.others", n=more))
    return format_list(names, locale=texts.lang) if names else "—"


class _Values(dict[str, object]):
    """Evidence that is not there reads as a dash: an old result has fewer fields than a new text."""

    def __missing__(self, key: str) -> str:
        return "—"


def _values(finding: Finding, texts: Catalogue, zone: tzinfo) -> dict[str, object]:
    evidence = finding.evidence
    values = _readable(evidence, texts, zone)
    values["addresses"] = ", ".join(finding.addresses) or "—"
    names = [str(one) for one in _list(evidence.get("names"))]
    if names:
        total = evidence.get("names_in_all")
        shown = names[:_NAMES_SHOWN]
        more = (total if isinstance(total, int) else len(names)) - len(shown)
        values["names"] = format_list(
            [*shown, texts.text("cause.others", n=more)] if more > 0 else shown, locale=texts.lang
        )
    for name, listed in (("accepted", "accepted_cas"), ("default_names", "default_names")):
        several = [_cut(one) for one in _list(evidence.get(listed))[:_NAMES_SHOWN]]
        if several:
            values[name] = format_list(several, locale=texts.lang)
    fault = f"revocation.fault.{evidence.get('fault')}"
    if texts.has(fault):
        values["error"] = texts.text(fault, _Values(values))
    fetches = [one for one in _list(evidence.get("fetches")) if isinstance(one, dict)]
    found = next((one for one in fetches if one.get("found")), fetches[0] if fetches else {})
    values["url"] = _cut(found.get("url"))
    values["fetch_error"] = _cut(found.get("error"))
    odd_cause = evidence.get("odd_cause")
    if odd_cause:
        key = f"cause.{odd_cause}.title"
        values["odd_title"] = texts.text(key) if texts.has(key) else str(odd_cause)
    return values


def _readable(
    evidence: Mapping[str, JsonValue], texts: Catalogue, zone: tzinfo
) -> dict[str, object]:
    values: dict[str, object] = _Values()
    for name, value in evidence.items():
        if name in _MOMENTS and isinstance(value, str):
            values[name] = _moment(value, zone)
        elif name == "banner" and isinstance(value, str):
            values[name] = _cut(next(iter(value.splitlines()), ""))
        elif isinstance(value, str | int):
            values[name] = _cut(value)
        elif value is None:
            values[name] = "—"
    seconds = evidence.get("seconds")
    # What stands in a store may be anything; Python counts time up to 10 000 years.
    if isinstance(seconds, int) and abs(seconds) < timedelta.max.total_seconds():
        values["period"] = period(timedelta(seconds=seconds), texts.lang)
    return values


def period(length: timedelta, lang: Lang) -> str:
    """A length of time in words: "3 days", "14 hours"."""
    days = length >= timedelta(days=2)
    text = format_timedelta(
        timedelta(days=length.days) if days else length,
        granularity="day" if days else "minute",
        threshold=10_000 if days else 1.5,
        locale=lang,
    )
    return text.replace(" ", "") if lang == "ja" else text


def _moment(text: str, zone: tzinfo) -> str:
    try:
        return moment_text(datetime.fromisoformat(text).astimezone(UTC), zone)
    except (ValueError, OverflowError):
        return _cut(text)


def _shorter(name: str, value: object, most: int) -> object:
    if name in _MOMENTS and (date := _DATE.match(str(value))):
        return date[0]
    return value if name == "period" else _cut(value, most)


def _cut(value: Any, most: int = _LONGEST_FOREIGN) -> str:
    text = "—" if value is None else str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_Variants = Callable[[Mapping[str, JsonValue]], tuple[str, ...]]


def _no_variant(_evidence: Mapping[str, JsonValue]) -> tuple[str, ...]:
    return ()


def _unless(name: str, variant: str) -> _Variants:
    return lambda evidence: () if evidence.get(name) else (variant,)


def _when(name: str, variant: str) -> _Variants:
    return lambda evidence: (variant,) if evidence.get(name) else ()


def _gap(evidence: Mapping[str, JsonValue]) -> tuple[str, ...]:
    return () if evidence.get("proven") else (str(evidence.get("fetching")), "unproven")


def _silence(evidence: Mapping[str, JsonValue]) -> tuple[str, ...]:
    if evidence.get("how") == "no_route":
        return ("no_route",)
    return ("silent",) if evidence.get("connected") else ()


def _names(evidence: Mapping[str, JsonValue]) -> tuple[str, ...]:
    if evidence.get("final_dot"):
        return ("final_dot",)
    if evidence.get("common_name_matches"):
        return ("common_name",)
    if evidence.get("names"):
        return ("default",) if evidence.get("default") else ()
    return ("no_names",)


def _lookup(evidence: Mapping[str, JsonValue]) -> tuple[str, ...]:
    by_proxy: tuple[str, ...] = ()
    if evidence.get("via"):
        which = "proxy_inside" if evidence.get("proxy_resolves") else "proxy_could"
        by_proxy = (which, "by_proxy")
    how = evidence.get("how")
    if how == "nxdomain":
        return by_proxy
    return (*by_proxy, "no_address" if how == "no_address" else "unanswered")


def _rule(evidence: Mapping[str, JsonValue]) -> tuple[str, ...]:
    rule = evidence.get("rule")
    return (str(rule),) if rule else ()


def _refusal(evidence: Mapping[str, JsonValue]) -> tuple[str, ...]:
    how = str(evidence.get("how"))
    return (f"{how}_named", "named", how) if evidence.get("accepted_cas") else (how,)


def _revoked(evidence: Mapping[str, JsonValue]) -> tuple[str, ...]:
    how = str(evidence.get("how"))
    return (
        (f"intermediate_{how}", "intermediate")
        if evidence.get("rule") == "intermediate"
        else (how,)
    )


def _hanging_up(evidence: Mapping[str, JsonValue]) -> tuple[str, ...]:
    if evidence.get("how") == "large_hello":
        if evidence.get("only_size"):
            return ("large_hello",)
        known = "new_hello" if evidence.get("only_size") is False else "unproven_hello"
        return (known, "new_hello", "large_hello")
    return ("by_name",) if evidence.get("by_name") else ()


_VARIANTS: dict[Cause, _Variants] = {
    Cause.MISSING_INTERMEDIATE: _gap,
    Cause.WRONG_INTERMEDIATE: _unless("proven", "unproven"),
    Cause.TIMEOUT: _silence,
    Cause.HOSTNAME_MISMATCH: _names,
    Cause.EGRESS_DENIED: _when("is_address", "itself"),
    Cause.DNS_FAILURE: _lookup,
    Cause.UNTRUSTED_ROOT: lambda evidence: (
        _rule(evidence)
        or _when("left", "removed")(evidence)
        or (*_when("via", "via")(evidence), *_unless("certain", "uncertain")(evidence))
    ),
    Cause.PLAINTEXT_ON_TLS_PORT: _unless("protocol", "unknown"),
    Cause.PROTOCOL_VERSION: _unless("version", "unknown"),
    Cause.NO_SHARED_CIPHER: _unless("everyone", "some"),
    Cause.CLIENT_CERTIFICATE_REQUIRED: _refusal,
    Cause.HANDSHAKE_FAILURE: _rule,
    Cause.CONNECTION_RESET: _hanging_up,
    Cause.REVOKED: _revoked,
    Cause.CLOCK_SKEW: _when("at_least", "at_least"),
    Cause.OCSP_PROBLEM: lambda evidence: (str(evidence.get("problem")),),
    Cause.SNI_UNRECOGNIZED: _when("default_names", "served_without"),
    Cause.DH_KEY_TOO_SMALL: _unless("bits", "unknown"),
    Cause.BACKENDS_DIFFER: _when("down", "down"),
    Cause.INVALID_CHAIN: _rule,
    Cause.EXTRA_CERTIFICATES: _rule,
    Cause.EXPIRED_INTERMEDIATE: _rule,
    Cause.EXPIRED_ROOT_OR_CROSS_SIGN: _rule,
    Cause.CERTIFICATE_NOT_TLS: _rule,
    Cause.INTERCEPTION_PROXY: lambda evidence: (*_when("via", "via")(evidence), *_rule(evidence)),
    Cause.WEAK_SIGNATURE_OR_KEY: lambda evidence: (str(evidence.get("weak")),),
    Cause.WRONG_CHAIN_ORDER: lambda evidence: (
        ("leaf",) if evidence.get("leaf_first") is False else ()
    ),
}
