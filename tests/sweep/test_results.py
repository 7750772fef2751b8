"""The files of a sweep, and going on with them."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.sweep import Results, ResultsError, Tally
from bot.sweep.results import COLUMNS, row_of
from tests.store.samples import question, report


def write(jsonl: Path | None, table: Path | None, *hosts: str) -> list[str]:
    """Write a result for each; the hosts that were there before."""
    results = Results(jsonl, table)
    for host in hosts:
        results.write(report(question(host)))
    results.close()
    return [one.host for one in results.before]


@pytest.mark.parametrize("which", ["jsonl", "csv", "both"])
def test_what_was_written_is_known_again(which: str, tmp_path: Path) -> None:
    """From either file, and both stay in step."""
    jsonl = tmp_path / "out.jsonl" if which != "csv" else None
    table = tmp_path / "out.csv" if which != "jsonl" else None
    assert write(jsonl, table, "a.example", "b.example") == []
    assert write(jsonl, table, "c.example") == ["a.example", "b.example"]
    assert write(jsonl, table) == ["a.example", "b.example", "c.example"]
    if table is not None:
        rows = list(csv.reader(table.open(encoding="utf-8")))
        assert tuple(rows[0]) == COLUMNS
        assert [row[0] for row in rows[1:]] == ["a.example", "b.example", "c.example"]


def test_half_a_line_is_taken_away(tmp_path: Path) -> None:
    """The machine went down in the middle of a line: that host is asked again."""
    jsonl, table = tmp_path / "out.jsonl", tmp_path / "out.csv"
    write(jsonl, table, "a.example", "b.example")
    jsonl.write_bytes(jsonl.read_bytes()[:-100])
    assert write(jsonl, table, "b.example") == ["a.example"]
    assert [row[0] for row in csv.reader(table.open(encoding="utf-8"))] == [
        *("host", "a.example", "b.example")
    ]


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    """Nothing is added to a file that no sweep has written."""
    other = tmp_path / "notes.txt"
    other.write_text("a line\n", encoding="utf-8")
    for jsonl, table in ((other, None), (None, other)):
        with pytest.raises(ResultsError, match=r"sweep\.file\.other"):
            Results(jsonl, table)
    assert other.read_text(encoding="utf-8") == "a line\n"
    with pytest.raises(ResultsError, match=r"sweep\.file\.unusable"):
        Results(tmp_path, None)


def test_a_cell_is_no_formula(tmp_path: Path) -> None:
    """What a certificate says cannot act in a spreadsheet."""
    table = tmp_path / "out.csv"
    one = report(question("a.example"))
    leaf = one.endpoints[0].chain[0].model_copy(update={"issuer_name": "=HYPERLINK(1)\n@x"})
    endpoint = one.endpoints[0].model_copy(update={"chain": (leaf,)})
    results = Results(None, table)
    results.write(one.model_copy(update={"endpoints": (endpoint,)}))
    results.close()
    [_, row] = csv.reader(table.open(encoding="utf-8"))
    assert row[COLUMNS.index("issuer")] == "'=HYPERLINK(1) @x"


def test_the_summary_counts() -> None:
    """By verdict, cause, issuer and expiry."""
    now = datetime.now(UTC)
    tally = Tally()
    for days in (-1, 3, 20, 60, 400):
        tally.add(row_of(report(question(), ends=now + timedelta(days=days))), now)
    assert (tally.total, tally.verdicts["broken"]) == (5, 5)
    assert tally.causes == {"missing_intermediate": 5}
    assert tally.expiry == {"expired": 1, "week": 1, "month": 1, "quarter": 1, "later": 1}
