"""The drawn chain, line by line."""

from datetime import timedelta

import pytest

from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.report import Endpoint, Finding, Report, Target
from bot.render import drawing
from bot.texts.catalogue import Lang, catalogue
from handlers.answers.chain import draw_chain, short_name, validity, width
from tests.handlers.samples import CHECKED, certificate, missing_intermediate

QUESTION = Question(target=Target(input="shop.example.jp", host="shop.example.jp"))


def draw(report: Report, lang: Lang = "en") -> list[str]:
    """The lines."""
    return (draw_chain(report, CHECKED, catalogue(lang)) or "").split("\n")


def sent(*chain: object) -> Report:
    """A report without a trusted path, where these certificates were sent."""
    endpoint = Endpoint.model_validate(
        {"address": "203.0.113.7", "port": 443, "reachable": True, "chain": chain}
    )
    return missing_intermediate(QUESTION).model_copy(
        update={"path": None, "endpoints": (endpoint,), "findings": ()}
    )


def test_a_missing_intermediate_stands_between_what_was_sent_and_what_is_trusted() -> None:
    """Each line says in words what it is."""
    report = missing_intermediate(QUESTION)
    assert draw(report) == [
        "shop.example.jp                       ✓ sent, 41 days left",
        "└ FujiSSL SHA2 Domain Secure Site CA  ✗ NOT SENT (fetched through AIA)",
        "  └ Security Communication RootCA2    ✓ trusted root",
    ]


def test_an_expired_certificate_is_said_to_be() -> None:
    """Without a path the chain is drawn as sent, and ends where trust is missing."""
    lines = draw(sent(certificate("shop.example.jp", "Some CA", days=-2)))
    assert lines[0].endswith("✗ sent, EXPIRED 2 days ago")
    assert lines[1].startswith("└ Some CA ")
    assert lines[1].endswith("✗ not sent, and not a trusted root")


def test_a_self_signed_certificate_is_its_own_issuer() -> None:
    """It is not said that its issuer was not sent."""
    lines = draw(sent(certificate("shop.example.jp", "shop.example.jp")))
    assert "signed by itself" in lines[1]


def test_an_unneeded_certificate_is_named() -> None:
    """What was sent and is not part of the path."""
    report = missing_intermediate(QUESTION)
    extra = certificate("Old Root", "Old Root", role="unrelated")
    endpoint = report.endpoints[0].model_copy(update={"chain": (*report.endpoints[0].chain, extra)})
    lines = draw(report.model_copy(update={"endpoints": (endpoint,)}))
    assert lines[-1].startswith("Old Root")
    assert lines[-1].endswith("sent, not needed")


def test_wide_letters_take_two_columns() -> None:
    """Japanese names keep the second column straight."""
    report = sent(
        certificate("日本語.example.jp", "認証局", days=3), certificate("認証局", "根", days=3)
    )
    columns = {width(line.partition("✓")[0]) for line in draw(report, "ja")[:2]}
    assert len(columns) == 1


def test_many_certificates_are_counted_instead_of_drawn() -> None:
    """A server may send a hundred."""
    chain = [certificate(f"ca{n}", f"ca{n + 1}") for n in range(40)]
    lines = draw(sent(*chain))
    assert len(lines) <= 13
    assert "more certificates" in lines[-1]


def test_nothing_to_draw_is_none() -> None:
    """A server that was not reached has no chain."""
    report = missing_intermediate(QUESTION).model_copy(update={"endpoints": (), "path": None})
    assert draw_chain(report, CHECKED + timedelta(1), catalogue("en")) is None


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=shop.example.jp,O=Shop,C=JP", "shop.example.jp"),
        ("C=JP,O=Shop\\, Inc.,CN=A\\,B", "A,B"),
        ("O=Shop,C=JP", "O=Shop,C=JP"),
        ("", ""),
        ("CN=\u202egro", "⟨U+202E⟩gro"),
    ],
)
def test_a_certificate_is_called_by_its_common_name(subject: str, name: str) -> None:
    """RFC 4514's escapes are undone; hidden characters are shown."""
    assert short_name(subject) == name


def test_a_namesake_with_another_key_is_no_issuer() -> None:
    """What stands above it is not drawn as missing, with or without a path."""
    old = certificate("Some CA", "Some Root", role="unrelated")
    finding = Finding(
        code=Cause.WRONG_INTERMEDIATE,
        severity="critical",
        evidence={"wrong": [{"name": "Some CA", "sha256": old.sha256}]},
    )
    report = sent(certificate("shop.example.jp", "Some CA"), old)
    report = report.model_copy(update={"findings": (finding,)})
    lines = draw(report)
    assert len(lines) == 2
    assert lines[1].startswith("└ Some CA ")
    assert lines[1].endswith("✗ sent, but with ANOTHER KEY")

    proven = missing_intermediate(QUESTION)
    endpoint = proven.endpoints[0].model_copy(update={"chain": (*proven.endpoints[0].chain, old)})
    proven = proven.model_copy(update={"findings": (finding,), "endpoints": (endpoint,)})
    assert draw(proven)[-1].endswith("✗ sent, but with ANOTHER KEY")


def test_the_terminal_draws_the_namesake_alike() -> None:
    """The same on the terminal: the chain ends at the wrong certificate."""
    old = certificate("Some CA", "Some Root", role="unrelated")
    finding = Finding(
        code=Cause.WRONG_INTERMEDIATE,
        severity="critical",
        evidence={"wrong": [{"name": "Some CA", "sha256": old.sha256}]},
    )
    report = sent(certificate("shop.example.jp", "Some CA"), old)
    drawn = drawing.chain(
        report.model_copy(update={"findings": (finding,)}), CHECKED, catalogue("en")
    )
    assert [(one.name, one.mark) for one in drawn[1:]] == [
        ("shop.example.jp", "✓"),
        ("Some CA", "✗"),
    ]


def test_hours_are_not_counted_as_no_days() -> None:
    """On the last day, on the first day after it, and on the day before the first."""
    one = certificate("shop.example.jp", "Some CA")
    texts = catalogue("en")
    hour = timedelta(hours=1)
    assert validity(one, one.not_after - hour, texts) == "less than a day left"
    assert validity(one, one.not_after + hour, texts) == "EXPIRED less than a day ago"
    assert validity(one, one.not_before - hour, texts) == "NOT VALID for another 1 day"
