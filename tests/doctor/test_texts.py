"""Codes and words: what a look can say has its sentence, and what is wrong has its remedy."""

import re
from pathlib import Path

import pytest

from bot.doctor import AREAS
from bot.texts import LANGS, Lang, catalogue
from tests.texts.test_catalogues import messages

ROOT = Path(__file__).parents[2]
_SOURCE = "\n".join(
    file.read_text(encoding="utf-8")
    for file in (
        *sorted((ROOT / "bot" / "doctor").glob("*.py")),
        ROOT / "handlers" / "install" / "doctor.py",
    )
)
_SAID = re.compile(r'\b(fine|note|wrong|unset)\(\s*"(\w+)",\s*"(\w+)"')


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_found_has_words_and_what_is_wrong_a_remedy(lang: Lang) -> None:
    """Every code that stands in the code as a whole."""
    said = _SAID.findall(_SOURCE)
    assert len(said) > 50
    texts = catalogue(lang)
    for mark, area, code in said:
        assert area in AREAS
        assert texts.has(f"doctor.{area}.{code}"), code
        if mark == "wrong":
            assert texts.has(f"doctor.{area}.{code}.mend"), code


def test_no_words_are_left_over() -> None:
    """Every code of the catalogue stands in the code, at least as the part of one."""
    own = ("doctor.area.", "doctor.any.", "doctor.usage.")
    codes = {
        key.removeprefix("doctor.").removesuffix(".mend").partition(".")[2]
        for key in messages("en", "doctor")
        if key.count(".") > 1 and not key.startswith(own)
    }
    # Put together from two parts, or from another module's own codes.
    made = re.compile(r"\w+_by_proxy|(ours|theirs)_(slow|fast)")
    slips = (ROOT / "handlers" / "install" / "credentials.py").read_text(encoding="utf-8")
    unused = [one for one in codes if f'"{one}"' not in _SOURCE + slips and not made.fullmatch(one)]
    assert unused == []


@pytest.mark.parametrize("area", AREAS)
def test_every_area_has_a_heading(area: str) -> None:
    """In both languages."""
    assert all(catalogue(lang).has(f"doctor.area.{area}") for lang in LANGS)
