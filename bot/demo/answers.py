"""`python -m bot.demo.answers README.md`: ten answers from the lab, between two marks of the file.

They are the first lines that people read, made by real checks; `tests/demo/test_answers.py` says
when the file is behind.
"""

import asyncio
import re
import sys
from pathlib import Path

from bot.demo.lab import SCENARIOS, open_lab
from bot.demo.vantages import lab_vantage
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.diagnosis.target import parse_target
from bot.settings import load_settings
from bot.texts import phrase_report
from bot.texts.catalogue import Lang

BEGIN, END = "<!-- ten answers: made by make answers -->\n", "<!-- end of the ten answers -->\n"
HOST = "shop.example.jp"
ANSWERS: tuple[tuple[str, Lang], ...] = (
    ("missing-intermediate", "en"),
    ("missing-intermediate", "ja"),
    ("wrong-intermediate", "en"),
    ("expired", "en"),
    ("expired", "ja"),
    ("hostname-mismatch", "en"),
    ("self-signed", "ja"),
    ("revoked-ocsp", "en"),
    ("intercepted", "en"),
    ("plaintext-http", "en"),
)
_DATES = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?")


async def ten_answers() -> str:
    """A list in Markdown: the cause's code and what is said of it, one a line."""
    names = {name for name, _ in ANSWERS}
    reports: dict[str, Report] = {}
    async with open_lab(scenarios=[one for one in SCENARIOS if one.name in names]) as lab:
        settings = load_settings(
            _env_file=None,
            tlscheck_allow_networks=lab.networks,
            tlscheck_extra_roots=None,
            tlscheck_vantage="here",
        )
        async with lab_vantage(lab)(settings) as vantage:
            for name in names:
                host = next(one.host for one in SCENARIOS if one.name == name)
                report = await vantage.check(Question(target=parse_target(host)))
                reports[name] = _renamed(report)
    return "".join(
        f"{number}. `{reports[name].cause}`: {phrase_report(reports[name], lang).summary}\n"
        for number, (name, lang) in enumerate(ANSWERS, start=1)
    )


def _renamed(report: Report) -> Report:
    """The same of a host that reads like one; what the lab found stays."""
    target = report.target.model_copy(update={"host": HOST})
    findings = tuple(
        one.model_copy(update={"evidence": {**one.evidence, "host": HOST}})
        for one in report.findings
    )
    return report.model_copy(update={"target": target, "findings": findings})


def without_dates(text: str) -> str:
    """The text, but for what is another one each day."""
    return _DATES.sub("DATE", text)


def written_into(text: str, answers: str) -> str:
    """The file's text with these answers between its two marks.

    Raises:
        ValueError: A mark is missing.
    """
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return f"{text[:begin]}\n{answers}\n{text[end:]}"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    found = asyncio.run(ten_answers())
    file.write_text(written_into(file.read_text(encoding="utf-8"), found), encoding="utf-8")
