"""What is said to each question, from the Report alone: within Slack's limits, for any Report."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report, Target
from bot.diagnosis.target import parse_target
from bot.service import Answer
from bot.store.results import Record
from bot.texts import LANGS, Lang, catalogue, phrase_report
from handlers.talking.followup import FollowUp, Intent
from handlers.talking.heard import read_wish
from handlers.talking.topic import EXAMPLES, Told, neighbours_message, told_about, what_to_ask
from tests.handlers.samples import CHECKED, fine, missing_intermediate
from tests.handlers.talking.test_followup import QUESTIONS
from tests.handlers.test_render import assert_message, reports, texts

QUESTION = Question(target=parse_target("shop.example.jp"))
TOPICS: tuple[Intent, ...] = (
    "why",
    "client",
    "clients",
    "chain",
    "openssl",
    "since",
    "expiry",
    "addresses",
)


def told(report: Report, lang: Lang = "en", **changes: object) -> Told:
    """The report as a stored answer, seven minutes old."""
    record = Record(key="k", question=QUESTION, report=report).model_copy(update=changes)
    return Told(
        Answer(record, timedelta(minutes=7), "cache", True), phrase_report(report, lang), lang
    )


def said(about: Told, intent: Intent) -> str:
    """The notification's text of an answer; it has to say the answer, too."""
    message = told_about(about, FollowUp(intent, client="curl"))
    assert message is not None
    return message.text


@given(report=reports, lang=st.sampled_from(LANGS), intent=st.sampled_from(TOPICS), name=texts)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
def test_any_report_is_told_in_messages_that_slack_takes(
    report: Report, lang: Lang, intent: Intent, name: str
) -> None:
    """Whatever the engine and the world put into a Report."""
    record = Record.model_construct(
        key="k", question=QUESTION, report=report, changes=(), known_since=report.checked_at
    )
    about = Told(Answer(record, timedelta(days=400), "cache", True), report, lang)
    message = told_about(about, FollowUp(intent, client="curl"))
    assert message is not None
    assert_message(message)
    neighbour = Target(input=name[:500], host=name[:255], port=993)
    assert_message(neighbours_message(about, [(neighbour, CHECKED)] * 60, name))


@pytest.mark.parametrize("lang", LANGS)
def test_what_can_be_asked_is_understood(lang: Lang) -> None:
    """Each example of the list is read as the question that it stands for, and not as another."""
    shown = catalogue(lang)
    for name in EXAMPLES:
        wish = read_wish(shown.text(f"talk.help.{name}.ask"), lang, "shop.example.jp")
        assert (wish.follow.intent, wish.asks, wish.alert.explanation) == (name, (), None)
    for known in (True, False):
        assert_message(what_to_ask(lang, known=known))


@pytest.mark.parametrize("text", [one for one, _ in QUESTIONS])
def test_a_question_is_no_error_line(text: str) -> None:
    """In a known thread none of the questions is taken for a host or an error to explain."""
    wish = read_wish(text, "en", "shop.example.jp")
    assert (wish.asks, wish.alert.explanation) == ((), None)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("shop.example.jp", ["shop.example.jp"]),
        ("shop.example.jpを確認して", ["shop.example.jp"]),
        ("日本語.jp", ["xn--wgv71a119e.jp"]),
        ("<https://shop.example.jp/x|shop.example.jp/x> please", ["shop.example.jp"]),
        (
            "can you look at shop.example.jp, and mail.example.jp:993",
            ["shop.example.jp", "mail.example.jp"],
        ),
        ("shop.example.jp --address 203.0.113.7", ["shop.example.jp"]),
        ("hello", []),
        ("これは何ですか。jp", []),
        ("", []),
    ],
)
def test_hosts_of_a_message(text: str, hosts: list[str]) -> None:
    """As people write them, in either language."""
    assert [one.question.target.host for one in read_wish(text, "en").asks] == hosts


def test_the_age_and_the_facts_are_in_the_text() -> None:
    """Who hears the notification read knows the answer."""
    about = told(missing_intermediate(QUESTION))
    assert "41 days left" in said(about, "expiry")
    assert "203.0.113.7:443" in said(about, "addresses")
    assert "not known" in said(about, "since")
    since = CHECKED - timedelta(hours=26)
    assert "for 26 hours" in said(told(missing_intermediate(QUESTION), known_since=since), "since")
    small = str(told_about(about, FollowUp("why")))
    assert "7 minutes ago" in small


@pytest.mark.parametrize("lang", LANGS)
def test_since_an_expired_certificate_ended(lang: Lang) -> None:
    """Its own end date comes first: when somebody first looked matters less."""
    report = missing_intermediate(QUESTION)
    (endpoint, *others) = report.endpoints
    leaf = endpoint.chain[0].model_copy(update={"not_after": CHECKED - timedelta(days=2)})
    endpoint = endpoint.model_copy(update={"chain": (leaf, *endpoint.chain[1:])})
    changes = {"cause": Cause.EXPIRED, "endpoints": (endpoint, *others)}
    about = told(report.model_copy(update=changes), lang=lang, known_since=CHECKED)
    words = said(about, "since")
    ended = f"{leaf.not_after:%Y-%m-%d}"
    assert ended in words.split(". ")[0].split("。")[0]
    assert "2 days" in words or "2日" in words
    assert f"{leaf.not_before:%Y-%m-%d}" not in words


def test_a_sound_server() -> None:
    """What is asked of one that works is answered as plainly."""
    about = told(fine(QUESTION))
    assert "shop.example.jp" in said(about, "why")
    assert "not known from this check" in said(about, "clients")
    command = str(told_about(about, FollowUp("openssl")))
    assert "Verify return code: 0 (ok)" in command
    assert "Once it is mended" not in command
