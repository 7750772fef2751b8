"""Comparisons as a table: what places saw, and the difference that is named as the cause."""

from typing import Any

import pytest

from bot.compare import Comparison, DifferenceCode, Seen
from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.report import Report
from bot.texts.catalogue import LANGS, Lang
from bot.texts.comparison import decide_options, phrase_comparison
from tests.compare.cases import (
    CASES,
    ELSEWHERE,
    JAVA_OF_2019,
    Case,
    office,
    osaka,
    tokyo,
)
from tests.compare.samples import (
    NOW,
    OUTSIDE,
    bundle,
    compared,
    presence,
    seen,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_difference_is_the_cause(case: Case) -> None:
    """One difference is named, with who is on which side and what shows it."""
    comparison = compared(*case.places)
    difference = comparison.difference
    assert difference is not None
    assert (difference.code, difference.odd, difference.certain) == (
        case.code,
        case.odd,
        case.certain,
    )
    for name, value in case.evidence.items():
        assert difference.evidence[name] == value, name
    assert tuple(note.code for note in comparison.footnotes) == case.notes
    assert comparison.verdict == case.worst
    assert not comparison.same
    # Who is odd is not usual, and everybody stands in one group.
    assert not set(difference.odd) & set(difference.others)
    names = [name for group in comparison.groups for name in group.vantages]
    assert sorted(names) == sorted(one.vantage for one in comparison.places)
    assert Comparison.model_validate_json(comparison.to_json()) == comparison


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_difference_has_its_words(case: Case, lang: Lang) -> None:
    """A headline that fits, a line for each group, what to do; without a gap in any sentence."""
    said = phrase_comparison(compared(*case.places), lang)
    assert 0 < len(said.headline) <= 200
    assert said.headline.rstrip(".。") not in said.next_steps
    assert said.next_steps
    texts = [said.headline, *said.next_steps, *(one.text for one in said.footnotes)]
    texts += [group.line for group in said.groups]
    # A dash stands for evidence that is not there; only the one of a line is meant.
    assert all("—" not in text.replace(" — ", " ", 1) for text in texts)
    assert "{" not in "".join(texts)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_long_names_are_told_shorter(case: Case, lang: Lang) -> None:
    """Forty places with long names, and long names from outside, still make a headline."""
    comparison = compared(*case.places)
    assert comparison.difference is not None
    long = tuple(f"prod-{number}-{'x' * 50}"[:64] for number in range(40))
    evidence = {
        name: "y" * 300 if isinstance(value, str) and name != "how" else value
        for name, value in comparison.difference.evidence.items()
    }
    grown = comparison.difference.model_copy(
        update={"odd": long, "others": long, "evidence": evidence}
    )
    said = phrase_comparison(comparison.model_copy(update={"difference": grown}), lang)
    assert 0 < len(said.headline) <= 200


def test_only_so_many_are_asked() -> None:
    """Who was left out is named, too."""
    left = [seen(f"p{number}", failure="left_out") for number in range(60)]
    said = phrase_comparison(compared(seen(office()), seen(tokyo()), *left), "en")
    assert said.same
    assert "and 52 more — was not asked" in said.groups[-1].line


@pytest.mark.parametrize(
    "value", [None, [], {}, {"a": [1]}, -1, 2.5, True, "x" * 5000, "\u202e{0}"]
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_whatever_a_place_says(case: Case, value: Any) -> None:
    """What came from elsewhere may hold anything: it is compared and told, and raises nothing."""
    places = []
    for one in case.places:
        place = one if isinstance(one, Seen) else seen(one)
        if place.report is not None:
            findings = tuple(
                finding.model_copy(update={"evidence": dict.fromkeys(finding.evidence, value)})
                for finding in place.report.findings
            )
            strange = place.report.model_copy(update={"findings": findings})
            place = place.model_copy(update={"report": strange})
        places.append(place)
    comparison = compared(*places)
    for lang in LANGS:
        assert len(phrase_comparison(comparison, lang).headline) <= 200
    assert Comparison.model_validate_json(comparison.to_json()) == comparison


@pytest.mark.parametrize("year", [1, 9999])
def test_moments_at_the_ends_of_time(year: int) -> None:
    """A clock may show any year."""
    far = NOW.replace(year=year, month=1 if year == 1 else 12)
    offset = -1e10 if year == 1 else 1e10
    place = seen(tokyo(cause=Cause.REVOKED, at=far), of=presence("prod-tokyo", offset))
    comparison = compared(seen(office()), seen(osaka()), place)
    assert phrase_comparison(comparison, "en").headline


def test_an_uncertain_difference_says_what_would_decide() -> None:
    """The address that only one side was led to is looked at from the other one."""
    case = next(one for one in CASES if one.name == "another public address that does not answer")
    comparison = compared(*case.places)
    assert decide_options(comparison) == f"shop.example.jp --address {ELSEWHERE} --vantage office"
    certain = next(one for one in CASES if one.name == "an old CA bundle")
    assert decide_options(compared(*certain.places)) == ""


@pytest.mark.parametrize(
    ("places", "same", "verdict", "words"),
    [
        ((office(), tokyo(), osaka()), True, "ok", "works the same from 3 places"),
        (
            (office(cause=Cause.EXPIRED), tokyo(cause=Cause.EXPIRED), seen("prod-osaka")),
            True,
            "broken",
            "it is the server, not your network",
        ),
        (
            (office(cause=Cause.CONNECTION_REFUSED), tokyo(cause=Cause.CONNECTION_REFUSED)),
            True,
            "unreachable",
            "Reached from none of 2 places",
        ),
        (
            (office(cause=Cause.EGRESS_DENIED), tokyo(cause=Cause.EGRESS_DENIED)),
            True,
            "unreachable",
            "Nothing is known of the server",
        ),
        ((office(), seen("prod-tokyo")), False, "ok", "Only office answered"),
        ((seen("office"), seen("prod-tokyo", failure="nobody")), False, None, "No place answered"),
        (
            (
                tokyo(machine=(bundle(lacks="ISRG Root X1", year=2019),)),
                osaka(machine=(bundle(lacks="ISRG Root X1", year=2019),)),
            ),
            True,
            "broken",
            "lack ISRG Root X1",
        ),
        (
            (
                tokyo(machine=(JAVA_OF_2019,)),
                osaka(machine=(JAVA_OF_2019,)),
            ),
            True,
            "warning",
            "not for all programs: the server is fine, but Java’s trust store there lacks",
        ),
    ],
)
def test_nothing_differs(
    places: tuple[Report | Seen, ...], same: bool, verdict: Verdict | None, words: str
) -> None:
    """Then the host's own cause stands, and who was silent is named beside it."""
    comparison = compared(*places)
    assert comparison.difference is None
    assert (comparison.same, comparison.verdict) == (same, verdict)
    for lang in LANGS:
        said = phrase_comparison(comparison, lang)
        assert 0 < len(said.headline) <= 200
        assert all(group.line for group in said.groups)
    assert words in phrase_comparison(comparison, "en").headline


def test_places_that_see_the_same_are_folded() -> None:
    """Other addresses of one load balancer are no difference, nor is being given fewer of them."""
    comparison = compared(
        office(OUTSIDE, ELSEWHERE), tokyo(ELSEWHERE), osaka("198.51.100.5", OUTSIDE)
    )
    assert comparison.same
    assert [group.vantages for group in comparison.groups] == [
        ("office", "prod-osaka", "prod-tokyo")
    ]


def test_a_setting_that_leads_to_another_bundle_counts_where_the_system_has_none() -> None:
    """The system's bundle is what most programs use."""
    assert compared(office(), tokyo(machine=(JAVA_OF_2019,))).verdict == "warning"
    setting = JAVA_OF_2019.model_copy(update={"kind": "setting"})
    difference = compared(office(), tokyo(machine=(setting,))).difference
    assert difference is not None
    assert difference.code is DifferenceCode.OLDER_ROOTS
