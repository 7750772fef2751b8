"""Comparisons as a table: what places saw, and the difference that is named as the cause."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot.compare import Comparison, DifferenceCode, Seen
from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.report import ClientPrediction, Report
from bot.diagnosis.roots import newest
from bot.texts.catalogue import LANGS, Lang
from bot.texts.comparison import decide_options, phrase_comparison
from tests.compare.samples import (
    INSIDE,
    LEAF,
    NOW,
    OUTSIDE,
    R11,
    bundle,
    certificate,
    compared,
    presence,
    report,
    seen,
)

EXPIRED = certificate("old", days=-5)
OTHER = certificate("new", days=80)
NEWER = certificate("newer", days=85)
ZSCALER = certificate("z", "Zscaler Intermediate")
COMPANY = certificate("c", "Intranet CA 3")
ELSEWHERE = "198.51.100.4"
PRIVATE_ROOT = "ab" * 32
JAVA_OF_2019 = bundle(lacks="ISRG Root X1", year=2019).model_copy(update={"kind": "java"})


def office(*addresses: str, **said: Any) -> Report:
    """The asker's own place; healthy unless it is said otherwise."""
    return report("office", *addresses, **said)


def tokyo(*addresses: str, **said: Any) -> Report:
    """A place elsewhere."""
    return report("prod-tokyo", *addresses, **said)


def osaka(*addresses: str, **said: Any) -> Report:
    """Another place elsewhere."""
    return report("prod-osaka", *addresses, **said)


@dataclass(frozen=True)
class Case:
    """What places saw, and what the comparison makes of it."""

    name: str
    places: tuple[Report | Seen, ...]
    code: DifferenceCode
    odd: tuple[str, ...] = ("prod-tokyo",)
    certain: bool = True
    evidence: dict[str, Any] = field(default_factory=dict)
    notes: tuple[DifferenceCode, ...] = ()
    worst: Verdict = "broken"


def old_openssl(version: str) -> Seen:
    """A machine with that OpenSSL, and a server that one of its time cannot use."""
    client = ClientPrediction(
        client="openssl-1.0.2",
        label="OpenSSL 1.0.2",
        outcome="fails",
        error="sslv3 alert handshake failure",
        reason_code="protocol_version",
    )
    return seen(tokyo(clients=(client,)), of=presence("prod-tokyo", openssl=version))


CODE = DifferenceCode
CASES = (
    Case(
        "inner and public address, one of them broken",
        (
            office(),
            tokyo(INSIDE, cause=Cause.EXPIRED, chain=(EXPIRED, R11)),
            osaka(INSIDE, cause=Cause.EXPIRED, chain=(EXPIRED, R11)),
        ),
        CODE.SPLIT_DNS,
        odd=("prod-osaka", "prod-tokyo"),
        evidence={"odd_addresses": [INSIDE], "usual_addresses": [OUTSIDE], "odd_inside": True},
    ),
    Case(
        "inner and public address, both healthy",
        (office(), tokyo(INSIDE, chain=(OTHER, R11))),
        CODE.SPLIT_DNS,
        worst="ok",
    ),
    Case(
        "inner and public address of one certificate",
        (office(), tokyo(INSIDE)),
        CODE.SPLIT_DNS,
        evidence={"same_certificates": True},
        worst="ok",
    ),
    Case(
        "inner address that the worker may not connect to",
        (office(), tokyo(INSIDE, cause=Cause.EGRESS_DENIED)),
        CODE.SPLIT_DNS,
        notes=(CODE.EGRESS,),
        worst="unreachable",
    ),
    Case(
        "another public address with a broken server",
        (office(), tokyo(ELSEWHERE, cause=Cause.MISSING_INTERMEDIATE, chain=(OTHER,))),
        CODE.OTHER_ADDRESSES,
        evidence={"odd_addresses": [ELSEWHERE]},
    ),
    Case(
        "another public address that does not answer",
        (office(), tokyo(ELSEWHERE, cause=Cause.TIMEOUT, evidence={"how": "connect_timeout"})),
        CODE.OTHER_ADDRESSES,
        certain=False,
        worst="unreachable",
    ),
    Case(
        "one address more, and that one is broken",
        (
            office(),
            tokyo(
                *(OUTSIDE, ELSEWHERE), accused=(ELSEWHERE,), cause=Cause.EXPIRED, chain=(EXPIRED,)
            ),
        ),
        CODE.OTHER_ADDRESSES,
    ),
    Case(
        "a name that only the inner name servers know",
        (office(INSIDE), tokyo(cause=Cause.DNS_FAILURE, evidence={"how": "nxdomain"})),
        CODE.UNKNOWN_NAME,
        evidence={"inside": True},
        worst="unreachable",
    ),
    Case(
        "an inspection by its product",
        (
            office(),
            tokyo(
                cause=Cause.INTERCEPTION_PROXY,
                chain=(ZSCALER,),
                root=None,
                evidence={"product": "Zscaler", "issuer": "Zscaler Intermediate"},
            ),
        ),
        CODE.INTERCEPTION,
        evidence={"how": "product", "product": "Zscaler"},
    ),
    Case(
        "an inspection that only the office trusts: the office is the odd one",
        (office(chain=(COMPANY,), root=PRIVATE_ROOT), tokyo()),
        CODE.INTERCEPTION,
        odd=("office",),
        evidence={"how": "own_ca"},
        worst="ok",
    ),
    Case(
        "an inspection that the machine there trusts by its own bundle",
        (
            office(),
            tokyo(
                cause=Cause.UNTRUSTED_ROOT,
                chain=(COMPANY,),
                root=None,
                evidence={"root": "Company Root"},
                machine=(bundle(),),
            ),
        ),
        CODE.INTERCEPTION,
        evidence={"how": "own_ca", "root": "Company Root"},
        worst="ok",
    ),
    Case(
        "an unknown CA at the same address: inspection or another server",
        (office(), tokyo(cause=Cause.UNTRUSTED_ROOT, chain=(COMPANY,), root=None)),
        CODE.INTERCEPTION,
        certain=False,
        evidence={"how": "unknown_ca"},
    ),
    Case(
        "the same through a proxy",
        (
            office(),
            tokyo(cause=Cause.UNTRUSTED_ROOT, chain=(COMPANY,), root=None, via="proxy.corp:3128"),
        ),
        CODE.INTERCEPTION,
        certain=False,
        evidence={"how": "proxy", "proxy": "proxy.corp:3128"},
    ),
    Case(
        "an expired certificate behind one load balancer",
        (office(), tokyo(cause=Cause.EXPIRED, chain=(EXPIRED, R11))),
        CODE.OTHER_CERTIFICATE,
        evidence={"address": OUTSIDE, "older": True},
    ),
    Case(
        "a renewed certificate on one of the servers, both valid",
        (office(), tokyo(chain=(OTHER, R11))),
        CODE.OTHER_CERTIFICATE,
        worst="ok",
    ),
    Case(
        "two certificates of one day, by two CAs",
        (office(), tokyo(chain=(certificate("twin", "R12"), R11))),
        CODE.OTHER_CERTIFICATE,
        evidence={"odd_issuer": "R12", "usual_issuer": "R11"},
        worst="ok",
    ),
    Case(
        "two certificates of one day, by one CA",
        (office(), tokyo(chain=(certificate("twin"), R11))),
        CODE.OTHER_CERTIFICATE,
        worst="ok",
    ),
    Case(
        "broken everywhere, and one place does not even get a certificate",
        (
            office(cause=Cause.PLAINTEXT_ON_TLS_PORT, chain=(), root=None),
            tokyo(cause=Cause.EXPIRED, chain=(EXPIRED, R11)),
        ),
        CODE.OTHER_HANDSHAKE,
        odd=("office",),
        certain=False,
    ),
    Case(
        "the intermediate is missing on one of the servers",
        (office(), tokyo(cause=Cause.MISSING_INTERMEDIATE, chain=(LEAF,))),
        CODE.OTHER_CHAIN,
        evidence={"missing": ["R11"], "extra": []},
    ),
    Case(
        "an old CA bundle",
        (
            office(),
            tokyo(machine=(bundle(lacks="ISRG Root X1", year=2019),)),
            osaka(machine=(bundle(year=2026),)),
        ),
        CODE.OLDER_ROOTS,
        evidence={"root": "ISRG Root X1", "year": "2019", "entered": "2016-09-26"},
    ),
    Case(
        "a CA bundle of its own choice",
        (office(), tokyo(machine=(bundle(lacks="ISRG Root X1"),))),
        CODE.OTHER_ROOTS,
        evidence={"how": "bundle"},
    ),
    Case(
        "an old trust store that only Java uses",
        (
            office(),
            tokyo(machine=(bundle(), JAVA_OF_2019)),
        ),
        CODE.OLDER_ROOTS,
        evidence={"kind": "java", "year": "2019"},
        worst="warning",
    ),
    Case(
        "a certifi of a program's own choice",
        (
            office(),
            tokyo(
                machine=(bundle(lacks="ISRG Root X1").model_copy(update={"kind": "python"}),),
            ),
        ),
        CODE.OTHER_ROOTS,
        evidence={"kind": "python"},
        worst="warning",
    ),
    Case(
        "two regions of a CDN, both healthy",
        (office(), tokyo(ELSEWHERE, chain=(OTHER, R11)), osaka("192.0.2.8", chain=(NEWER, R11))),
        CODE.OTHER_ADDRESSES,
        odd=("prod-osaka",),
        worst="ok",
    ),
    Case(
        "a company's root that a bundle of today does not have",
        (
            office(root=PRIVATE_ROOT),
            tokyo(
                root=PRIVATE_ROOT,
                machine=(
                    bundle(lacks="Example Corp Root").model_copy(
                        update={"until": newest(), "lacks_sha256": PRIVATE_ROOT}
                    ),
                ),
            ),
        ),
        CODE.OTHER_ROOTS,
        evidence={"how": "private", "root": "Example Corp Root"},
    ),
    Case(
        "a company's root that one machine has",
        (
            tokyo(
                cause=Cause.UNTRUSTED_ROOT,
                root=None,
                evidence={"root": "Example Corp Root"},
                machine=(bundle(code=19),),
            ),
            osaka(
                cause=Cause.UNTRUSTED_ROOT,
                root=None,
                evidence={"root": "Example Corp Root"},
                machine=(bundle(),),
            ),
        ),
        CODE.OTHER_ROOTS,
        evidence={"how": "known", "root": "Example Corp Root"},
    ),
    Case(
        "a root that one place trusts by a setting",
        (office(root=PRIVATE_ROOT), tokyo(cause=Cause.UNTRUSTED_ROOT, root=None)),
        CODE.OTHER_ROOTS,
        evidence={"how": "setting"},
    ),
    Case(
        "a public root that an older tlscheck does not know",
        (office(), tokyo(cause=Cause.UNTRUSTED_ROOT, root=None)),
        CODE.OTHER_ROOTS,
        evidence={"how": "program", "root": "ISRG Root X1"},
    ),
    Case(
        "a clock that is behind, by Redis' clock",
        (
            office(),
            osaka(),
            seen(
                tokyo(cause=Cause.NOT_YET_VALID),
                of=presence("prod-tokyo", 40 * 86400.0),
            ),
        ),
        CODE.CLOCK,
        evidence={"seconds": 40 * 86400, "behind": True},
    ),
    Case(
        "a clock that other servers contradict",
        (
            office(),
            tokyo(
                cause=Cause.CLOCK_SKEW,
                severity="warning",
                evidence={"seconds": 7200, "behind": False, "source": "ocsp.example.com"},
            ),
        ),
        CODE.CLOCK,
        evidence={"seconds": 7200, "behind": False, "source": "ocsp.example.com"},
    ),
    Case(
        "a wrong clock beside a fault that it does not explain",
        (
            office(),
            osaka(),
            seen(
                tokyo(cause=Cause.EXPIRED, chain=(EXPIRED, R11)),
                of=presence("prod-tokyo", -3600.0),
            ),
        ),
        CODE.OTHER_CERTIFICATE,
        notes=(CODE.CLOCK,),
    ),
    Case(
        "the worker's own policy",
        (office(), tokyo(cause=Cause.EGRESS_DENIED)),
        CODE.EGRESS,
        worst="unreachable",
    ),
    Case(
        "a proxy that does not let through",
        (
            office(),
            tokyo(cause=Cause.EGRESS_DENIED, evidence={"how": "proxy_denied"}, via="proxy:3128"),
        ),
        CODE.PROXY,
        evidence={"proxy": "proxy:3128"},
        worst="unreachable",
    ),
    Case(
        "a connection that is refused from one side",
        (office(), tokyo(cause=Cause.CONNECTION_REFUSED, evidence={"how": "refused"})),
        CODE.REFUSED,
        worst="unreachable",
    ),
    Case(
        "no way to the address",
        (office(), tokyo(cause=Cause.TIMEOUT, evidence={"how": "no_route"})),
        CODE.NO_ROUTE,
        worst="unreachable",
    ),
    Case(
        "packets that are dropped",
        (office(), tokyo(cause=Cause.TIMEOUT, evidence={"how": "connect_timeout"})),
        CODE.TIMED_OUT,
        evidence={"connected": False},
        worst="unreachable",
    ),
    Case(
        "a filter by name",
        (
            office(),
            tokyo(
                cause=Cause.CONNECTION_RESET,
                evidence={"how": "reset", "connected": True, "by_name": True},
            ),
        ),
        CODE.CUT,
        evidence={"by_name": True},
        worst="unreachable",
    ),
    Case(
        "a handshake that ends otherwise",
        (
            office(tls_version="TLSv1.3"),
            tokyo(cause=Cause.PROTOCOL_VERSION, chain=(), root=None, tls_version="TLSv1"),
        ),
        CODE.OTHER_HANDSHAKE,
        certain=False,
        evidence={"cause": "protocol_version", "usual_version": "TLSv1.3"},
    ),
    Case(
        "an OpenSSL of 2017",
        (office(), old_openssl("OpenSSL 1.0.2k-fips  26 Jan 2017")),
        CODE.OLD_OPENSSL,
        evidence={"openssl": "1.0.2k"},
    ),
    Case(
        "a revocation that only one place learned of",
        (office(), tokyo(cause=Cause.REVOKED)),
        CODE.REVOCATION,
        evidence={"how": "revoked"},
    ),
    Case(
        "two faults, neither explained by what was seen",
        (office(), tokyo(cause=Cause.WEAK_SIGNATURE_OR_KEY)),
        CODE.UNEXPLAINED,
        certain=False,
    ),
    Case(
        "an older program, and nothing else that explains it",
        (
            office(),
            seen(tokyo(cause=Cause.WEAK_SIGNATURE_OR_KEY), of=presence("prod-tokyo", program="0")),
        ),
        CODE.UNEXPLAINED,
        certain=False,
        notes=(CODE.PROGRAM,),
    ),
    Case(
        "answers of different moments",
        (
            office(),
            tokyo(cause=Cause.WEAK_SIGNATURE_OR_KEY, at=NOW - timedelta(minutes=5)),
        ),
        CODE.UNEXPLAINED,
        certain=False,
        notes=(CODE.MOMENT,),
    ),
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
