"""The pictures: real PNGs for any chain, legible, with all of it in the alternative text, too."""

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.report import ChainCertificate, Report
from bot.diagnosis.target import parse_target
from bot.render import canvas
from bot.render.canvas import COLOURS, INK, MOST_HEIGHT, PAPER, SCALE, SOFT, WIDTH, drawable
from bot.render.picture import ALT_CHARACTERS, Picture, chain_picture, drawn_name
from bot.render.timeline import axis, spans, ticks, validity_picture
from bot.texts import phrase_report
from bot.texts.catalogue import LANGS, Lang, catalogue
from tests.handlers.samples import CHECKED, certificate, missing_intermediate
from tests.handlers.test_render import moments, reports

QUESTION = Question(target=parse_target("shop.example.jp"))
# A picture takes a quarter of a second: shrinking one would take minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
RED = (0xB3, 0x20, 0x1A)


@pytest.fixture
def no_japanese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without a font that has Japanese."""
    caches = (canvas.font, canvas._has)
    monkeypatch.setattr(canvas, "font_files", lambda: None)
    for one in caches:
        one.cache_clear()
    yield
    for one in caches:
        one.cache_clear()


def read(picture: Picture | None) -> Image.Image:
    """The picture, decoded."""
    assert picture is not None
    image = Image.open(io.BytesIO(picture.png))
    assert image.format == "PNG"
    return image.convert("RGB")


def reddish(image: Image.Image) -> int:
    """How many pixels have the colour of what is wrong."""
    found = image.getcolors(1 << 24) or []
    return sum(
        count
        for count, colour in found
        if isinstance(colour, tuple)
        and max(abs(a - b) for a, b in zip(colour, RED, strict=True)) < 12
    )


def with_chain(*sent: ChainCertificate) -> Report:
    """The sample, with another chain and without a path."""
    report = missing_intermediate(QUESTION)
    endpoints = tuple(one.model_copy(update={"chain": sent}) for one in report.endpoints)
    return phrase_report(
        report.model_copy(update={"endpoints": endpoints, "path": None, "cause": Cause.EXPIRED}),
        "en",
    )


@pytest.mark.parametrize("lang", LANGS)
def test_the_gap_is_seen_and_said(lang: Lang) -> None:
    """A card for each certificate; the missing one is red, and the words say NOT SENT."""
    report = phrase_report(missing_intermediate(QUESTION), lang)
    picture = chain_picture(report, CHECKED, lang)
    image = read(picture)
    assert picture is not None
    assert image.width == WIDTH * SCALE
    assert reddish(image) > 3000
    said = "NOT SENT" if lang == "en" else "送信なし"
    for words in ("shop.example.jp", "FujiSSL", "Security Communication RootCA2", said):
        assert words in picture.alt
    assert len(picture.png) < 150_000


def test_a_whole_chain_has_nothing_red() -> None:
    """What is in order does not alarm."""
    report = missing_intermediate(QUESTION)
    assert report.path is not None
    path = tuple(one for one in report.path if one.source != "aia")
    image = read(chain_picture(report.model_copy(update={"path": path}), CHECKED, "en"))
    assert reddish(image) == 0


def test_an_expired_certificate_is_seen_and_said() -> None:
    """Its bar ends before the moment of the check."""
    report = with_chain(
        certificate("shop.example.jp", "CA", days=-3),
        certificate("CA", "Root", days=4000, role="intermediate"),
    )
    picture = validity_picture(report, CHECKED, "en")
    assert picture is not None
    assert "shop.example.jp: was valid from 2026-10-01, EXPIRED on 2026-11-17." in picture.alt
    assert reddish(read(picture)) > 1000


@pytest.mark.parametrize("days", [-4000, -3, -1, 0, 1, 6, 41, 398, 9000])
def test_the_axis_shows_what_decides(days: int) -> None:
    """The server's own life and the moment of the check lie within it, with room and few days named."""
    found = spans(with_chain(certificate("shop.example.jp", "CA", days=days)), CHECKED)
    begin, end = axis(found, CHECKED)
    assert begin < found[0].begins <= found[0].ends < end
    assert begin < CHECKED < end
    named = ticks(begin, end)
    assert len(named) <= 8
    assert len({later - earlier for earlier, later in pairwise(named)}) <= 1


def test_a_long_lived_root_does_not_squeeze_the_server_s_own() -> None:
    """What is valid now and ends far away goes beyond the edge."""
    found = spans(
        with_chain(
            certificate("shop.example.jp", "Root", days=41),
            certificate("Root", "Root", days=9000, role="root"),
        ),
        CHECKED,
    )
    _, end = axis(found, CHECKED)
    assert end < CHECKED + timedelta(days=60)


@given(report=reports, moment=moments, lang=st.sampled_from(LANGS))
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=25, phases=PHASES)
def test_any_report_makes_pictures_within_bounds(
    report: Report, moment: datetime, lang: Lang
) -> None:
    """Hostile names, any years, any shape."""
    for draw in (chain_picture, validity_picture):
        picture = draw(report, moment, lang)
        if picture is not None:
            image = read(picture)
            assert image.height <= MOST_HEIGHT * SCALE
            assert 0 < len(picture.alt) <= ALT_CHARACTERS
            assert picture.name.isascii()


@pytest.mark.usefixtures("no_japanese")
def test_without_a_japanese_font_nothing_is_drawn_as_boxes() -> None:
    """English in the picture, a number for the name; the alternative text is Japanese all the same."""
    assert drawable("shop.example.jp “CA” …")
    assert not drawable("認証局")
    report = with_chain(certificate("認証局 東京 G2", "CA"))
    picture = chain_picture(report, CHECKED, "ja")
    assert picture is not None
    assert "認証局 東京 G2：送信あり" in picture.alt
    read(picture)
    assert drawn_name("認証局 東京 G2", 2, catalogue("en")).startswith("Certificate 2 ")
    assert drawn_name("Société Générale", 2, catalogue("en")) == "Societe Generale"


def test_the_colours_of_words_have_contrast() -> None:
    """4.5 to 1 on the ground that they stand on (WCAG 2.2, 1.4.3)."""
    pairs = [(INK, PAPER), (SOFT, PAPER), (PAPER, INK)]
    for colour, ground in COLOURS.values():
        pairs += [(colour, ground), (colour, PAPER), (INK, ground)]
    for one, other in pairs:
        light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (one, other)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
