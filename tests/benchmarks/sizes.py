"""The arithmetic of deploy/SCALE.md: from what was measured to what 10 000 and 1 000 000 hosts cost.

Pure. The document holds both tables between marks; `tests/benchmarks/test_sizes.py` computes the
second from the first again.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from bot.store.results import UNSEEN_KEPT
from bot.store.watches import MOST_IN_CHANNEL
from bot.watch import EXPIRY_INTERVAL, LAST_INTERVAL

WORDS = {
    "watch_bytes": "Redis memory of a watch: itself, its turn, the lists it is in (bytes)",
    "result_bytes": "of a stored result, sound host (bytes)",
    "broken_result_bytes": "of a stored result, missing intermediate with its fix (bytes)",
    "history_bytes": "of a host's history, one state (bytes)",
    "neighbour_bytes": "of a host among those that use an intermediate (bytes)",
    "recent_bytes": "of a recent check (bytes)",
    "shelf_bytes": "of what a CA answered, 1 500 bytes (bytes)",
    "look_commands": "Redis commands of a watch's look, those inside scripts included",
    "fresh_commands": "of a fresh check",
    "cached_commands": "of a cached answer",
    "sweep_commands": "of a host that is checked at a worker",
    "look_redis_ms": "processor time of Redis for a look (ms)",
    "look_ms": "processor time of the bot for a look, the check included (ms)",
    "fresh_ms": "of the bot for a fresh check (ms)",
}

PHASE = 1.05
"""Looks drift apart by up to a tenth of their interval (`bot.watch.next_look`)."""
LOOK_SECONDS = 0.5
"""What a look at a host on the internet takes: most are faster, one that is silent takes ten."""
LOOKS_AT_ONCE = 40
NOTICES_A_DAY = 2 / 90
"""Of a certificate of 90 days: one reminder, one renewal (`expiry`)."""
BUSY = 0.7
"""How far a core is to be used."""

BEGIN, END = "<!-- {}: made by python -m tests.benchmarks.scale -->", "<!-- end of {} -->"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of watch and how many there are."""

    name: str
    hosts: int
    interval: float


_EXPIRY, _STATE = EXPIRY_INTERVAL.total_seconds(), LAST_INTERVAL.total_seconds()
KINDS = (
    Kind("10 000 `expiry`", 10_000, _EXPIRY),
    Kind("10 000 `state`", 10_000, _STATE),
    Kind("1 000 000 `expiry`", 1_000_000, _EXPIRY),
    Kind("1 000 000 `state`", 1_000_000, _STATE),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    watch_bytes: float
    result_bytes: float
    broken_result_bytes: float
    history_bytes: float
    neighbour_bytes: float
    recent_bytes: float
    shelf_bytes: float
    look_commands: float
    fresh_commands: float
    cached_commands: float
    sweep_commands: float
    look_redis_ms: float
    look_ms: float
    fresh_ms: float

    def table(self) -> str:
        """The measured values as a table."""
        rows = [f"| {words} | {getattr(self, name):g} |" for name, words in WORDS.items()]
        return "\n".join(("| measured | |", "| --- | ---: |", *rows))

    def computed(self) -> str:
        """What follows for so many watched hosts, as a table."""
        lines: Sequence[tuple[str, Callable[[Kind], float]]] = (
            ("looks a second", self.looks),
            ("Redis commands a second", lambda one: self.looks(one) * self.look_commands),
            ("cores of Redis (it has one)", self.redis_cores),
            ("memory of Redis, MB", self.megabytes),
            ("cores of bots, used to 70 %", self.bot_cores),
            ("bots, 40 looks at a time of 0.5 s", self.bots),
            ("Slack messages a day", self.messages),
            ("channels, 200 watches in each", lambda one: one.hosts / MOST_IN_CHANNEL),
        )
        head = ["| |" + "".join(f" {one.name} |" for one in KINDS), "| --- |" + " ---: |" * 4]
        rows = [
            f"| {words} |" + "".join(f" {rounded(of(one))} |" for one in KINDS)
            for words, of in lines
        ]
        return "\n".join((*head, *rows))

    def looks(self, kind: Kind) -> float:
        """A second."""
        return kind.hosts / (kind.interval * PHASE)

    def redis_cores(self, kind: Kind) -> float:
        """Of the one thread that carries out commands."""
        return self.looks(kind) * self.look_redis_ms / 1000

    def megabytes(self, kind: Kind) -> float:
        """Watch, history and neighbours of each host, and the results that looks leave behind."""
        each = self.watch_bytes + self.history_bytes + self.neighbour_bytes
        results = self.looks(kind) * UNSEEN_KEPT.total_seconds() * self.result_bytes
        return (kind.hosts * each + results) / 1e6

    def bot_cores(self, kind: Kind) -> float:
        """Processor cores of all bots together."""
        return self.looks(kind) * self.look_ms / 1000 / BUSY

    def bots(self, kind: Kind) -> float:
        """Processes, by how many looks each has under way."""
        return max(1.0, self.looks(kind) * LOOK_SECONDS / LOOKS_AT_ONCE, self.bot_cores(kind))

    def messages(self, kind: Kind) -> float:
        """Where certificates are renewed in time; a `state` watch tells changes alone."""
        return kind.hosts * NOTICES_A_DAY


def rounded(value: float) -> str:
    """Two digits that count; thousands apart."""
    if 0 < value < 0.01:
        return "< 0.01"
    if value >= 100:
        digits = len(str(int(value))) - 2
        return f"{round(value, -digits):,.0f}".replace(",", " ")
    return f"{float(f'{value:.2g}'):g}"


def between(text: str, name: str) -> str:
    """What stands between the marks of that name.

    Raises:
        ValueError: The marks are not there.
    """
    found = re.search(
        rf"{re.escape(BEGIN.format(name))}\n(.*?)\n{re.escape(END.format(name))}", text, re.DOTALL
    )
    if found is None:
        raise ValueError(name)
    return found[1].strip()


def read(text: str) -> Figures:
    """The measured values of the document.

    Raises:
        ValueError: One is missing or no number.
    """
    table = between(text, "measured")
    values = {}
    for one in fields(Figures):
        found = re.search(rf"^\| {re.escape(WORDS[one.name])} \| ([0-9.e+]+) \|$", table, re.M)
        if found is None:
            raise ValueError(one.name)
        values[one.name] = float(found[1])
    return Figures(**values)


def write(document: Path, figures: Figures) -> None:
    """Put both tables into the document."""
    text = document.read_text(encoding="utf-8")
    for name, table in (("measured", figures.table()), ("computed", figures.computed())):
        begin, end = BEGIN.format(name), END.format(name)
        between(text, name)  # both marks are there
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    document.write_text(text, encoding="utf-8")
