"""What clients do, from findings alone: which fault each one names, and why it works or fails.

That the table is true is for `tests/realclients`; here it is held to what clients cannot be run for.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.clients import CLIENTS, predict
from bot.diagnosis.clients.evaluate import differing
from bot.diagnosis.report import ClientPrediction, Finding, Target
from bot.diagnosis.rules import ORDER, findings_of
from bot.texts import LANGS, catalogue
from tests.diagnosis.chains import CASES, HOST, ISSUING, UPPER, Case
from tests.diagnosis.servers import NOW
from tests.diagnosis.views import view_of

TARGET = Target(input=HOST, host=HOST)
FETCH = {"chrome", "safari", "windows", "dotnet", "java-aia"}
NO_AIA = {one.code for one in CLIENTS} - FETCH - {"firefox"}


def finding(cause: Cause, **evidence: JsonValue) -> Finding:
    """A critical finding."""
    return Finding(code=cause, severity="critical", evidence=evidence)


def predicted(*findings: Finding) -> dict[str, ClientPrediction]:
    """Each client's prediction."""
    return {one.client: one for one in predict(findings, TARGET, NOW)}


def of_case(case: Case, **changes: object) -> dict[str, ClientPrediction]:
    """Predictions for a real chain."""
    fetched = changes.get("fetched", ())
    return predicted(*findings_of(view_of(case, *fetched)))  # type: ignore[misc] # certificates


def outcomes(predictions: dict[str, ClientPrediction], outcome: str) -> set[str]:
    """The clients with this outcome."""
    return {name for name, one in predictions.items() if one.outcome == outcome}


def test_a_good_server_works_everywhere() -> None:
    """Without a fault, and with a mere warning, every client works."""
    for found in ((), (Finding(code=Cause.EXPIRING_SOON, severity="warning"),)):
        assert outcomes(predicted(*found), "works") == {one.code for one in CLIENTS}


def test_a_missing_intermediate_works_where_it_is_fetched() -> None:
    """That is why it works on the laptop and fails on the server."""
    found = of_case(CASES["leaf alone"], fetched=(ISSUING, UPPER))
    assert outcomes(found, "fails") == NO_AIA
    assert outcomes(found, "works") == FETCH
    assert outcomes(found, "depends") == {"firefox"}
    assert found["chrome"].reason_code == "fetches"
    assert found["chrome"].error is None
    assert found["curl"].error == (
        "curl: (60) SSL certificate problem: unable to get local issuer certificate"
    )


def test_one_that_cannot_be_fetched_is_uncertain_there() -> None:
    """Nobody can promise that a browser finds what we did not find."""
    found = of_case(CASES["leaf alone"])
    assert outcomes(found, "fails") == NO_AIA
    assert outcomes(found, "depends") == FETCH | {"firefox"}


def test_expired_breaks_all() -> None:
    """An expired certificate works nowhere, and every client has words for it."""
    found = of_case(CASES["expired"])
    assert outcomes(found, "fails") == {one.code for one in CLIENTS}
    assert all(one.error for one in found.values())


@pytest.mark.parametrize(
    ("causes", "named"),
    [
        (
            (Cause.HOSTNAME_MISMATCH, Cause.EXPIRED),
            {"curl": "expired", "python": "hostname_mismatch", "node": "expired"},
        ),
        (
            (Cause.EXPIRED, Cause.UNTRUSTED_ROOT),
            {"curl": "untrusted_root", "openssl": "expired", "go": "expired"},
        ),
        (
            (Cause.PROTOCOL_VERSION, Cause.EXPIRED),
            {"curl": "protocol_version", "chrome": "protocol_version"},
        ),
        (
            (Cause.EXPIRED, Cause.CLIENT_CERTIFICATE_REQUIRED),
            {"curl": "expired", "java": "expired"},
        ),
    ],
)
def test_each_client_names_what_it_meets_first(
    causes: tuple[Cause, ...], named: dict[str, str]
) -> None:
    """With several faults the line depends on the order in which a client looks."""
    found = predicted(*(finding(one) for one in causes))
    assert {name: found[name].reason_code for name in named} == named


def test_only_common_name() -> None:
    """Who ignores the common name fails, and the rest is not alarmed."""
    found = predicted(finding(Cause.HOSTNAME_MISMATCH, common_name_matches=True))
    assert outcomes(found, "fails") == {*("go", "chrome", "firefox", "safari", "android", "rustls")}


def test_addresses_that_differ_depend() -> None:
    """Where the addresses do not agree, the outcome is a matter of luck."""
    good, bad = predict((), TARGET, NOW), predict((finding(Cause.EXPIRED),), TARGET, NOW)
    mixed = differing([good, bad])
    assert {one.outcome for one in mixed} == {"depends"}
    assert {one.reason_code for one in mixed} == {"backends"}
    assert differing([good, good]) == good
    assert differing([bad]) == bad


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.just(["a", 1, None])
EVIDENCE = st.dictionaries(
    st.sampled_from(
        [
            *("proven", "below_is_leaf", "root_sent", "names", "is_address", "how", "version"),
            *("connected", "everyone", "common_name_matches", "replacement", "not_after"),
            *("not_before", "issuer", "root", "name", "cipher", "intermediates_sent"),
        ]
    ),
    VALUES,
    max_size=8,
)


@given(st.lists(st.tuples(st.sampled_from(Cause), EVIDENCE), max_size=4))
def test_whatever_is_found_every_client_is_predicted(
    found: list[tuple[Cause, dict[str, JsonValue]]],
) -> None:
    """One prediction a client, with a reason that has words in both languages."""
    predictions = predict([finding(cause, **evidence) for cause, evidence in found], TARGET, NOW)
    assert [one.client for one in predictions] == [one.code for one in CLIENTS]
    # Neither is ever what breaks a single address.
    never = (Cause.EXPIRING_SOON, Cause.BACKENDS_DIFFER)
    known = all(cause in ORDER and cause not in never for cause, _ in found)
    for one in predictions:
        if known:
            for lang in LANGS:
                assert catalogue(lang).has(f"client.reason.{one.reason_code}"), one.reason_code
        if one.outcome == "works":
            assert one.error is None


def test_lines_have_no_gaps() -> None:
    """Every line of the table can be filled in with what a finding has."""
    known = {"host", "port", "names", "plain_names", "addresses", "now", "not_after", "not_before"}
    known |= {"openssl", "offending", "sent"}
    for client in CLIENTS:
        for words in client.words.values():
            words.format_map(dict.fromkeys(known, "x"))
        assert set(client.order) >= {"chain", "dates", "name"}
