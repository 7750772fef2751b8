"""The benchmarks run, at a size that measures nothing: whether goals are kept is for a quiet machine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TINY = {
    "one_check": ["--runs", "1", "--no-scanners"],
    "many_checks": ["--checks", "8", "--at-once", "4", "--seconds", "1"],
    "sweep": ["--hosts", "20", "--leaves", "4", "--alone", "5", "--seconds", "1"],
    "cached_answer": ["--alone", "3", "--burst", "6", "--slow", "3", "--hosts", "2"],
}


@pytest.mark.parametrize("name", TINY)
def test_a_benchmark_prints_its_ratios(name: str) -> None:
    """Each script ends well and prints goals, measured values and their ratios."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}", *TINY[name]],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    # Without the openssl command one_check has nothing to hold itself to, and says so.
    ratio = r"<= [\d.]+ ms +[\d.]+ ms +\d+\.\d\d$"
    assert re.search(ratio, done.stdout, re.MULTILINE) or "openssl: missing" in done.stdout
