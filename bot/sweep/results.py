"""The files of a sweep: a Report a line (JSONL), a table (CSV), and what they hold already.

A sweep that was stopped goes on where its files end; half a line at the end (the machine went down)
is taken away, and a result that only one of the two files has is added to the table or taken from
it. Each result is written before the next one is waited for.
"""

import csv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from bot.diagnosis.report import Report
from bot.listing import Key
from bot.listing import target_key as key_of

try:
    import fcntl
except ImportError:  # Windows has no such thing
    fcntl = None  # type: ignore[assignment]

COLUMNS = (
    *("host", "port", "starttls", "verdict", "cause", "summary", "issuer", "not_after"),
    *("addresses", "vantage", "checked_at"),
)

# A spreadsheet takes such a cell for a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ResultsError(Exception):
    """A file holds something else than results of a sweep; `key` is the sentence."""

    def __init__(self, key: str, file: Path, line: int = 0, reason: str = "") -> None:
        super().__init__(f"{file}: {key}")
        self.key = key
        self.values = {"file": str(file), "line": line, "reason": reason}


@dataclass(frozen=True, slots=True)
class Row:
    """What a sweep remembers of a result."""

    host: str
    port: int
    starttls: str
    verdict: str
    cause: str
    issuer: str
    not_after: datetime | None

    @property
    def key(self) -> Key:
        """Which target it is the result of."""
        return self.host, self.port, self.starttls


def row_of(report: Report) -> Row:
    """What is remembered of a Report."""
    leaf = next((one.chain[0] for one in report.endpoints if one.chain), None)
    return Row(
        *key_of(report.target),
        verdict=report.verdict,
        cause=report.cause or "",
        issuer=leaf.issuer_name or leaf.issuer if leaf else "",
        not_after=leaf.not_after if leaf else None,
    )


class Results:
    """The files that a sweep writes, and the rows that were in them before."""

    def __init__(self, jsonl: Path | None, table: Path | None) -> None:
        """Open the files, new ones or to go on with.

        Raises:
            ResultsError: They hold something else, cannot be written, or another sweep writes them.
        """
        self.before: list[Row] = []
        self._jsonl: TextIO | None = None
        self._table: TextIO | None = None
        try:
            if jsonl is not None:
                if table is not None and jsonl.resolve() == table.resolve():
                    raise ResultsError("sweep.file.twice", jsonl)
                self._jsonl = _opened(jsonl)
                self.before = list(map(row_of, _reports(jsonl)))
            if table is not None:
                rows = _table_rows(table)
                if jsonl is None:
                    self._table = _opened(table)
                    self.before = [_row_again(table, number, one) for number, one in rows]
                else:
                    known = {one.key for one in self.before}
                    _keep(table, rows, known)
                    self._table = _opened(table)
                if not table.is_file() or table.stat().st_size == 0:
                    csv.writer(self._table).writerow(COLUMNS)
                if jsonl is not None:
                    self._add_missing(jsonl, {_key_again(table, *one) for one in rows})
        except OSError as error:
            self.close()
            raise _unusable(error, jsonl or table) from error
        except ResultsError:
            self.close()
            raise

    def write(self, report: Report) -> None:
        """Add one result.

        Raises:
            ResultsError: It cannot be written (the disk is full).
        """
        try:
            if self._table is not None:
                self._add_row(report)
                self._table.flush()
            if self._jsonl is not None:
                self._jsonl.write(report.to_json() + "\n")
                self._jsonl.flush()
        except OSError as error:
            file = self._jsonl or self._table
            raise _unusable(error, Path(file.name) if file else None) from error

    def close(self) -> None:
        """Close the files."""
        for file in (self._jsonl, self._table):
            if file is not None:
                with suppress(OSError):  # it was said when that was written
                    file.close()

    def _add_row(self, report: Report) -> None:
        csv.writer(self._table).writerow([_harmless(one) for one in _cells(report)])  # type: ignore[arg-type] # asked for where there is one

    def _add_missing(self, jsonl: Path, have: set[Key]) -> None:
        """Give the table the rows of Reports that it does not have: it was named later."""
        if all(one.key in have for one in self.before):
            return
        for report in _reports(jsonl):
            if key_of(report.target) not in have:
                self._add_row(report)


def _cells(report: Report) -> list[str]:
    row = row_of(report)
    addresses = dict.fromkeys(one.address for one in report.endpoints)
    return [
        *(row.host, str(row.port), row.starttls, row.verdict, row.cause, report.summary),
        *(row.issuer, row.not_after.isoformat() if row.not_after else "", " ".join(addresses)),
        *(report.vantage, report.checked_at.isoformat()),
    ]


def _harmless(cell: str) -> str:
    text = " ".join(cell.split())
    return f"'{text}" if text.startswith(_FORMULA) else text


def _opened(file: Path) -> TextIO:
    """Open to add to, for this process alone.

    Raises:
        ResultsError: Another one has it.
    """
    opened = file.open("a", encoding="utf-8", newline="")
    if fcntl is not None and file.is_file():
        try:
            # It ends with the process, however that ends: flock(2).
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            opened.close()
            raise ResultsError("sweep.file.busy", file) from error
        except OSError:
            pass  # a file system without locks
    return opened


def _unusable(error: OSError, file: Path | None) -> ResultsError:
    place = Path(error.filename or file or "")
    return ResultsError("sweep.file.unusable", place, reason=error.strerror or str(error))


def _whole_lines(file: Path, begin: str) -> Iterator[tuple[int, str]]:
    """The lines of a file; what stands behind the last line's end is cut off.

    Raises:
        ResultsError: It has no whole line, and does not begin as a file of ours does.
    """
    if not file.is_file():  # a pipe, or a device, cannot be read again
        return
    with file.open("rb+") as source:
        end = 0
        for number, line in enumerate(source, start=1):
            if not line.endswith(b"\n"):
                short = min(len(line), len(begin))
                if number == 1 and line[:short] != begin.encode()[:short]:
                    raise ResultsError("sweep.file.other", file, number)
                source.truncate(end)
                return
            end += len(line)
            yield number, line.decode("utf-8", "replace")


def _reports(file: Path) -> Iterator[Report]:
    for number, line in _whole_lines(file, '{"schema":'):
        try:
            yield Report.model_validate_json(line)
        except ValidationError as error:
            raise ResultsError("sweep.file.other", file, number) from error


def _table_rows(file: Path) -> list[tuple[int, list[str]]]:
    rows: list[tuple[int, list[str]]] = []
    for number, line in _whole_lines(file, ",".join(COLUMNS)):
        cells = next(csv.reader([line]), [])
        if number == 1:
            if tuple(cells) != COLUMNS:
                raise ResultsError("sweep.file.other", file, 1)
        elif len(cells) != len(COLUMNS):
            raise ResultsError("sweep.file.other", file, number)
        else:
            rows.append((number, cells))
    return rows


def _key_again(file: Path, number: int, cells: list[str]) -> Key:
    try:
        return cells[0], int(cells[1]), cells[2]
    except ValueError as error:
        raise ResultsError("sweep.file.other", file, number) from error


def _row_again(file: Path, number: int, cells: list[str]) -> Row:
    values = dict(zip(COLUMNS, cells, strict=True))
    try:
        not_after = datetime.fromisoformat(values["not_after"]) if values["not_after"] else None
        return Row(
            *_key_again(file, number, cells),
            values["verdict"],
            values["cause"],
            values["issuer"],
            not_after,
        )
    except ValueError as error:
        raise ResultsError("sweep.file.other", file, number) from error


def _keep(file: Path, rows: list[tuple[int, list[str]]], known: set[Key]) -> None:
    """Take rows out of the table that the Reports do not have: they will come again."""
    kept = [cells for number, cells in rows if _key_again(file, number, cells) in known]
    if len(kept) == len(rows):
        return
    beside = file.with_name(f"{file.name}.new")
    with beside.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([list(COLUMNS), *kept])
    beside.replace(file)


__all__ = ["COLUMNS", "Results", "ResultsError", "Row", "key_of", "row_of"]
