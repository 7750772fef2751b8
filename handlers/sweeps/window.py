"""The window of `/tlscheck sweep`: slash commands carry no file, a window does.

docs.slack.dev/reference/block-kit/block-elements/file-input-element: one element of a window, whose
files are in `view.state.values` when it is sent off.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from slack_bolt.async_app import AsyncAck

from bot.listing import ListTooLongError
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.worker.wire import ANY
from handlers.answers.sentences import say
from handlers.desk import Desk
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element, Message
from handlers.slack.escape import shorten
from handlers.slack.uploaded import Uploaded, read_files
from handlers.slack.work import TooMuchWorkError
from handlers.sweeps.begin import Wanted, bad_lines, begin, quick_listing
from handlers.sweeps.message import number

log = structlog.get_logger(__name__)

VIEW: Final = "tlscheck_sweep_view"
"""Callback id of the window."""
FILE: Final = "tlscheck_sweep_file"
TEXT: Final = "tlscheck_sweep_text"
VANTAGE: Final = "tlscheck_sweep_vantage"
WHERE: Final = "tlscheck_sweep_where"
LOOK_SECONDS: Final = 0.5
_MOST_PLACES: Final = 50

View = dict[str, Any]


class _Kept(BaseModel):
    """What the window carries: where it was opened, for whom, and how they are answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str
    url: str
    lang: Lang


@dataclass(frozen=True)
class Opened:
    """Where a window is opened, and in which language; `url` answers who opens it."""

    lang: Lang
    channel: str
    trigger_id: str
    url: str


async def open_list_window(desk: Desk, opened: Opened, typed: str = "") -> None:
    """Open the window, while the trigger lives; a failure is told to the asker.

    `typed`: hosts that stood behind the command.
    """
    try:
        if not desk.most_swept:
            await desk.tell(opened.url, say(opened.lang, "sweep.slack.error.closed"))
            return
        if not _places(desk):
            # Some may have come just now; the trigger does not wait for long.
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await desk.places.look()
        view = sweep_view(
            opened, _places(desk), desk.most_swept, typed, alone=not desk.few_channels
        )
        await desk.client.views_open(trigger_id=opened.trigger_id, view=view)
    except Exception as error:
        await desk.tell(opened.url, desk.failure(error, opened.lang, "", "sweep"))


def sweep_view(
    opened: Opened, places: Mapping[str, int], most: int, typed: str = "", *, alone: bool = True
) -> View:
    """The window.

    Args:
        opened: Where.
        places: How many workers stand where.
        most: Hosts of a sweep.
        typed: What stands in the box already.
        alone: It may be told in the direct messages.
    """
    lang, channel, url = opened.lang, opened.channel, opened.url
    texts = catalogue(lang)
    shown: list[Block] = [
        {
            "type": "section",
            "text": blocks.plain(texts.text("sweep.slack.window.intro", most=number(most))),
        },
        _input(
            FILE,
            texts.text("sweep.slack.window.file"),
            # Not by their names' endings: what is in it is looked at, and said in words.
            {"type": "file_input", "max_files": 1},
        ),
        _input(
            TEXT,
            texts.text("sweep.slack.window.text"),
            {
                "type": "plain_text_input",
                "multiline": True,
                "max_length": limits.INPUT_CHARACTERS,
                **({"initial_value": typed[: limits.INPUT_CHARACTERS]} if typed else {}),
            },
            hint=texts.text("sweep.slack.window.text_hint"),
        ),
    ]
    if places:
        shown.append(
            _input(VANTAGE, texts.text("sweep.slack.window.vantage"), _menu(places, texts))
        )
    if alone and not channel.startswith("D"):
        label = texts.text("sweep.slack.window.where")
        shown.append(_input(WHERE, label, _radios(("here", "alone"), texts)))
    return {
        "type": "modal",
        "callback_id": VIEW,
        "title": blocks.plain(texts.text("sweep.slack.window.title"), limits.VIEW_TITLE),
        "submit": blocks.plain(texts.text("sweep.slack.window.submit"), limits.VIEW_SUBMIT),
        "close": blocks.plain(texts.text("slack.details.close"), limits.VIEW_CLOSE),
        "private_metadata": _Kept(channel=channel, url=url, lang=lang).model_dump_json(),
        "blocks": shown,
    }


async def take_window(desk: Desk, ack: AsyncAck, body: Mapping[str, Any]) -> None:
    """The window was sent off: say at once what is wrong with it, else close it and begin."""
    view = body.get("view")
    try:
        kept = _Kept.model_validate_json(str(_at(view, "private_metadata")))
    except ValidationError:
        await ack()
        log.warning("a window of another version was sent off")
        return
    texts = catalogue(kept.lang)
    files = read_files(_at(view, "state", "values", FILE, FILE, "files"))
    typed = str(_at(view, "state", "values", TEXT, TEXT, "value") or "")
    wrong = await _wrong(files, typed, texts, desk.most_swept)
    if wrong:
        await ack(response_action="errors", errors=wrong)
        return
    user = str(_at(body, "user", "id") or "")
    where = _at(view, "state", "values", WHERE, WHERE, "selected_option", "value")
    alone = where == "alone" and not desk.few_channels
    vantage = _at(view, "state", "values", VANTAGE, VANTAGE, "selected_option", "value")
    wanted = Wanted(
        user=user,
        channel=user if alone else kept.channel,
        lang=kept.lang,
        team=str(_at(body, "user", "team_id") or ""),
        vantage=vantage if isinstance(vantage, str) and vantage in _places(desk) else "",
    )

    async def tell(message: Message) -> None:
        await desk.tell(kept.url, message)

    # The window itself was taken once by the gate.
    owed = await desk.owe("window", str(body.get("trigger_id") or ""))
    await ack()
    source = files[0] if files else typed
    try:
        desk.work.start(desk.ledger.carry(owed, begin, desk, wanted, source, tell), name="sweep")
    except TooMuchWorkError as error:
        message = desk.failure(error, kept.lang, "", "sweep")
        desk.work.start(desk.ledger.carry(owed, tell, message), name="tell", follows=True)


async def _wrong(
    files: tuple[Uploaded, ...], typed: str, texts: Catalogue, most: int
) -> dict[str, str]:
    """What is wrong, by the block that it is said under."""
    if files:
        return {TEXT: texts.text("sweep.slack.error.both")} if typed.strip() else {}
    if not typed.strip():
        return {TEXT: texts.text("sweep.slack.error.empty")}
    try:
        listing = await asyncio.to_thread(quick_listing, typed, most)
    except ListTooLongError:
        title = texts.text("sweep.slack.pasted")
        return {TEXT: texts.text("sweep.slack.error.too_many", title=title, most=number(most))}
    if listing.bad:
        # Whoever pasted it can still mend it.
        return {TEXT: shorten("\n".join(bad_lines(listing.bad, texts, 3)), 1000)}
    if not listing.targets:
        return {TEXT: texts.text("sweep.slack.error.empty")}
    return {}


def _places(desk: Desk) -> dict[str, int]:
    """How many workers stand where."""
    names = [one.vantage for one in desk.places.presences(ANY)]
    return {name: names.count(name) for name in sorted(set(names))[:_MOST_PLACES]}


def _menu(places: Mapping[str, int], texts: Catalogue) -> Element:
    workers = sum(places.values())
    options = [_option(ANY, texts.text("sweep.slack.window.everybody", n=workers))]
    for name, count in places.items():
        options.append(_option(name, texts.text("sweep.slack.window.place", n=count, name=name)))
    return {"type": "static_select", "options": options, "initial_option": options[0]}


def _radios(names: tuple[str, ...], texts: Catalogue) -> Element:
    options = [_option(one, texts.text(f"sweep.slack.window.{one}")) for one in names]
    return {"type": "radio_buttons", "options": options, "initial_option": options[0]}


def _option(value: str, text: str) -> Element:
    return {"text": blocks.plain(text, limits.OPTION_TEXT), "value": value[: limits.OPTION_VALUE]}


def _input(name: str, label: str, element: Element, hint: str = "") -> Block:
    made: Block = {
        "type": "input",
        "block_id": name,
        "label": blocks.plain(label),
        "element": {**element, "action_id": name},
        "optional": name in (FILE, TEXT),
    }
    if hint:
        made["hint"] = blocks.plain(hint)
    return made


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
