"""A list of hosts as people have it: lines in a file, a column of a table, or pasted text.

From bytes to lines (`read_bytes`), from a table to its column of hosts (`rows`), and from lines to
targets (`read_lines`). Pure; everything in it comes from outside.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.diagnosis.causes import STARTTLS_PROTOCOLS
from bot.diagnosis.report import Target
from bot.diagnosis.target import TargetError, parse_target

LONGEST_LIST: Final = 100_000
_LONGEST_LINE: Final = 4_000
_PEEKED: Final = 200
"""Lines that are looked at to tell a table from a plain list."""

_HEADINGS: Final = frozenset(
    {
        *("host", "hostname", "host name", "fqdn", "domain", "server", "target", "url", "site"),
        *("ホスト", "ホスト名", "ドメイン", "ドメイン名", "サーバー", "サーバ", "対象"),
    }
)
_DELIMITERS: Final = (",", ";", "\t")

# What a zip archive (.xlsx, .ods) and an OLE document (.xls) begin with.
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

Key = tuple[str, int, str]


class NoListError(Exception):
    """The bytes are no text. `code`: `workbook` (a spreadsheet program's own format) or `binary`."""

    def __init__(self, code: Literal["workbook", "binary"]) -> None:
        super().__init__(code)
        self.code = code


class ListTooLongError(Exception):
    """More targets than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} targets")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that names no single server, and why."""

    number: int
    text: str
    error: TargetError


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list holds: each target once, the lines that are none, and how many were repeated."""

    targets: tuple[Target, ...]
    bad: tuple[BadLine, ...] = ()
    repeated: int = 0


def target_key(target: Target) -> Key:
    """What makes two targets the same."""
    return target.host, target.port, target.starttls or ""


def read_bytes(data: bytes) -> list[str]:
    """The lines of a text file, in UTF-8, UTF-16 or the code page of a Japanese Windows.

    Raises:
        NoListError: It is no text.
    """
    if data.startswith(_WORKBOOKS):
        raise NoListError("workbook")
    encodings = [name for mark, name in _MARKS if data.startswith(mark)][:1] or ["utf-8", "cp932"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.splitlines()
    raise NoListError("binary")


def rows(lines: Sequence[str]) -> list[str]:
    """Each line as the host that it names: of a table, the column of hosts; else as it is.

    A table has a heading like `host` (then `port` and `starttls` beside it count, too), or the same
    delimiter in every line. Line numbers stay what they are.
    """
    heading = next((one for one in lines[:_PEEKED] if one.strip() and one[:1] != "#"), "")
    for delimiter in _DELIMITERS:
        names = [one.casefold() for one in _cells(heading, delimiter)]
        column = next((at for at, one in enumerate(names) if one in _HEADINGS), None)
        if column is not None and (len(names) > 1 or delimiter == ","):
            beside = {one: at for at, one in enumerate(names) if one in ("port", "starttls")}
            begun = False
            made = []
            for line in lines:
                if not begun and line is heading:
                    begun = True
                    made.append("")
                else:
                    made.append(_row(_cells(line, delimiter), column, beside))
            return made
    peeked = [one for one in lines[:_PEEKED] if one.strip() and not one.lstrip().startswith("#")]
    for delimiter in _DELIMITERS:
        # One comma at the end of a line is a slip, not a table.
        if peeked and all(delimiter in one.strip().rstrip(delimiter) for one in peeked):
            return [_row(_cells(line, delimiter), 0, {}) for line in lines]
    return list(lines)


def each_line(
    lines: Iterable[str], starttls: str | None = None
) -> Iterator[tuple[int, str, Target | TargetError]]:
    """Each line that says something, with its number; empty lines and `#` are passed over."""
    for number, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("\ufeff")
        if not text or text.startswith("#"):
            continue
        try:
            yield number, text, parse_target(text, starttls=starttls)
        except TargetError as error:
            yield number, text, error


def read_lines(lines: Iterable[str], *, limit: int = LONGEST_LIST) -> Listing:
    """The targets of a list.

    Raises:
        ListTooLongError: There are more than `limit`.
    """
    targets: dict[Key, Target] = {}
    bad: list[BadLine] = []
    repeated = 0
    for number, text, found in each_line(lines):
        if isinstance(found, TargetError):
            bad.append(BadLine(number, text[:200], found))
        elif target_key(found) in targets:
            repeated += 1
        elif len(targets) == limit:
            raise ListTooLongError(limit)
        else:
            targets[target_key(found)] = found
        if len(bad) > limit:
            raise ListTooLongError(limit)
    return Listing(tuple(targets.values()), tuple(bad), repeated)


def _row(cells: Sequence[str], column: int, beside: dict[str, int]) -> str:
    def cell(at: int | None) -> str:
        return cells[at] if at is not None and at < len(cells) else ""

    host, port, protocol = cell(column), cell(beside.get("port")), cell(beside.get("starttls"))
    if not host or host.startswith("#"):
        return ""
    if port.isascii() and port.isdecimal() and "://" not in host:
        bare = host.strip("[]")
        host = f"[{bare}]:{port}" if bare.count(":") > 1 else f"{host}:{port}"
    # The schemes of these protocols say the same.
    return f"{protocol}://{host}" if protocol in STARTTLS_PROTOCOLS else host


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line[:_LONGEST_LINE]], delimiter=delimiter), [])
    except csv.Error:
        cells = line[:_LONGEST_LINE].split(delimiter)
    # A leading apostrophe is how spreadsheets keep a text from being a formula.
    return [one.strip().removeprefix("\ufeff").removeprefix("'") for one in cells]
