"""The ten answers of the README are what checks of the lab say today."""

from pathlib import Path

from bot.demo.answers import ANSWERS, ten_answers, without_dates, written_into
from bot.texts.phrase import LONGEST_SUMMARY

README = Path(__file__).parents[2] / "README.md"


async def test_the_readme_shows_what_is_said_today() -> None:
    """Apart from the dates; `make answers` brings it up to date."""
    text = README.read_text(encoding="utf-8")
    answers = await ten_answers()
    assert without_dates(written_into(text, answers)) == without_dates(text)
    lines = answers.splitlines()
    assert len(lines) == len(ANSWERS) == 10
    assert all(len(line.partition(": ")[2]) <= LONGEST_SUMMARY for line in lines)
