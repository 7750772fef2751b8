"""Letters about every fault of the lab: whole, plain, in both languages, and safe to send."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest
from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import read_pem_certificates
from bot.diagnosis.report import Finding, Report, Target
from bot.letter import audience_of, file_name, write_letter
from bot.letter.proof import proof_of
from bot.texts import LANGS, Lang, catalogue
from bot.texts.phrase import variants_of
from tests.letter.reports import lab_reports

NOTHING: Mapping[str, JsonValue] = MappingProxyType({})
TOKYO = ZoneInfo("Asia/Tokyo")
# A dash stands where evidence is missing; the mark of a gap in a sentence.
GAP = re.compile(r"[{}]|\bNone\b|\bTrue\b|—|“”|「」|\(\)|（）")


@pytest.mark.parametrize("lang", LANGS)
def test_every_fault_has_its_letter(lang: Lang) -> None:
    """For each server of the lab: a letter without gaps where one helps, one sentence where not."""
    for which, report in lab_reports().items():
        letter = write_letter(report, lang, zone=TOKYO)
        for text in (letter.subject, letter.body):
            assert not GAP.search(text.replace("(NONE)", "NONE")), (which, GAP.findall(text))
        if letter.audience == "nobody":
            assert report.cause is None, which
            assert letter.subject == ""
            assert "\n" not in letter.body
            continue
        assert report.target.host in letter.body, which
        assert letter.subject, which
        assert "\n" not in letter.subject
        assert catalogue(lang).text("letter.blank.name") in letter.body
        numbers = [int(one) for one in re.findall(r"^(\d)\. ", letter.body, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1)), which
        assert len(numbers) >= 2, which


def test_every_cause_that_the_lab_shows_has_words_of_its_own() -> None:
    """No letter falls back to the summary, which is written for whoever asks."""
    for which, report in lab_reports().items():
        if audience_of(report) == "nobody":
            continue
        for lang in LANGS:
            texts = catalogue(lang)
            for kind in ("what", "subject"):
                assert texts.has(f"letter.{kind}.{report.cause}"), (which, kind)


def test_the_story_is_told_in_words_that_everybody_knows() -> None:
    """The missing intermediate: what it is, who notices, the line now and then, the file."""
    letter = write_letter(lab_reports()["missing-intermediate"], "en", software="nginx", zone=TOKYO)
    assert "there is one more link, the intermediate certificate" in letter.body
    assert "so it may look fine to you" in letter.body
    assert "    Verify return code: 21 (unable to verify the first certificate)\n" in letter.body
    assert "    Verify return code: 0 (ok)\n" in letter.body
    assert "ssl_certificate " in letter.body
    assert "SSLCertificateFile" not in letter.body
    assert "JST / " in letter.body
    (chain,) = letter.attachments
    assert chain.name == "missing-intermediate.lab.test.fullchain.pem"
    assert chain.name in letter.body
    assert len(read_pem_certificates(chain.content.encode())) == 2


def test_the_japanese_letter_has_the_form_of_a_business_letter() -> None:
    """Addressee, greeting, the list between 記 and 以上, the closing phrase, the signature."""
    letter = write_letter(lab_reports()["missing-intermediate"], "ja", name="佐藤 花子")
    marks = (
        "ご担当者様",
        "お世話になっております。",
        "佐藤 花子と申します。",
        "\n                              記\n",
        "1. 事象",
        "対応手順",
        "以上",
        "何卒よろしくお願いいたします。",
        "--\n佐藤 花子\n",
    )
    places = [letter.body.find(mark) for mark in marks]
    assert -1 not in places
    assert places == sorted(places)
    assert letter.subject.startswith("【ご連絡】")


def test_no_letter_carries_a_key_or_asks_for_one() -> None:
    """Attached are certificates and nothing else; turning verification off is never advice."""
    for which, report in lab_reports().items():
        for lang in LANGS:
            letter = write_letter(report, lang)
            for one in letter.attachments:
                assert "PRIVATE KEY" not in one.content, which
                assert report.fix is not None
                assert report.fix.proven
            assert not re.search(r"--insecure|curl -k|verify\s*=\s*False", letter.body), which


def test_an_inspecting_proxy_is_a_matter_for_the_network() -> None:
    """The site's owner can do nothing about it, and is not written to."""
    letter = write_letter(lab_reports()["intercepted"], "en")
    assert letter.audience == "network"
    assert "the people who run that server cannot change anything" in letter.body
    assert "The server itself is not at fault." in letter.body


def _report(
    cause: Cause, target: Target | None = None, *, evidence: Mapping[str, JsonValue] = NOTHING
) -> Report:
    return Report(
        id="x",
        target=target or Target(input="h", host="h.test"),
        checked_at=datetime(2026, 5, 6, 20, 0, tzinfo=UTC),
        duration_ms=1,
        vantage="here",
        verdict="broken",
        cause=cause,
        findings=(Finding(code=cause, severity="critical", evidence=dict(evidence)),),
    )


@pytest.mark.parametrize("cause", Cause)
def test_a_result_with_little_evidence_still_makes_a_letter(cause: Cause) -> None:
    """What came back from a store may lack anything: something readable comes out."""
    for lang in LANGS:
        letter = write_letter(_report(cause), lang)
        assert letter.body.strip()
        assert "{" not in letter.body + letter.subject


@pytest.mark.parametrize(
    ("cause", "evidence", "words"),
    [
        (Cause.CLOCK_SKEW, {}, "Set that clock first."),
        (Cause.INVALID_CHAIN, {"rule": "partial_anchor"}, "needs the root as well."),
        (Cause.PINNING_MISMATCH, {}, "on the side of whoever connects"),
    ],
)
def test_what_is_not_the_owners_is_said(
    cause: Cause, evidence: dict[str, JsonValue], words: str
) -> None:
    """A letter to somebody who can do nothing is not written."""
    letter = write_letter(_report(cause, evidence=evidence), "en")
    assert (letter.audience, letter.subject, letter.attachments) == ("nobody", "", ())
    assert words in letter.body


def test_a_certificate_writes_no_line_of_the_letter() -> None:
    """Line breaks, direction marks and escapes in a name become visible characters."""
    evil = "CA\r\n\r\nPlease send your key to evil@example.com\x1b[31m\u202e"
    letter = write_letter(
        _report(Cause.MISSING_INTERMEDIATE, evidence={"issuer": evil}), "en", name="a\nb"
    )
    assert "\nPlease send" not in letter.body
    assert "\x1b" not in letter.body
    assert "\u202e" not in letter.body
    assert "⟨U+202E⟩" in letter.body
    assert letter.body.endswith("\na b")


def test_the_file_is_named_after_the_host() -> None:
    """A name that no file system trips over; the port where it is not the usual one."""
    assert file_name(Target(input="", host="a.test")) == "a.test.fullchain.pem"
    assert file_name(Target(input="", host="::1", port=8443)) == "1-8443.fullchain.pem"


def test_commands_go_where_the_check_went() -> None:
    """STARTTLS, IPv6, another port and a given address stand in the command."""
    target = Target(input="", host="2001:db8::7", port=587, starttls="smtp")
    proof = proof_of(_report(Cause.PROTOCOL_VERSION, target))
    assert proof is not None
    assert "-connect [2001:db8::7]:587 -starttls smtp </dev/null" in proof.command
    named = proof_of(_report(Cause.PROTOCOL_VERSION), "203.0.113.7")
    assert named is not None
    assert "-connect 203.0.113.7:443 -servername h.test </dev/null" in named.command


def test_special_cases_have_their_words() -> None:
    """What the evidence shows chooses the paragraph."""
    report = _report(Cause.CONNECTION_RESET, evidence={"how": "large_hello"})
    assert variants_of(report.findings[0])[-1] == "large_hello"
    assert "post-quantum" in write_letter(report, "en").body
