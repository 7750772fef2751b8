"""How far predictions and real clients agree, as a table for people."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

PROPERTY = "realclients"
FILE = Path(__file__).parents[1] / ".artefacts" / "realclients.md"

# Of all pairs of a client and a server.
ALL_OUTCOMES = 0.98
ALL_WORDS = 0.90

Judgement = Literal["same", "other words", "other outcome", "depends", "missing"]
# Client, server, judgement, what is to be said of it: lists, for they pass between processes.
Row = tuple[str, str, Judgement, str]


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Markdown: a line for each client, the sums, and every disagreement with its reason."""
    counts: dict[str, Counter[str]] = {}
    remarks = []
    absent = []
    for client, server, judgement, remark in rows:
        if judgement == "missing":
            absent.append(f"- {client}: missing here ({remark}), counted nowhere")
            continue
        counts.setdefault(client, Counter())[judgement] += 1
        if judgement in ("other words", "other outcome"):
            remarks.append(f"- {client}, {server}: {judgement}; {remark}")
    total: Counter[str] = sum(counts.values(), Counter())
    lines = [
        "| client | servers | outcome agrees | line agrees | depends |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(_line(client, counted) for client, counted in sorted(counts.items())),
        _line("all", total),
        *sorted(absent),
    ]
    return [*lines, *(["disagreements:", *sorted(remarks)] if remarks else [])]


def shares(counted: Counter[str]) -> tuple[float, float]:
    """How many outcomes agree, and how many lines, of those that were foretold."""
    decided = counted.total() - counted["depends"]
    outcomes = decided - counted["other outcome"]
    return outcomes / max(decided, 1), counted["same"] / max(decided, 1)


def sums(rows: Iterable[Sequence[str]]) -> Counter[str]:
    """How many pairs there are of each judgement; a missing client is in none."""
    return Counter(judgement for _, _, judgement, _ in rows if judgement != "missing")


def reached(rows: Iterable[Sequence[str]]) -> bool:
    """Whether all clients together agree as far as is asked; true where none was run."""
    counted = sums(rows)
    outcomes, words = shares(counted)
    return not counted or (outcomes >= ALL_OUTCOMES and words >= ALL_WORDS)


def _line(client: str, counted: Counter[str]) -> str:
    decided = counted.total() - counted["depends"]
    outcomes, words = shares(counted)
    return f"| {client} | {decided} | {outcomes:.1%} | {words:.1%} | {counted['depends']} |"
