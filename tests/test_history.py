"""What changed at a host: two states in, codes and values out."""

from datetime import UTC, datetime, timedelta

from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.question import ConnectTo, Question
from bot.diagnosis.report import Endpoint, Report, Target
from bot.history import Change, Entry, Leaf, Sent, State, changes_of, is_kept, state_of, subject_key
from bot.texts import LANGS
from bot.texts.changes import change_sentences
from tests.store.samples import certificate, question, report

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
INTERMEDIATE = Sent(name="Example Domain Secure Site CA", sha256="cd" * 32)


def leaf(letter: str = "a", key: str = "k", issuer: str = "Example CA") -> Leaf:
    """A server's certificate that is told apart by a letter."""
    return Leaf(
        sha256=letter * 64,
        key_sha256=key * 64 if key else "",
        issuer=issuer,
        not_before=NINE - timedelta(days=30),
        not_after=NINE + timedelta(days=60),
    )


def state(
    verdict: Verdict = "ok",
    cause: Cause | None = None,
    own: Leaf | None = None,
    sent: tuple[Sent, ...] = (INTERMEDIATE,),
) -> State:
    """A state with a certificate of its own."""
    return State(verdict=verdict, cause=cause, leaf=own or leaf(), sent=sent)


def history(*states: State) -> list[Entry]:
    """States an hour apart, each seen for half an hour."""
    return [
        Entry(
            state=one,
            first=NINE + timedelta(hours=n),
            last=NINE + timedelta(hours=n, minutes=30),
        )
        for n, one in enumerate(states)
    ]


AWAY = State(verdict="unreachable", cause=Cause.TIMEOUT)
BROKEN = state("broken", Cause.MISSING_INTERMEDIATE, sent=())


def codes(*states: State) -> list[str]:
    """The codes of what changed with the last state."""
    return [one.code for one in changes_of(history(*states))]


def test_the_renewal_that_lost_its_intermediate() -> None:
    """The story that this project began with is told in three changes, with its moments."""
    now = state("broken", Cause.MISSING_INTERMEDIATE, leaf("b"), ())
    changes = changes_of(history(state("broken", Cause.EXPIRED), now))
    since, until = NINE + timedelta(hours=1), NINE + timedelta(minutes=30)
    assert changes == (
        Change("other_fault", since, until, Cause.MISSING_INTERMEDIATE),
        Change("new_certificate", since, until, same_key=True),
        Change("intermediate_dropped", since, until, names=("Example Domain Secure Site CA",)),
    )


def test_verdicts() -> None:
    """Each change of the verdict has a name of its own; a warning that comes or goes has none."""
    assert codes(state(), BROKEN) == ["broke", "intermediate_dropped"]
    assert codes(BROKEN, state()) == ["mended", "intermediate_added"]
    assert codes(state(), AWAY) == ["unreachable"]
    assert codes(AWAY, state()) == ["reachable"]
    assert codes(state(), state("warning", Cause.EXPIRING_SOON)) == []
    assert codes(state()) == []


def test_what_was_mended_is_named() -> None:
    """Good news says of what."""
    assert changes_of(history(BROKEN, state()))[0].cause is Cause.MISSING_INTERMEDIATE


def test_an_outage_hides_no_new_certificate() -> None:
    """Certificates are compared with the last ones that were seen."""
    assert codes(state(), AWAY, AWAY, state(own=leaf("b", "l"))) == ["reachable", "new_certificate"]
    assert codes(state(), AWAY, state()) == ["reachable"]


def test_keys() -> None:
    """The same key, another key, and a key of which an older version kept nothing."""
    found = [
        changes_of(history(state(), state(own=leaf("b", key))))[0].same_key
        for key in ("k", "l", "")
    ]
    assert found == [True, False, None]


def test_another_intermediate_is_news_only_beside_the_same_issuer() -> None:
    """Whoever changes the CA changes the chain: said once."""
    other = Sent(name="Another CA", sha256="ef" * 32)
    assert codes(state(), state(sent=(other,))) == ["other_chain"]
    moved = changes_of(history(state(), state(own=leaf("b", "l", "Another CA"), sent=(other,))))
    assert [(one.code, one.issuer) for one in moved] == [("new_certificate", "Another CA")]


def test_the_state_of_a_report() -> None:
    """The address that is at fault is the one that counts, and long names are cut."""
    good = certificate("shop.example.jp")
    bad = good.model_copy(update={"sha256": "99" * 32, "issuer_name": "x" * 500})
    shown = report(question()).model_copy(
        update={
            "endpoints": (
                Endpoint(address="192.0.2.9", port=443, reachable=True, chain=(good,)),
                Endpoint(address="192.0.2.1", port=443, reachable=True, chain=(bad, good)),
            )
        }
    )
    found = state_of(shown)
    assert found.leaf is not None
    assert found.leaf.sha256 == "99" * 32
    assert len(found.leaf.issuer) == 200
    assert [one.sha256 for one in found.sent] == [good.sha256]


def test_a_report_without_certificates() -> None:
    """What could not be reached has a state, too."""
    found = state_of(
        Report(
            id="x",
            target=Target(input="a", host="a.example"),
            checked_at=NINE,
            duration_ms=1,
            vantage="here",
            verdict="unreachable",
            cause=Cause.TIMEOUT,
        )
    )
    assert (found.leaf, found.sent) == (None, ())


def test_addresses_are_no_part_of_it() -> None:
    """A load balancer that answers from elsewhere has not changed."""
    first = report(question())
    again = first.model_copy(update={"endpoints": first.endpoints[1:]})
    assert state_of(first).digest() == state_of(again).digest()


def test_only_plain_questions_tell_the_history() -> None:
    """What was asked with a condition says nothing of the host as others see it."""
    plain = question()
    assert is_kept(plain)
    assert is_kept(plain.model_copy(update={"timeout": 3.0}))
    special: list[Question] = [
        plain.model_copy(update={"at": NINE}),
        plain.model_copy(update={"addresses": (ConnectTo(address="192.0.2.1"),)}),
        plain.model_copy(update={"fetch": False}),
        plain.model_copy(update={"roots_pem": "x"}),
    ]
    assert not any(is_kept(one) for one in special)


def test_the_subject_is_host_port_protocol_and_place() -> None:
    """Port 8443 has a history of its own; how the host was typed has not."""
    host = Target(input="a", host="a.example")
    keys = {
        subject_key(host, "here"),
        subject_key(host.model_copy(update={"input": "https://a.example/x"}), "here"),
        subject_key(host.model_copy(update={"port": 8443}), "here"),
        subject_key(host.model_copy(update={"starttls": "smtp"}), "here"),
        subject_key(host, "tokyo"),
    }
    assert len(keys) == 4


def test_sentences() -> None:
    """Every change is said in both languages, with its moments and names."""
    cases = (
        (state(), BROKEN),
        (BROKEN, state()),
        (BROKEN, state("broken", Cause.EXPIRED, leaf("b", "l", "Another CA"))),
        (state(), AWAY),
        (AWAY, state()),
        (state(), state(own=leaf("b"))),
        (state(), state(own=leaf("b", ""))),
        (state(), state(sent=(Sent(name="Another CA", sha256="ef" * 32),))),
    )
    for lang in LANGS:
        for case in cases:
            changes = changes_of(history(*case))
            said = change_sentences(changes, lang, lambda moment: f"<{moment:%H:%M}>")
            assert len(said) == len(changes) + sum(1 for one in changes if one.issuer)
            assert all("<10:00>" in line or "Another CA" in line for line in said)
            assert not any("—" in line or "{" in line for line in said)
