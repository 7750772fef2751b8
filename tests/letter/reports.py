"""Reports of the whole lab, made once for the letters' tests."""

import asyncio
import functools

from bot.demo.lab import SCENARIOS
from bot.diagnosis.report import Report
from tests.diagnosis.test_lab import reports_of


@functools.cache
def lab_reports() -> dict[str, Report]:
    """The Report of every scenario, by its name."""
    return asyncio.run(reports_of(list(SCENARIOS)))
