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


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_a_line_of_somebody_elses_is_not_cut_off(name: str, tmp_path: Path) -> None:
    """A file without a whole line is only touched when it begins as ours do."""
    other = tmp_path / "hosts.txt"
    files = {"jsonl": (other, None), "csv": (None, other)}[name]
    other.write_text("shop.example.jp", encoding="utf-8")
    with pytest.raises(ResultsError, match=r"sweep\.file\.other"):
        Results(*files)
    assert other.read_text(encoding="utf-8") == "shop.example.jp"
    other.unlink()
    write(*files, "a.example")
    for length in (1, 5, 15):
        other.write_bytes(other.read_bytes()[:length])
        assert write(*files) == []
        write(*files, "a.example")


def test_a_table_that_is_asked_for_later(tmp_path: Path) -> None:
    """It gets what the Reports have by then; and a row without its Report goes."""
    jsonl, table = tmp_path / "out.jsonl", tmp_path / "out.csv"
    write(jsonl, None, "a.example", "b.example")
    write(jsonl, table, "c.example")
    assert [row[0] for row in csv.reader(table.open(encoding="utf-8"))] == [
        *("host", "a.example", "b.example", "c.example")
    ]
    write(None, table, "d.example")
    assert write(jsonl, table) == ["a.example", "b.example", "c.example"]
    assert [row[0] for row in csv.reader(table.open(encoding="utf-8"))] == [
        *("host", "a.example", "b.example", "c.example")
    ]


def test_two_sweeps_do_not_write_one_file(tmp_path: Path) -> None:
    """Nor one sweep both of its files into one; when the first ends, the next may."""
    jsonl, table = tmp_path / "out.jsonl", tmp_path / "out.csv"
    for files in ((jsonl, table), (jsonl, None), (None, table)):
        first = Results(*files)
        with pytest.raises(ResultsError, match=r"sweep\.file\.busy"):
            Results(*files)
        first.close()
        Results(*files).close()
    with pytest.raises(ResultsError, match=r"sweep\.file\.twice"):
        Results(jsonl, tmp_path / "." / "out.jsonl")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk(tmp_path: Path) -> None:
    """Is said with the file's name."""
    full = Path("/dev/full")
    results = Results(full, None)
    with pytest.raises(ResultsError, match=r"/dev/full: sweep\.file\.unusable") as caught:
        results.write(report(question("a.example")))
    assert caught.value.values["reason"] == "No space left on device"
    results.close()


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
