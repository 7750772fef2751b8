"""Reports in words: of the whole lab, and of evidence that is odd, hostile or missing."""

import asyncio
import functools
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.demo.lab import SCENARIOS
from bot.diagnosis.causes import Cause
from bot.diagnosis.report import (
    ClientPrediction,
    Finding,
    Fix,
    Report,
    Step,
    Target,
)
from bot.texts import LANGS, Lang, period, phrase_report
from bot.texts.phrase import LONGEST_SUMMARY
from tests.diagnosis.test_lab import reports_of

NOW = datetime(2026, 5, 6, tzinfo=UTC)


@functools.cache
def lab_reports() -> dict[str, Report]:
    """The Report of every scenario, made once."""
    return asyncio.run(reports_of(list(SCENARIOS)))


@pytest.mark.parametrize("lang", LANGS)
def test_every_server_of_the_lab_is_put_into_words(lang: Lang) -> None:
    """Sentences are short, whole and without gaps, for each fault that the lab has."""
    for which, report in lab_reports().items():
        said = phrase_report(report, lang, ZoneInfo("America/New_York"))
        assert said.summary, which
        assert len(said.summary) <= LONGEST_SUMMARY, (which, len(said.summary), said.summary)
        texts = [said.summary]
        for finding in said.findings:
            assert finding.title, which
            texts.extend((finding.title, finding.detail))
        for client in said.clients:
            assert client.reason, which
            texts.append(client.reason)
        for step in said.fix.steps if said.fix else ():
            assert step.title, (which, step.code)
            texts.extend((step.title, step.text))
        for text in texts:
            assert not re.search(r"[{}]|\bNone\b|\bTrue\b", text), (which, text)
            assert not re.search(r"—|“”|「」|\(\)|（）|\s{2}|\s[.,;:]", text), (which, text)
            assert (
                text.endswith((".", "。", ")", "）", ":", "："))
                or " " not in text
                or len(text) < 80
            )


def test_a_long_summary_loses_no_sentence() -> None:
    """With the longest host and foreign names a summary is whole: its values are cut, not it."""
    report = lab_reports()["missing-intermediate"]
    host = ".".join(["a" * 60] * 4)
    finding = report.findings[0]
    finding = finding.model_copy(update={"evidence": {**finding.evidence, "issuer": "CA " * 100}})
    report = report.model_copy(
        update={
            "target": report.target.model_copy(update={"host": host}),
            "findings": (finding, *report.findings[1:]),
        }
    )
    for lang in LANGS:
        summary = phrase_report(report, lang).summary
        assert len(summary) <= LONGEST_SUMMARY
        assert summary.endswith((".", "。"))
        assert "curl" in summary
        assert "…" in summary


def test_the_languages_differ_in_words_only() -> None:
    """Codes, evidence and commands are the same for every reader."""
    for report in lab_reports().values():
        english, japanese = (phrase_report(report, lang) for lang in LANGS)
        assert english.summary != japanese.summary
        assert [one.evidence for one in english.findings] == [
            one.evidence for one in japanese.findings
        ]
        if report.fix is not None:
            assert english.fix is not None
            assert japanese.fix is not None
            commands = [one.command for one in report.fix.steps]
            assert [one.command for one in english.fix.steps] == commands
            assert [one.command for one in japanese.fix.steps] == commands


def test_the_report_itself_stays_without_words() -> None:
    """What is cached serves readers of every language: phrasing makes another Report."""
    report = lab_reports()["missing-intermediate"]
    assert phrase_report(report, "en").summary
    assert report.summary == ""
    assert all(one.title == "" for one in report.findings)
    assert phrase_report(phrase_report(report, "ja"), "en") == phrase_report(report, "en")


@pytest.mark.parametrize(
    ("length", "english", "japanese"),
    [
        (timedelta(minutes=5), "5 minutes", "5分"),
        (timedelta(hours=1), "60 minutes", "60分"),
        (timedelta(hours=2), "2 hours", "2時間"),
        (timedelta(hours=14), "14 hours", "14時間"),
        (timedelta(days=1), "24 hours", "24時間"),
        (timedelta(days=2, hours=3), "2 days", "2日"),
        (timedelta(days=90), "90 days", "90日"),
        (timedelta(days=900), "900 days", "900日"),
    ],
)
def test_periods(length: timedelta, english: str, japanese: str) -> None:
    """Lengths of time read as people say them."""
    assert period(length, "en") == english
    assert period(length, "ja") == japanese


JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["{host}", "{0.__class__}", "%s", "2026-01-01T00:00:00+00:00", "\u202e"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
KEYS = st.sampled_from(
    [
        *("seconds", "not_after", "not_before", "names", "names_in_all", "fetches", "fetching"),
        *("count", "proven", "how", "banner", "odd_cause", "issuer", "root", "host", "port"),
        *("error", "connected", "common_name_matches", "certain", "protocol", "version", "down"),
        *("everyone", "url", "found", "n", "failing", "name", "self", "key"),
    ]
)
EVIDENCE = st.dictionaries(KEYS, JSON, max_size=8)


def report_with(cause: Cause, evidence: dict[str, JsonValue], code: str = "renew") -> Report:
    """A Report with one finding, as it might come back from a store that others write to."""
    return Report(
        id="x",
        target=Target(input="h", host="h.test"),
        checked_at=NOW,
        duration_ms=1,
        vantage="here",
        verdict="broken",
        cause=cause,
        findings=(Finding(code=cause, severity="critical", evidence=evidence),),
        clients=(
            ClientPrediction(
                client=code, label="L", outcome="fails", reason_code=code, values=evidence
            ),
        ),
        fix=Fix(owner="server", steps=(Step(code=code, values=evidence),)),
    )


@settings(max_examples=400)
@given(st.sampled_from(Cause), EVIDENCE, st.sampled_from(["renew", "renew_in_time", "", "x.y"]))
@example(Cause.EXPIRED, {"seconds": 10**15}, "renew")
@example(Cause.EXPIRED, {"seconds": -(10**30)}, "renew")
@example(Cause.EXPIRED, {"not_after": "0001-01-01T00:00:00+23:59"}, "renew")
@example(Cause.EXPIRED, {"not_after": "9999-12-31T23:59:59-23:59"}, "renew")
@example(Cause.MISSING_INTERMEDIATE, {"proven": True, "count": 10**40}, "renew")
@example(Cause.HOSTNAME_MISMATCH, {"names": [None, {}, "a"], "names_in_all": -1}, "renew")
def test_no_evidence_makes_it_raise(
    cause: Cause, evidence: dict[str, JsonValue], code: str
) -> None:
    """Whatever stands in a stored result, a sentence comes out, of a readable length."""
    report = report_with(cause, evidence, code)
    for lang in LANGS:
        said = phrase_report(report, lang)
        assert said.summary
        assert said.findings[0].title
        assert len(said.summary) <= LONGEST_SUMMARY


@pytest.mark.parametrize("cause", Cause)
def test_a_result_without_evidence_still_reads(cause: Cause) -> None:
    """An older result has fewer fields than a newer text asks for: a dash stands there."""
    for lang in LANGS:
        said = phrase_report(report_with(cause, {}), lang)
        assert "{" not in said.summary
        assert said.findings[0].detail


@pytest.mark.parametrize(
    ("is_address", "summary"),
    [
        (True, "h is an internal or special address that this bot may not connect to."),
        (
            False,
            "h leads to an internal or special address (10.0.0.5) that this bot may not connect to.",
        ),
    ],
)
def test_a_refused_address_does_not_lead_to_itself(is_address: bool, summary: str) -> None:
    """A name leads to an address; an address is one."""
    finding = Finding(
        code=Cause.EGRESS_DENIED,
        severity="critical",
        addresses=("10.0.0.5",),
        evidence={"is_address": is_address},
    )
    report = Report(
        id="1",
        target=Target(input="h", host="h"),
        checked_at=NOW,
        duration_ms=1,
        vantage="here",
        verdict="unreachable",
        cause=Cause.EGRESS_DENIED,
        findings=(finding,),
    )
    assert phrase_report(report, "en").summary == summary
