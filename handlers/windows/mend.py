"""The listeners of the fix: the steps for whoever pressed, and those for another software."""

import re
from collections.abc import Mapping
from typing import Any

from handlers.answers.remedy import fix_message, read_choice
from handlers.answers.sentences import say
from handlers.asking.press import RESULT_ID, Press, PressError
from handlers.asking.pressed import spoken
from handlers.desk import Desk
from handlers.slack.blocks import Message
from handlers.slack.place import Place, read_place


async def show_fix(desk: Desk, place: Place, press: Press) -> None:
    """Fix: the steps for the software that was guessed, with a menu of the others."""
    press = await spoken(desk, place, press)
    answer = await desk.answer_of(press)
    if isinstance(answer, Message):
        await desk.tell(place.response_url, answer)
        return
    # A stored result of another version may have an id of another form.
    if re.fullmatch(RESULT_ID, answer.report.id):
        press = press.model_copy(update={"result": answer.report.id})
    zone = (await desk.reader(place.user)).zone
    await desk.tell(place.response_url, fix_message(answer.report, press, zone=zone))


async def choose_fix(desk: Desk, body: Mapping[str, Any], action: Mapping[str, Any]) -> None:
    """Another software was chosen: its steps take the place of the message with the menu."""
    place = read_place(body)
    option = action.get("selected_option")
    try:
        choice = read_choice(option.get("value") if isinstance(option, Mapping) else None)
    except PressError:
        await desk.tell(place.response_url, say(desk.lang, "slack.press.unknown"))
        return
    press = choice.press()
    try:
        answer = await desk.answer_of(press)
    except Exception as error:
        host = press.command.split(" ", 1)[0]
        message = desk.failure(error, press.lang, host, "choose_fix")
        await desk.tell(place.response_url, message)
        return
    if isinstance(answer, Message):
        await desk.tell(place.response_url, answer)
        return
    zone = (await desk.reader(place.user)).zone
    message = fix_message(answer.report, press, choice.software, zone)
    await desk.tell(place.response_url, message, replace=True)
