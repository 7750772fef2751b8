"""What the sources of TLS libraries can print, each text with the causes it may mean.

`x509.txt` is OpenSSL's verify table (`number; causes; texts`), `words.txt` that of the others
(`client; causes; text`). Causes are separated by `|`; any of them is right.
"""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Line", "verify_table", "words_table"]


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a table.

    Attributes:
        key: The number or the client it stands under.
        causes: The contract's cause codes that are right.
        text: What is printed.
    """

    key: str
    causes: frozenset[str]
    text: str


def verify_table() -> tuple[Line, ...]:
    """OpenSSL's verify table: each text of each number."""
    return tuple(
        Line(key, causes, one) for key, causes, texts in _rows("x509.txt") for one in texts
    )


def words_table() -> tuple[Line, ...]:
    """The texts of every other library."""
    return tuple(Line(key, causes, "; ".join(texts)) for key, causes, texts in _rows("words.txt"))


def _rows(name: str) -> list[tuple[str, frozenset[str], list[str]]]:
    rows = []
    for row in (Path(__file__).parent / name).read_text("utf-8").splitlines():
        if row and not row.startswith("#"):
            key, causes, *texts = row.split("; ")
            rows.append((key, frozenset(causes.split("|")), texts))
    return rows
