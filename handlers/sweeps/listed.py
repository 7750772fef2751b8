"""The window with the hosts of a sweep: those of a cause, or all that are broken, page by page."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from bot.diagnosis.question import Question
from bot.diagnosis.target import TargetError, parse_target
from bot.store.sweeps import KEPT
from bot.sweep import Row
from bot.sweep.job import DamagedError, unpack_rows
from bot.sweep.tally import expiry_of
from bot.texts.catalogue import Catalogue, catalogue
from handlers.asking.command import command_text
from handlers.asking.press import Press
from handlers.desk import Desk
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element
from handlers.slack.escape import mrkdwn, shorten
from handlers.slack.place import Place
from handlers.sweeps.message import cause_title, number, place_of
from handlers.sweeps.press import EARLIER, ENDS_SOON, FURTHER, HOST, SOON, SweepPress
from handlers.windows.window import push_details, update

PAGE: Final = 20
LISTED: Final = 2000
"""Hosts that are listed at most; the files have all."""

View = dict[str, Any]


async def open_list(desk: Desk, place: Place, press: SweepPress) -> None:
    """Open the window at once, and fill it in then: a trigger lives for three seconds."""
    lang = await desk.own_lang(place.user)
    press = press.model_copy(update={"lang": lang or press.lang})
    loading = catalogue(press.lang).text("slack.details.loading")
    opened = await desk.client.views_open(
        trigger_id=place.trigger_id, view=_view(press, [_plain(loading)])
    )
    await _fill(desk, str(opened["view"]["id"]), press)


async def turn_page(desk: Desk, body: Mapping[str, Any], press: SweepPress) -> None:
    """Another page of the window."""
    view = body.get("view")
    if isinstance(view, Mapping) and isinstance(view.get("id"), str):
        await _fill(desk, view["id"], press)


async def open_host(desk: Desk, place: Place, press: Press) -> None:
    """The details of a host, above the list."""
    await push_details(desk, place, press)


async def _fill(desk: Desk, view_id: str, press: SweepPress) -> None:
    texts = catalogue(press.lang)
    try:
        packed = await desk.sweeps.rows(press.sweep)
        if not packed:
            gone = texts.text("sweep.slack.error.gone", n=KEPT.days)
            await update(desk, view_id, _view(press, [_plain(gone)]))
            return
        standing = await desk.sweeps.standing(press.sweep)
        vantage = standing.sweep.vantage if standing is not None else ""
        rows = await asyncio.to_thread(_rows, packed, press.what, desk.clock())
        view = list_view(rows, press, vantage)
    except Exception as error:
        view = _view(press, [_plain(desk.failure(error, press.lang, "", "sweep").text)])
    await update(desk, view_id, view)


def _rows(packed: Sequence[bytes], what: str, now: datetime) -> list[Row]:
    found: list[Row] = []
    for parcel in packed:
        with suppress(DamagedError):
            found += [one for one in unpack_rows(parcel) if _fits(one, what, now)]
    if what == SOON:
        return sorted(found, key=lambda row: (row.not_after or now, row.host, row.port))
    return sorted(found, key=lambda row: (row.host, row.port))


def _fits(row: Row, what: str, now: datetime) -> bool:
    if what == SOON:
        return expiry_of(row.not_after, now) in ENDS_SOON
    return what in (row.verdict, row.cause)


def list_view(rows: Sequence[Row], press: SweepPress, vantage: str = "") -> View:
    """One page of the hosts.

    Args:
        rows: All of them.
        press: Which ones they are, and which page; one that does not exist is the last one.
        vantage: The place that was asked, if one was named; Details asks there, too.
    """
    texts = catalogue(press.lang)
    pages = max((min(len(rows), LISTED) + PAGE - 1) // PAGE, 1)
    page = min(press.page, pages - 1)
    made: list[Block] = [blocks.header(_heading(press.what, len(rows), texts))]
    shown = rows[page * PAGE : min((page + 1) * PAGE, LISTED)]
    made += [_host(row, at, press, vantage) for at, row in enumerate(shown)]
    if not rows:
        made.append(_plain(texts.text("sweep.slack.list.none")))
    buttons = _pager(press, page, pages, texts)
    if buttons:
        made.append(blocks.actions(*buttons))
    small = [texts.text("sweep.slack.list.note")] if rows else []
    if pages > 1:
        small.insert(0, texts.text("sweep.slack.list.page", page=page + 1, pages=pages))
    if small:
        made.append(blocks.context(*small))
    return _view(press, made)


def _heading(what: str, count: int, texts: Catalogue) -> str:
    if what in ("broken", "unreachable", SOON):
        return texts.text(f"sweep.slack.list.{what}", n=count, count=number(count))
    cause = cause_title(what, texts)
    return texts.text("sweep.slack.list.cause", n=count, count=number(count), cause=cause)


def _host(row: Row, at: int, press: SweepPress, vantage: str) -> Block:
    texts = catalogue(press.lang)
    said = [cause_title(row.cause, texts)] if row.cause and row.cause != press.what else []
    if row.not_after is not None:
        said.append(texts.text("sweep.slack.list.until", date=f"{row.not_after:%Y-%m-%d}"))
    text = f"*{mrkdwn(shorten(place_of(row), 255))}*\n{mrkdwn('  ·  '.join(said))}"
    made: Block = {"type": "section", "text": blocks.marked(text)}
    value = _press(row, press, vantage)
    if value is not None:
        made["accessory"] = blocks.button(
            f"{HOST}_{at}", texts.text("sweep.slack.button.details"), value
        )
    return made


def _press(row: Row, press: SweepPress, vantage: str) -> str | None:
    try:
        host = f"[{row.host}]" if ":" in row.host else row.host
        target = parse_target(f"{host}:{row.port}", starttls=row.starttls or None)
    except TargetError:
        return None
    target = target.model_copy(update={"port": row.port})
    command = command_text(Question(target=target), press.lang, vantage)
    return Press(command=command, lang=press.lang).encode()


def _pager(press: SweepPress, page: int, pages: int, texts: Catalogue) -> list[Element]:
    made = []
    for action, key, number_ in ((EARLIER, "earlier", page - 1), (FURTHER, "further", page + 1)):
        if 0 <= number_ < pages:
            value = press.model_copy(update={"page": number_}).encode()
            made.append(blocks.button(action, texts.text(f"sweep.slack.list.{key}"), value))
    return made


def _view(press: SweepPress, body: Sequence[Block]) -> View:
    texts = catalogue(press.lang)
    return {
        "type": "modal",
        "title": blocks.plain(texts.text("sweep.slack.list.title"), limits.VIEW_TITLE),
        "close": blocks.plain(texts.text("slack.details.close"), limits.VIEW_CLOSE),
        "blocks": list(body),
    }


def _plain(text: str) -> Block:
    return {"type": "section", "text": blocks.plain(text)}
