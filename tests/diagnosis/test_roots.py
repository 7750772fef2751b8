"""When roots entered and left Mozilla's list, and what follows for clients with old lists."""

from datetime import UTC, date, datetime
from pathlib import Path

import certifi
import pytest

from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import read_pem_certificates
from bot.diagnosis.clients import predict
from bot.diagnosis.clients.evaluate import Anchor
from bot.diagnosis.report import Finding, Report, Target
from bot.diagnosis.roots import Membership, membership_of, removed_root
from bot.texts import phrase_report

ISRG_X1 = "96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6"
DST_X3 = "0687260331a72403d909f105e69bcf0d32e1bd2493ffc6d9206d11bcd6770739"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
TARGET = Target(input="h.example", host="h.example")


def test_a_root_is_known_with_its_dates() -> None:
    """ISRG Root X1 came in 2016 and is there, DST Root CA X3 left after the October of 2021."""
    entered = membership_of(ISRG_X1)
    assert entered is not None
    assert (entered.name, entered.left) == ("ISRG Root X1", None)
    assert entered.after == date(2016, 2, 28)
    assert entered.entered == date(2016, 9, 26)
    gone = membership_of(DST_X3)
    assert gone is not None
    assert (gone.after, gone.last, gone.left) == (None, date(2021, 10, 8), date(2022, 6, 15))


def test_no_trusted_root_is_called_removed() -> None:
    """What the bundle of today holds has not left the list."""
    held = read_pem_certificates(Path(certifi.where()).read_bytes())
    assert [one.subject_name for one in held if removed_root(one.sha256, "")] == []
    assert sum(membership_of(one.sha256) is not None for one in held) > 0.9 * len(held)


def test_a_removed_root_is_found_by_its_name() -> None:
    """A root that was not sent is found by the issuer's name, unless another is called so."""
    found = removed_root(None, "DST Root CA X3")
    assert found is not None
    assert found.left == date(2022, 6, 15)
    # Two certificates of this name, one of which is on the list.
    assert removed_root(None, "GTS Root R1") is None
    assert removed_root("00" * 32, "DST Root CA X3") is None


def outcomes(membership: Membership | None, *, bridged: bool = False) -> dict[str, tuple[str, str]]:
    """Outcome and reason of the clients that do not simply work."""
    anchor = Anchor(membership, bridged) if membership else None
    found = predict((), TARGET, NOW, anchor)
    return {
        one.client: (one.outcome, one.reason_code) for one in found if one.reason_code != "fine"
    }


@pytest.mark.parametrize(
    ("bridged", "android"),
    [
        pytest.param(False, ("fails", "root_is_too_young"), id="alone"),
        pytest.param(True, ("depends", "cross_sign_only"), id="cross-signed"),
    ],
)
def test_old_lists_lack_young_roots(bridged: bool, android: tuple[str, str]) -> None:
    """A root of 2016 is unknown to Android 7.0, and to images with OpenSSL 1.0.2 of 2015."""
    assert outcomes(membership_of(ISRG_X1), bridged=bridged) == {
        "android-7": android,
        "openssl-1.0.2": ("depends", "root_is_younger"),
    }


def test_old_lists_have_old_roots() -> None:
    """A root that was always there, or that nobody knows, changes nothing."""
    assert outcomes(membership_of(DST_X3)) == {}
    assert outcomes(None) == {}


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_removed_root_is_said_with_its_date(lang: str) -> None:
    """The summary says when the root left the list."""
    finding = Finding(
        code=Cause.UNTRUSTED_ROOT,
        severity="critical",
        evidence={
            "root": "DST Root CA X3",
            "certain": True,
            "last_release": "2021-10-08",
            "left": "2022-06-15",
        },
    )
    report = Report(
        id="0" * 32,
        target=TARGET,
        checked_at=NOW,
        duration_ms=1,
        vantage="here",
        verdict="broken",
        cause=finding.code,
        findings=(finding,),
        clients=predict((finding,), TARGET, NOW),
    )
    said = phrase_report(report, lang)  # type: ignore[arg-type] # one of the two languages
    assert "2022-06-15" in said.summary
    assert "2021-10-08" in said.findings[0].detail
