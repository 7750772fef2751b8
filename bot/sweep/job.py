"""A sweep that a bot runs for somebody: what was asked, how far it is, and its results in parcels.

Values only: where they are kept is `bot.store.sweeps`' business, who runs them `sweeper`'s. A
parcel holds some hundred results twice: as rows, which the summary and the lists are made of, and
as whole Reports, which only the files need. What is unpacked comes from Redis and is untrusted.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.diagnosis.report import Report, Target
from bot.diagnosis.target import TargetError, parse_target
from bot.listing import LONGEST_LIST
from bot.sweep.results import Row, row_of
from bot.texts.catalogue import Lang

ANYWHERE: Final = ""
"""In place of a place's name: all workers, or the bot itself where there are none."""

PARCEL: Final = 200
"""Results of one parcel at most: what a bot that dies takes with it is asked again."""
LARGEST_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes. 100 000 targets, or a parcel of 200 Reports, take a tenth of it."""

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
SlackId = Annotated[str, Field(pattern=r"^[A-Z0-9]{0,32}$")]
State = Literal["waiting", "running", "stopped", "done"]


class DamagedError(Exception):
    """What was stored is not what was written."""


class Sweep(BaseModel):
    """What was asked, by whom, and where it is told; it never changes.

    `ts` is the message that tells how far it is; `vantage` the place, or `ANYWHERE`; `space` the
    workspace, where there are several.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    title: Annotated[str, Field(max_length=200)]
    count: Annotated[int, Field(ge=1, le=LONGEST_LIST)]
    vantage: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$")] = ANYWHERE
    lang: Lang
    user: SlackId
    channel: SlackId
    ts: Annotated[str, Field(pattern=r"^[0-9.]{1,32}$")]
    thread_ts: Annotated[str, Field(pattern=r"^[0-9.]{1,32}$")] | None = None
    team: SlackId = ""
    space: Annotated[str, Field(max_length=64)] = ""
    asked_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a sweep is: its state, who brought it there (empty: nobody), and the results so far."""

    sweep: Sweep
    state: State
    by: str = ""
    done: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Some results, packed."""

    count: int
    rows: bytes
    reports: bytes


def pack_targets(targets: Iterable[Target]) -> bytes:
    """A list of targets; not as they were typed (a URL may carry a secret in its path)."""
    lines = [[one.host, one.port, one.starttls or ""] for one in targets]
    return zlib.compress(json.dumps(lines, separators=(",", ":")).encode())


def unpack_targets(packed: bytes) -> list[Target]:
    """The targets again.

    Raises:
        DamagedError: They are none.
    """
    return [_target(line) for line in _lines(packed)]


def pack(reports: Sequence[Report]) -> Parcel:
    """A parcel of results. Some milliseconds: call it in a thread."""
    lines = []
    for report in reports:
        row = row_of(report)
        until = int(row.not_after.timestamp()) if row.not_after is not None else None
        lines.append(
            [row.host, row.port, row.starttls, row.verdict, row.cause, row.issuer[:200], until]
        )
    whole = "".join(one.model_dump_json(by_alias=True) + "\n" for one in reports)
    return Parcel(
        len(reports),
        zlib.compress(json.dumps(lines, separators=(",", ":")).encode()),
        zlib.compress(whole.encode()),
    )


def unpack_rows(packed: bytes) -> list[Row]:
    """The rows of a parcel.

    Raises:
        DamagedError: They are none.
    """
    return [_row(line) for line in _lines(packed)]


def unpack_reports(packed: bytes) -> Iterator[Report]:
    """The Reports of a parcel, one after the other.

    Raises:
        DamagedError: They are none.
    """
    for line in _unzipped(packed).split(b"\n"):
        if line:
            try:
                yield Report.model_validate_json(line)
            except ValidationError as error:
                raise DamagedError from error


def _lines(packed: bytes) -> list[object]:
    try:
        lines = json.loads(_unzipped(packed))
    except (ValueError, RecursionError) as error:
        raise DamagedError from error
    if not isinstance(lines, list) or len(lines) > LONGEST_LIST:
        raise DamagedError
    return lines


def _unzipped(packed: bytes) -> bytes:
    try:
        unzip = zlib.decompressobj()
        text = unzip.decompress(packed, LARGEST_UNPACKED)
    except zlib.error as error:
        raise DamagedError from error
    if not unzip.eof:
        raise DamagedError
    return text


def _target(line: object) -> Target:
    match line:
        case [str(host), int(port), str(starttls)]:
            shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            try:
                known = parse_target(shown, starttls=starttls or None)
            except TargetError as error:
                raise DamagedError from error
            if known.host == host:
                return known.model_copy(update={"input": shown, "port": port})
    raise DamagedError


def _row(line: object) -> Row:
    match line:
        case [
            str(host),
            int(port),
            str(starttls),
            str(verdict),
            str(cause),
            str(issuer),
            int() | None as until,
        ]:
            try:
                not_after = None if until is None else datetime.fromtimestamp(until, UTC)
            except (OverflowError, OSError, ValueError) as error:
                raise DamagedError from error
            return Row(host, port, starttls, verdict, cause, issuer, not_after)
    raise DamagedError
