"""No Report makes a message that Slack would refuse: arbitrary and hostile ones, both languages."""

import json
import string
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slackblocks import _limits as oracle

from bot.demo.slack.validation import examine_message, examine_view
from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
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
from bot.texts.catalogue import LANGS, Lang
from handlers.answers.answer import Shown, render
from handlers.answers.sentences import help_message, say, sentence
from handlers.asking.command import command_text, parse_command
from handlers.asking.press import Press, Shared
from handlers.slack import limits
from handlers.slack.blocks import Message
from handlers.slack.escape import mrkdwn, visible
from handlers.windows.details import (
    FURTHER,
    SECTIONS,
    Opened,
    Section,
    details_view,
    read_opened,
    sentence_view,
    skeleton_view,
)
from tests.handlers.samples import missing_intermediate, phrase

HOSTILE = (
    "<!channel> <@U0BEN> <https://evil.example|shop> & *bold* _i_ ~s~ `c` :tada:",
    "\u202egnp.exe\u200b\u2066",
    "\x1b[31m\x00\r\n\n\n",
    "```",
    "a" * 6000,
    "東" * 6000,
    "\ud800",
    "&" * 5000,
    "   ",
    "",
    '"\\' * 3000,
)

# A Report holds no lone surrogates: pydantic takes none.
texts = st.one_of(
    st.sampled_from([one for one in HOSTILE if one != "\ud800"]),
    st.text(max_size=60),
    st.text(alphabet=string.printable, max_size=200),
)
short = st.one_of(texts.map(lambda one: one[:255]), st.text(max_size=80))
moments = st.datetimes(timezones=st.just(UTC))
addresses = st.lists(short, max_size=4).map(tuple)

certificates = st.builds(
    ChainCertificate,
    subject=texts,
    issuer=texts,
    not_before=moments,
    not_after=moments,
    sha256=st.one_of(texts, st.sampled_from(["a" * 64, "b" * 64])),
    serial=texts,
    dns_names=st.lists(texts, max_size=30).map(tuple),
    role=st.sampled_from(["leaf", "intermediate", "root", "unrelated"]),
)
verifications = st.none() | st.builds(Verification, code=st.integers(0, 99), message=texts)
endpoints = st.builds(
    Endpoint,
    address=short,
    port=st.integers(1, 65535),
    reachable=st.booleans(),
    error=st.none() | texts,
    tls_version=st.none() | short,
    cipher=st.none() | short,
    alpn=st.none() | short,
    verify=verifications,
    chain=st.lists(certificates, max_size=4).map(tuple),
)
findings = st.builds(
    Finding,
    code=st.sampled_from(Cause),
    severity=st.sampled_from(["critical", "warning", "info"]),
    title=texts,
    detail=texts,
    addresses=addresses,
    evidence=st.dictionaries(
        short,
        st.recursive(
            texts | st.integers() | st.none() | st.booleans(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(short, inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    ),
)
clients = st.builds(
    ClientPrediction,
    client=st.sampled_from(["curl", "java", "x"]),
    label=texts,
    outcome=st.sampled_from(["works", "fails", "depends"]),
    error=st.none() | texts,
    reason_code=short,
    reason=texts,
)
fixes = st.builds(
    Fix,
    owner=st.sampled_from(["server", "client", "network", "nobody"]),
    steps=st.lists(
        st.builds(Step, code=short, title=texts, text=texts, command=st.none() | texts), max_size=9
    ).map(tuple),
    fullchain_pem=st.none() | texts,
    proven=st.booleans(),
)
reports = st.builds(
    Report,
    id=st.one_of(short, st.just("r1")),
    target=st.builds(
        Target,
        input=texts,
        host=short,
        port=st.integers(1, 65535),
        starttls=st.none() | short,
    ),
    checked_at=moments,
    duration_ms=st.integers(0, 10**9),
    vantage=short,
    verdict=st.sampled_from(["ok", "warning", "broken", "unreachable"]),
    cause=st.none() | st.sampled_from(Cause),
    summary=texts,
    verify=verifications,
    findings=st.lists(findings, max_size=8).map(tuple),
    endpoints=st.lists(endpoints, max_size=6).map(tuple),
    path=st.none()
    | st.lists(
        st.builds(
            PathCertificate,
            subject=texts,
            sha256=st.one_of(texts, st.sampled_from(["a" * 64, "b" * 64])),
            source=st.sampled_from(["server", "aia", "bundled", "roots"]),
        ),
        max_size=6,
    ).map(tuple),
    clients=st.lists(clients, max_size=20).map(tuple),
    fix=st.none() | fixes,
)
shared = st.none() | st.just(Shared(user="U0AIKO", at=1_800_000_000))


def elements(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every dictionary inside."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from elements(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from elements(inner)


def assert_fits(blocks: list[dict[str, Any]]) -> None:
    """Slack's limits, by the numbers of a table that is not ours, and by slack_sdk's models."""
    json.dumps(blocks).encode()
    json.dumps(blocks, ensure_ascii=False).encode()  # no lone surrogates
    for block in blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        assert parsed.to_dict()["type"] == block["type"]
    for one in elements(blocks):
        kind = one.get("type")
        if kind in {"plain_text", "mrkdwn"}:
            assert oracle.TEXT_MIN_LENGTH <= len(one["text"]) <= oracle.TEXT_MAX_LENGTH
            assert one["text"].strip()
        if kind == "mrkdwn":
            assert one["verbatim"] is True
        if kind == "text":
            assert 1 <= len(one["text"]) <= oracle.TEXT_MAX_LENGTH
        if kind == "header":
            assert len(one["text"]["text"]) <= oracle.HEADER_TEXT_MAX_LENGTH
        if kind == "context":
            assert 1 <= len(one["elements"]) <= oracle.CONTEXT_ELEMENTS_MAX_ITEMS
        if kind == "actions":
            assert 1 <= len(one["elements"]) <= oracle.ACTIONS_ELEMENTS_MAX_ITEMS
        if kind == "button":
            assert len(one["value"]) <= oracle.BUTTON_VALUE_MAX_LENGTH
            assert len(one["text"]["text"]) <= oracle.BUTTON_TEXT_MAX_LENGTH
        if kind in {"rich_text", "rich_text_section", "rich_text_list", "rich_text_preformatted"}:
            assert one["elements"]


def assert_message(message: Message) -> None:
    """A message that Slack takes, within the budget."""
    assert_fits(list(message.blocks))
    assert len(message.blocks) <= oracle.MESSAGE_BLOCKS_MAX_ITEMS
    assert message.text.strip()
    whole = json.dumps(list(message.blocks), ensure_ascii=False) + message.text
    assert len(whole) <= limits.MESSAGE_CHARACTERS
    assert examine_message({"text": message.text, "blocks": list(message.blocks)}) is None


shown = st.builds(
    Shown,
    report=reports,
    lang=st.sampled_from(LANGS),
    command=st.one_of(st.just("shop.example.jp:443"), short, st.text(max_size=2500)),
    judged_at=moments,
    age=st.floats(0, 1e9),
    cached=st.booleans(),
    joined=st.booleans(),
    stored=st.booleans(),
    shared=shared,
    checking_again=st.booleans(),
)


@given(shown=shown)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
def test_any_report_makes_a_message_that_slack_takes(shown: Shown) -> None:
    """Whatever the engine and the world put into a Report."""
    assert_message(render(shown))


@given(
    report=reports,
    lang=st.sampled_from(LANGS),
    section=st.sampled_from(SECTIONS),
    note=texts,
)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
def test_any_report_makes_windows_that_slack_takes(
    report: Report, lang: Lang, section: Section, note: str
) -> None:
    """Details has limits of its own, on every page; each can be turned from what it carries."""
    opened = Opened(press=Press(command="shop.example.jp", lang=lang), section=section)
    for page in range(50):
        view = details_view(report, opened.model_copy(update={"page": page}), note=note)
        assert_fits(view["blocks"])
        assert len(view["blocks"]) <= oracle.VIEW_BLOCKS_MAX_ITEMS
        assert len(json.dumps(view["blocks"], ensure_ascii=False)) <= limits.VIEW_CHARACTERS
        assert len(view["title"]["text"]) <= oracle.VIEW_TITLE_MAX_LENGTH
        assert len(view["private_metadata"]) <= limits.VIEW_PRIVATE_METADATA
        assert examine_view(view) is None
        assert View(**view).to_dict()["type"] == "modal"
        carried = read_opened(view)
        assert carried is not None
        assert (carried.section, carried.page) == (section, page)
        if FURTHER not in json.dumps(view["blocks"]):
            break
    else:
        pytest.fail("no end of pages")


@pytest.mark.parametrize("metadata", [None, "", "{}", "x" * 4000, '{"press": {"lang": "xx"}}'])
def test_a_window_that_is_none_of_ours_is_not_read(metadata: str | None) -> None:
    """Whatever stands in it."""
    assert read_opened({"private_metadata": metadata}) is None
    assert read_opened(None) is None


@given(
    text=st.one_of(st.sampled_from(HOSTILE), st.text(max_size=4000)), lang=st.sampled_from(LANGS)
)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=100)
def test_any_text_makes_a_sentence_that_slack_takes(text: str, lang: Lang) -> None:
    """Sentences quote what was typed."""
    assert_message(sentence(text + "."))
    assert_message(say(lang, "slack.checking", host=text))
    assert_fits(sentence_view(lang, text)["blocks"])


@given(
    text=st.one_of(st.text(max_size=3000), texts, st.text(alphabet="-—=. aAtlng:<>|1", max_size=60))
)
@settings(max_examples=300)
def test_any_typed_text_is_read(text: str) -> None:
    """The command parser never fails, and what it reads can be asked again by a button."""
    command = parse_command(text, "en")
    question = getattr(command, "question", None)
    if isinstance(question, Question):
        again = parse_command(command_text(question, command.lang), "en")
        assert getattr(again, "question").digest() == question.digest()  # noqa: B009 - a union
        assert question.allow_networks == ()
        assert question.roots_pem is None


@given(text=st.one_of(st.sampled_from(HOSTILE), st.text()))
def test_nothing_from_outside_comes_to_life(text: str) -> None:
    """No control character, direction mark or markup survives."""
    shown = mrkdwn(text)
    assert not set("<>*_~`") & set(shown.replace("&lt;", "").replace("&gt;", ""))
    # Unusual spaces stay; they are seen as spaces.
    assert all(one.isprintable() or one.isspace() for one in visible(text))
    assert "\n" not in visible(text)


@pytest.mark.parametrize("lang", LANGS)
def test_the_fixed_messages_fit(lang: Lang) -> None:
    """Help and the skeleton of Details."""
    assert_message(help_message(lang))
    assert_fits(skeleton_view(lang)["blocks"])


@pytest.mark.parametrize("lang", LANGS)
def test_a_usual_answer_is_shown_in_full(lang: Lang) -> None:
    """The story's answer needs no shortening, in either language, and is well below the budget."""
    question = parse_command("shop.example.jp", lang)
    assert isinstance(getattr(question, "question", None), Question)
    report = phrase(missing_intermediate(question.question), lang)  # type: ignore[union-attr] # asserted above
    message = render(Shown(report, lang, "shop.example.jp:443", report.checked_at))
    assert message.size() < 7000
    assert "Shortened" not in str(message.blocks)
    assert "省略" not in str(message.blocks)


def test_what_is_left_out_is_named() -> None:
    """A huge fix is shortened, the cause stays, and the message says where the rest is."""
    question = parse_command("shop.example.jp", "en")
    report = phrase(missing_intermediate(question.question), "en")  # type: ignore[union-attr] # reads as a question
    assert report.fix is not None
    steps = tuple(report.fix.steps[0].model_copy(update={"text": "x" * 700}) for _ in range(12))
    report = report.model_copy(
        update={"fix": report.fix.model_copy(update={"steps": steps}), "summary": "why " * 300}
    )
    message = render(Shown(report, "en", "shop.example.jp:443", report.checked_at + timedelta(1)))
    assert_message(message)
    shown = str(message.blocks)
    assert "Broken: shop.example.jp" in shown
    assert "Shortened to fit into Slack: the fix" in shown
    assert "ssl_certificate" in shown


def test_a_subject_that_calls_the_channel_notifies_nobody() -> None:
    """Only the person who shared is mentioned, by an id that was checked."""
    question = parse_command("shop.example.jp", "en")
    report = phrase(missing_intermediate(question.question), "en")  # type: ignore[union-attr] # reads as a question
    report = report.model_copy(update={"summary": HOSTILE[0], "vantage": "<!here>"})
    message = render(
        Shown(
            report,
            "en",
            "shop.example.jp:443",
            report.checked_at,
            shared=Shared(user="U0AIKO", at=1_800_000_000),
        )
    )
    marked = [one["text"] for one in elements(message.blocks) if one.get("type") == "mrkdwn"]
    assert marked
    assert not any("<!here" in text or "<!channel" in text for text in [*marked, message.text])


def test_our_limits_are_those_of_an_independent_table() -> None:
    """The library slackblocks keeps its own."""
    assert limits.MESSAGE_BLOCKS == oracle.MESSAGE_BLOCKS_MAX_ITEMS
    assert limits.VIEW_BLOCKS == oracle.VIEW_BLOCKS_MAX_ITEMS
    assert limits.TEXT_OBJECT == oracle.TEXT_MAX_LENGTH == oracle.SECTION_TEXT_MAX_LENGTH
    assert limits.HEADER_TEXT == oracle.HEADER_TEXT_MAX_LENGTH
    assert limits.CONTEXT_ELEMENTS == oracle.CONTEXT_ELEMENTS_MAX_ITEMS
    assert limits.ACTIONS_ELEMENTS == oracle.ACTIONS_ELEMENTS_MAX_ITEMS
    assert limits.BUTTON_TEXT == oracle.BUTTON_TEXT_MAX_LENGTH
    assert limits.BUTTON_VALUE == oracle.BUTTON_VALUE_MAX_LENGTH
    assert limits.VIEW_TITLE == oracle.VIEW_TITLE_MAX_LENGTH
    assert limits.VIEW_CLOSE == oracle.VIEW_CLOSE_MAX_LENGTH
    assert limits.VIEW_CALLBACK_ID == oracle.VIEW_CALLBACK_ID_MAX_LENGTH
    assert limits.VIEW_PRIVATE_METADATA == oracle.VIEW_PRIVATE_METADATA_MAX_LENGTH
    assert limits.ACTION_ID == oracle.ACTION_ID_MAX_LENGTH
    assert limits.BLOCK_ID == oracle.BLOCK_ID_MAX_LENGTH


@pytest.mark.parametrize("lang", LANGS)
def test_what_was_supposed_stands_above_the_answer(lang: Lang) -> None:
    """An answer for another day or another address is no alarm about today, also when shared."""
    question = parse_command("shop.example.jp", lang)
    report = phrase(missing_intermediate(question.question), lang)  # type: ignore[union-attr] # reads as a question
    usual = render(Shown(report, lang, "shop.example.jp:443", report.checked_at))
    supposed = render(
        Shown(
            report,
            lang,
            "shop.example.jp:443",
            datetime(2027, 12, 1, 9, tzinfo=UTC),
            shared=Shared(user="U0AIKO", at=1_800_000_000),
            addresses=("203.0.113.7:8443",),
        )
    )
    assert_message(supposed)
    for said in ("2027-12-01 09:00 UTC", "--at", "203.0.113.7:8443", "--address"):
        assert said in supposed.text
        assert said in str(supposed.blocks[:2])
        assert said not in usual.text + str(usual.blocks)
