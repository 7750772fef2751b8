"""Everything that a sweep found, as files: a table (CSV) and a Report a line (JSONL).

They are the files of `tlscheck sweep`, made by the same code, so that what reads those reads these.
Made in a thread, one sweep at a time; large ones are compressed.
"""

import asyncio
import gzip
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.store.sweeps import Sweeps
from bot.sweep import Results
from bot.sweep.job import DamagedError, Sweep, unpack_reports
from bot.texts import phrase_report
from bot.texts.catalogue import Lang, catalogue
from handlers.answers.sentences import say
from handlers.desk import Desk
from handlers.slack.blocks import Message
from handlers.slack.trouble import reason_of, why
from handlers.sweeps.message import number

log = structlog.get_logger(__name__)

PLAIN_BYTES: Final = 20_000_000
"""A larger file of Reports is compressed; it shrinks to less than a tenth."""
_MARK: Final = b"\xef\xbb\xbf"
"""Without it Excel takes UTF-8 for another encoding."""
_ONE_AT_A_TIME: Final = asyncio.Semaphore(1)


async def send_files(desk: Desk, sweep: Sweep, lang: Lang) -> Message | None:
    """Make the files and post them into the sweep's thread.

    Returns:
        What to tell who pressed, where they were not posted there.
    """
    with TemporaryDirectory(prefix="tlscheck-") as folder:
        async with _ONE_AT_A_TIME:
            made, count = await _make(desk.sweeps, sweep, lang, Path(folder))
        comment = catalogue(lang).text("sweep.slack.files.comment", n=count, count=number(count))
        uploads = [{"file": str(one), "filename": one.name, "title": one.name} for one in made]
        try:
            await desk.client.files_upload_v2(
                file_uploads=uploads,
                channel=sweep.channel,
                thread_ts=sweep.thread_ts or sweep.ts,
                initial_comment=comment,
            )
        except (SlackApiError, SlackRequestError, aiohttp.ClientError, TimeoutError) as error:
            return _failed(sweep, lang, reason_of(error))
        except OSError as error:
            return _failed(sweep, lang, type(error).__name__)
    return None


def _failed(sweep: Sweep, lang: Lang, reason: str) -> Message:
    log.warning("files of a sweep were not posted", id=sweep.id, reason=reason)
    return say(lang, "sweep.slack.files.failed", why=why(reason, lang))


async def _make(sweeps: Sweeps, sweep: Sweep, lang: Lang, folder: Path) -> tuple[list[Path], int]:
    stem = f"tlscheck-{sweep.asked_at:%Y%m%d-%H%M}"
    table, lines = folder / f"{stem}.csv", folder / f"{stem}.jsonl"
    results = await asyncio.to_thread(Results, lines, table)
    count = 0
    try:
        async for packed in sweeps.reports(sweep.id):
            # Parcel by parcel: between two of them others have their turn.
            count += await asyncio.to_thread(_write, results, packed, lang)
    finally:
        results.close()
    return await asyncio.to_thread(_finished, table, lines), count


def _write(results: Results, packed: bytes, lang: Lang) -> int:
    count = 0
    try:
        for report in unpack_reports(packed):
            results.write(phrase_report(report, lang))
            count += 1
    except DamagedError:
        log.warning("a parcel of a sweep cannot be read")
    return count


def _finished(table: Path, lines: Path) -> list[Path]:
    marked = table.with_suffix(".new")
    with marked.open("wb") as target, table.open("rb") as source:
        target.write(_MARK)
        shutil.copyfileobj(source, target)
    marked.replace(table)
    if lines.stat().st_size <= PLAIN_BYTES:
        return [table, lines]
    packed = lines.with_name(f"{lines.name}.gz")
    with gzip.open(packed, "wb") as target, lines.open("rb") as source:
        shutil.copyfileobj(source, target)
    return [table, packed]
