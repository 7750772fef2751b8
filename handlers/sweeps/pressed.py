"""The buttons of a sweep, and which listener hears what of it.

Whoever sees the message may stop the sweep and have it continued: what weighs on a network must be
stopped by whoever is there. The message says who did.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

from bot.audit import note
from bot.store.connection import StoreAwayError
from bot.store.sweeps import KEPT, MOST_WAITING, TooManySweepsError
from bot.sweep.job import Standing
from bot.sweep.progress import progress_of
from handlers.answers.sentences import say
from handlers.asking.ask import ARRIVED
from handlers.asking.press import PressError, decode_press
from handlers.asking.pressed import press_delivery
from handlers.desk import Desk
from handlers.owed.delivery import is_resumed
from handlers.slack.place import Place, read_place
from handlers.slack.work import TooMuchWorkError
from handlers.sweeps.files import send_files
from handlers.sweeps.listed import open_host, open_list, turn_page
from handlers.sweeps.message import sweep_message
from handlers.sweeps.press import (
    CONTINUE,
    EARLIER,
    FILES,
    FURTHER,
    HOST,
    SHOW,
    STOP,
    SweepPress,
    decode,
)
from handlers.sweeps.window import VIEW, take_window

_Pressed = Callable[[Desk, Place, SweepPress], Awaitable[None]]
_SHOWN: Final = re.compile(rf"{SHOW}_[a-z_]{{1,60}}")
_HOSTS: Final = re.compile(rf"{HOST}_[0-9]{{1,3}}")
_TURNED: Final = re.compile(rf"{EARLIER}|{FURTHER}")


def hear_sweeps(app: AsyncApp, desk: Desk) -> None:
    """Add the listeners of sweeps to the app."""
    pressed: tuple[tuple[str | re.Pattern[str], _Pressed], ...] = (
        (STOP, stop),
        (CONTINUE, go_on),
        (FILES, files),
        (_SHOWN, open_list),
    )
    for action_id, listener in pressed:
        app.action(action_id)(_on_press(desk, listener))

    @app.action(_TURNED)
    async def on_turn(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        desk.work.start(_turned(desk, body, action), name="sweep_page")

    @app.action(_HOSTS)
    async def on_host(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        desk.work.start(_host(desk, body, action), name="sweep_host")

    @app.view(VIEW)
    async def on_window(ack: AsyncAck, body: dict[str, Any]) -> None:
        await take_window(desk, ack, body)


async def stop(desk: Desk, place: Place, press: SweepPress) -> None:
    """Stop: its bot hears of it within moments; one that waits is stopped here."""
    was = await desk.sweeps.stop(press.sweep, place.user)
    standing = await desk.sweeps.standing(press.sweep)
    if standing is None:
        await _tell(desk, place, press, "gone", n=KEPT.days)
        return
    if was is None:
        if standing.state == "running":
            return  # somebody pressed before, and it is about to stop
        await _tell(desk, place, press, "not_running")
    else:
        note("sweep stop", id=press.sweep, done=standing.done)
    if was != "running":
        await _show(desk, standing)


async def go_on(desk: Desk, place: Place, press: SweepPress) -> None:
    """Continue: what has no result yet is asked."""
    try:
        was = await desk.sweeps.go_on(press.sweep, place.user)
    except TooManySweepsError:
        await _tell(desk, place, press, "full", n=MOST_WAITING)
        return
    standing = await desk.sweeps.standing(press.sweep)
    if standing is None:
        await _tell(desk, place, press, "gone", n=KEPT.days)
    elif was is None:
        await _tell(desk, place, press, "running")
    else:
        note("sweep continue", id=press.sweep, done=standing.done)
        if standing.state == "waiting":
            await _show(desk, standing)


async def files(desk: Desk, place: Place, press: SweepPress) -> None:
    """CSV and JSONL: into the thread, for everybody."""
    standing = await desk.sweeps.standing(press.sweep)
    if standing is None:
        await _tell(desk, place, press, "gone", n=KEPT.days)
        return
    async with desk.posts.alone(place.channel, f"files {press.sweep}") as alone:
        if not alone:
            await desk.tell(place.response_url, say(press.lang, "sweep.slack.files.busy"))
            return
        note("sweep files", id=press.sweep, done=standing.done)
        problem = await send_files(desk, standing.sweep, standing.sweep.lang)
    if problem is not None:
        await desk.tell(place.response_url, problem)


async def _show(desk: Desk, standing: Standing) -> None:
    sweep = standing.sweep
    progress = await progress_of(desk.sweeps, standing, desk.clock())
    message = sweep_message(sweep, progress)
    await desk.client.chat_update(
        channel=sweep.channel, ts=sweep.ts, text=message.text, blocks=list(message.blocks)
    )


async def _tell(
    desk: Desk, place: Place, press: SweepPress, key: str, n: int | None = None
) -> None:
    await desk.tell(place.response_url, say(press.lang, f"sweep.slack.error.{key}", n=n))


def _on_press(desk: Desk, listener: _Pressed) -> Any:
    async def on_press(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        loop = asyncio.get_running_loop()
        place = read_place(body)
        # Noted before it is acknowledged: from then on the asker relies on us.
        owed = await desk.begin("press", press_delivery(place, action))
        await ack()
        if owed is None:
            return
        job = desk.ledger.carry(owed, _run, desk, place, action, listener)
        try:
            desk.work.start(job, name=f"sweep_{listener.__name__}")
        except TooMuchWorkError as error:
            message = desk.failure(error, desk.lang, "", "sweep")
            telling = desk.ledger.carry(owed, _say, desk, place, message)
            desk.work.start(telling, name="tell", follows=True)
        arrived = context.get(ARRIVED) or loop.time()
        desk.measures.metrics.acknowledged("action", loop.time() - arrived)

    return on_press


async def _say(desk: Desk, place: Place, message: Any) -> None:
    await desk.tell(place.response_url, message)


async def _run(desk: Desk, place: Place, action: Mapping[str, Any], listener: _Pressed) -> None:
    lang = desk.lang
    try:
        press = decode(action.get("value"))
        lang = await desk.own_lang(place.user) or press.lang
        if listener is open_list and is_resumed():
            # A window cannot be opened any more: its trigger lives for three seconds.
            await desk.tell(place.response_url, say(lang, "owed.window"))
            return
        await listener(desk, place, press.model_copy(update={"lang": lang}))
    except PressError:
        await desk.tell(place.response_url, say(lang, "slack.press.unknown"))
    except StoreAwayError:
        await desk.tell(place.response_url, say(lang, "sweep.slack.error.away"))
    except asyncio.CancelledError as error:
        await desk.tell(place.response_url, desk.failure(error, lang, "", "sweep"))
        raise
    except Exception as error:
        await desk.tell(place.response_url, desk.failure(error, lang, "", "sweep"))


async def _turned(desk: Desk, body: Mapping[str, Any], action: Mapping[str, Any]) -> None:
    try:
        press = decode(action.get("value"))
    except PressError:
        return
    await turn_page(desk, body, press)


async def _host(desk: Desk, body: Mapping[str, Any], action: Mapping[str, Any]) -> None:
    place = read_place(body)
    if not await desk.first_time("press", press_delivery(place, action)):
        return
    try:
        press = decode_press(action.get("value"))
    except PressError:
        return
    await open_host(desk, place, press)
