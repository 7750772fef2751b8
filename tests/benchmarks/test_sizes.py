"""deploy/SCALE.md: its computed table follows from its measured one, and its words from the code."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.store.watches import MOST_IN_ALL, MOST_IN_CHANNEL
from bot.watcher import LOOKS_AT_ONCE as OF_A_BOT
from tests.benchmarks.sizes import (
    KINDS,
    LOOKS_AT_ONCE,
    WORDS,
    Figures,
    between,
    read,
    rounded,
    write,
)

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "deploy" / "SCALE.md"


def test_what_is_computed_follows_from_what_was_measured() -> None:
    """Whoever changes a figure, or the intervals of the watches, has to compute anew."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert read(text).computed() == between(text, "computed")


def test_the_bounds_that_are_named_are_those_of_the_code() -> None:
    """They break first, the document says."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert (
        f"{MOST_IN_ALL:,} watches in all and {MOST_IN_CHANNEL} in a channel".replace(",", " ")
        in text
    )
    assert LOOKS_AT_ONCE == OF_A_BOT


def test_the_arithmetic() -> None:
    """By hand: 10 000 looks in ten minutes, 5 % drift apart, 2 ms and 100 bytes each."""
    ones = Figures(**dict.fromkeys(WORDS, 0.0))
    figures = replace(ones, look_ms=2.1, watch_bytes=100.0, result_bytes=1000.0)
    state = KINDS[1]
    assert figures.looks(state) == pytest.approx(10_000 / 630)
    assert figures.bot_cores(state) == pytest.approx(10_000 / 630 * 0.0021 / 0.7)
    assert figures.megabytes(state) == pytest.approx(1 + 10_000 / 630 * 1200 * 1000 / 1e6)
    assert [rounded(one) for one in (0.00123, 0.123, 15.87, 158.7, 1587301.0)] == [
        "< 0.01", "0.12", "16", "160", "1 600 000",
    ]  # fmt: skip


def test_writing_changes_the_tables_alone(tmp_path: Path) -> None:
    """And what was written is read again."""
    copy = tmp_path / "SCALE.md"
    text = DOCUMENT.read_text(encoding="utf-8")
    copy.write_text(text, encoding="utf-8")
    other = replace(read(text), watch_bytes=9999.0)
    write(copy, other)
    assert read(copy.read_text(encoding="utf-8")) == other
    write(copy, read(text))
    assert copy.read_text(encoding="utf-8") == text


def test_the_benchmark_measures_everything(tmp_path: Path) -> None:
    """At a size that says nothing; each figure is there and above zero."""
    copy = tmp_path / "SCALE.md"
    copy.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.scale", "--many", "30", "--hosts", "6",
         "--write", str(copy)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = read(copy.read_text(encoding="utf-8"))
    assert all(getattr(found, name) > 0 for name in WORDS)
    assert re.search(r"^\| Redis commands a second", done.stdout, re.MULTILINE)
