"""A Report on a terminal."""

import io
import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import (
    ChainCertificate,
    ClientPrediction,
    Endpoint,
    Finding,
    Fix,
    PathCertificate,
    Report,
    Step,
    Target,
    Verification,
)
from bot.render.terminal import render_report, render_row, render_tally
from bot.texts.catalogue import LANGS, Lang
from tests.render.reports import reports

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
LEAF = ChainCertificate(
    subject="CN=shop.example.jp,O=Shop\\, Inc.,C=JP",
    issuer="CN=Fuji Site CA,C=JP",
    not_before=NOW - timedelta(days=50),
    not_after=NOW + timedelta(days=41, hours=3),
    sha256="aa",
    serial="1",
    role="leaf",
)
PROOF = "openssl s_client -connect shop.example.jp:443 -servername shop.example.jp -showcerts </dev/null"
MISSING = Report(
    id="1",
    target=Target(input="shop.example.jp", host="shop.example.jp"),
    checked_at=NOW,
    duration_ms=84,
    vantage="here",
    verdict="broken",
    cause=Cause.MISSING_INTERMEDIATE,
    summary="The server sends only its own certificate.",
    verify=Verification(code=21, message="unable to verify the first certificate"),
    findings=(
        Finding(
            code=Cause.MISSING_INTERMEDIATE,
            severity="critical",
            title="The server does not send its intermediate certificate",
            evidence={"missing": "Fuji Site CA"},
        ),
        Finding(code=Cause.EXPIRING_SOON, severity="warning", title="It expires soon"),
    ),
    endpoints=(
        Endpoint(
            address="203.0.113.7",
            port=443,
            reachable=True,
            tls_version="TLSv1.3",
            verify=Verification(code=21, message="unable to verify the first certificate"),
            chain=(LEAF,),
        ),
    ),
    path=(
        PathCertificate(subject=LEAF.subject, sha256="aa", source="server"),
        PathCertificate(subject="CN=Fuji Site CA,C=JP", sha256="bb", source="aia"),
        PathCertificate(subject="CN=Fuji Root,C=JP", sha256="cc", source="roots"),
    ),
    clients=(
        ClientPrediction(
            client="curl", label="curl", outcome="fails", error="unable to get", reason_code="a"
        ),
        ClientPrediction(client="chrome", label="Chrome", outcome="works", reason_code="b"),
    ),
    fix=Fix(
        owner="server",
        steps=(Step(code="prove", title="Prove it", command=PROOF),),
        fullchain_pem="PEM",
        proven=True,
    ),
)


def _plain(report: Report, lang: Lang = "en", width: int = 80, *, verbose: bool = False) -> str:
    lines = render_report(report, lang, width=width, save_command="save it", verbose=verbose)
    return "\n".join(line.plain for line in lines)


def test_missing_intermediate_reads_like_the_incident() -> None:
    """Mark and word, the drawing with what was not sent, who fails, the proof in one piece."""
    text = _plain(MISSING)
    assert text.startswith("✗ BROKEN  shop.example.jp — The server does not send")
    assert re.search(r"^  shop\.example\.jp +✓ sent, 41 days left$", text, re.MULTILINE)
    assert re.search(r"^  └ Fuji Site CA +✗ NOT SENT", text, re.MULTILINE)
    assert re.search(r"^    └ Fuji Root +✓ trusted$", text, re.MULTILINE)
    assert re.search(r"^  ✗ fails +curl$", text, re.MULTILINE)
    assert re.search(r"^  ✓ works +Chrome$", text, re.MULTILINE)
    assert "\nopenssl verify: 21 (unable to verify the first certificate)\n" in text
    assert PROOF in text
    assert "verified (return code 0). Save it:\n       save it\n" in text
    assert "  ! It expires soon" in text


def test_japanese() -> None:
    """The words around the facts are Japanese, and the columns still line up."""
    text = _plain(MISSING, "ja")
    assert text.startswith("✗ 障害  shop.example.jp — ")
    assert "送信なし" in text
    assert "残り 41 日" in text
    columns = {
        cell_len(line[: line.index(mark)])
        for line in text.splitlines()
        for mark in "✓✗"
        if "送信" in line and mark in line
    }
    assert len(columns) == 1


def test_evidence_is_for_those_who_ask() -> None:
    """The evidence is shown with --verbose."""
    assert "missing: Fuji Site CA" not in _plain(MISSING)
    assert "missing: Fuji Site CA" in _plain(MISSING, verbose=True)


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (-50, -3, "✗ sent, EXPIRED 3 days ago"),
        (-50, -0.5, "✗ sent, EXPIRED less than a day ago"),
        (-50, 0.5, "! sent, less than a day left"),
        (-50, 1.5, "✓ sent, 1 day left"),
        (2, 50, "✗ sent, NOT VALID before 2026-11-25 18:00 UTC"),
    ],
)
def test_dates_in_the_drawing(begin: float, end: float, words: str) -> None:
    """Each certificate says how it stands in time, without a trusted path, too."""
    leaf = LEAF.model_copy(
        update={"not_before": NOW + timedelta(days=begin), "not_after": NOW + timedelta(days=end)}
    )
    endpoint = MISSING.endpoints[0].model_copy(update={"chain": (leaf,)})
    text = _plain(MISSING.model_copy(update={"path": None, "endpoints": (endpoint,)}), width=100)
    assert "no trusted path was found" in text
    assert words in text


def test_unicode_name_is_shown_beside_the_ascii_one() -> None:
    """Nobody has to decode xn-- by hand, and look-alikes cannot hide behind it."""
    target = Target(input="日本語.jp", host="xn--wgv71a119e.jp", port=8443)
    text = _plain(MISSING.model_copy(update={"target": target}))
    assert "xn--wgv71a119e.jp:8443 (日本語.jp) — " in text


def test_row() -> None:
    """A line of a list is aligned, and cut only to a terminal's width."""
    line = render_row(MISSING, "en", host_width=20).plain
    assert line == (
        "✗ BROKEN       shop.example.jp         41 days  "
        "The server does not send its intermediate certificate"
    )
    assert cell_len(render_row(MISSING, "en", host_width=20, width=80).plain) <= 80


def test_tally() -> None:
    """The last line of a list counts the verdicts."""
    assert render_tally([MISSING, MISSING], "en") == (
        "2 targets: 0 OK, 0 WARNING, 2 BROKEN, 0 UNREACHABLE"
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports, st.sampled_from(LANGS), st.sampled_from([40, 60, 80, 200]), st.booleans())
def test_any_report(report: Report, lang: Lang, width: int, verbose: bool) -> None:
    """Whatever a Report holds: no control character gets out, and only commands are wide."""
    lines = render_report(
        report, lang, width=width, save_command="s", allow_command="a", verbose=verbose
    )
    lines += [render_row(report, lang, host_width=30, width=width)]
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, color_system="truecolor", emoji=False)
    for line in lines:
        plain = line.plain
        assert not {unicodedata.category(c) for c in plain} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        if line.style != "cyan" and not plain.startswith("openssl verify: "):
            assert cell_len(plain) <= width
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    output = re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue())
    assert "\x1b" not in output


def test_mark_of_an_address_says_whether_all_is_well_there() -> None:
    """An address that answers with a chain that fails has no ✓; neither has a broken handshake."""
    good, bad = Verification(code=0, message="ok"), Verification(code=20, message="no issuer")
    where = {"port": 443, "reachable": True}
    shown = _plain(
        MISSING.model_copy(
            update={
                "endpoints": (
                    Endpoint(address="203.0.113.1", verify=good, **where),
                    Endpoint(address="203.0.113.2", verify=bad, **where),
                    Endpoint(address="203.0.113.3", error="reset", **where),
                )
            }
        )
    )
    marks = re.findall(r"^  (.) 203\.0\.113\.\d:443", shown, re.MULTILINE)
    assert marks == ["✓", "✗", "✗"]


def test_place_is_named_only_when_it_has_a_name() -> None:
    """Nobody needs to read that a check ran "here"; a named vantage is told."""
    assert re.search(r"^checked \S+ \S+ UTC in 84 ms$", _plain(MISSING), re.MULTILINE)
    named = MISSING.model_copy(update={"vantage": "tokyo-1"})
    assert re.search(r"UTC from tokyo-1 in 84 ms$", _plain(named), re.MULTILINE)
