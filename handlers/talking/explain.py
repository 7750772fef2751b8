"""Explaining a pasted error in Slack: the message, the window to paste into, and its submission.

`explain_message` is for every listener that has a text to explain (the command, the window; a
thread or a message's shortcut alike). The text is used for that one answer and goes nowhere else:
what is pasted into the window is neither stored nor logged, and the one line that is quoted has its
secrets masked.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from slack_bolt.async_app import AsyncAck

from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.target import TargetError, parse_target
from bot.explain import Explanation, Place, explain
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.explanation import headline, likelihood, origin, phrase_explanation
from handlers.answers.sentences import say
from handlers.asking.command import command_text
from handlers.asking.press import CHECK, Press
from handlers.desk import Desk
from handlers.owed.delivery import is_resumed
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element, Message
from handlers.slack.escape import mrkdwn, shorten, visible
from handlers.slack.work import TooMuchWorkError

log = structlog.get_logger(__name__)

VIEW: Final = "tlscheck_explain_view"
"""Callback id of the window."""
_INPUT: Final = "tlscheck_explain_input"
_TEXT: Final = "tlscheck_explain_text"

View = dict[str, Any]


class _Kept(BaseModel):
    """What the window carries to its submission: where the answer goes, and in which language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    lang: Lang


def explain_message(text: str, lang: Lang) -> Message:
    """What an error text means, with a button that checks the server it names.

    Args:
        text: As it was pasted, of any length.
        lang: The reader's language.
    """
    return render_explanation(phrase_explanation(explain(text), lang), lang)


def render_explanation(explanation: Explanation, lang: Lang, *, button: bool = True) -> Message:
    """The message for an explanation whose texts are in `lang`.

    `button`: with one that checks the named server; not where it is being checked already.
    """
    texts = catalogue(lang)
    title = headline(explanation, texts)
    made: list[Block] = [
        blocks.header(title),
        blocks.rich(blocks.paragraph(blocks.word(explanation.summary))),
    ]
    made += _candidates(explanation, texts)
    made += _steps(explanation, texts, checked=not button)
    made += _evidence(explanation, texts)
    named = _button(explanation, lang, texts) if button else None
    if named is not None:
        made.append(blocks.actions(named))
    text = texts.text("slack.answer.text", headline=title, summary=explanation.summary)
    return Message(shorten(mrkdwn(text), limits.MESSAGE_TEXT), tuple(made))


def explain_view(lang: Lang, response_url: str) -> View:
    """The window to paste an error into; its answer goes to `response_url`."""
    texts = catalogue(lang)
    kept = _Kept(url=response_url, lang=lang)
    return {
        "type": "modal",
        "callback_id": VIEW,
        "title": blocks.plain(texts.text("slack.explain.title"), limits.VIEW_TITLE),
        "submit": blocks.plain(texts.text("slack.explain.submit"), limits.VIEW_TITLE),
        "close": blocks.plain(texts.text("slack.details.close"), limits.VIEW_CLOSE),
        "private_metadata": kept.model_dump_json(),
        "blocks": [
            {
                "type": "input",
                "block_id": _INPUT,
                "label": blocks.plain(texts.text("slack.explain.label")),
                "hint": blocks.plain(texts.text("slack.explain.hint")),
                "element": {
                    "type": "plain_text_input",
                    "action_id": _TEXT,
                    "multiline": True,
                    "max_length": limits.INPUT_CHARACTERS,
                    "focus_on_load": True,
                },
            }
        ],
    }


async def open_window(desk: Desk, lang: Lang, trigger_id: str, response_url: str) -> None:
    """Open the window, while the trigger lives; a failure is told to the asker."""
    try:
        await desk.client.views_open(trigger_id=trigger_id, view=explain_view(lang, response_url))
    except Exception as error:
        await desk.tell(response_url, desk.failure(error, lang, "", "explain"))


async def answer_submission(desk: Desk, ack: AsyncAck, body: Mapping[str, Any]) -> None:
    """Take what was pasted into the window, close it, and answer where it was opened."""
    view = body.get("view")
    view = view if isinstance(view, Mapping) else {}
    try:
        kept = _Kept.model_validate_json(str(view.get("private_metadata")))
    except ValidationError:
        await ack()
        log.warning("a window of another version was sent off")
        return
    if is_resumed():
        # What was pasted is not stored, as the window says: it has to be pasted again.
        await desk.tell(kept.url, say(kept.lang, "owed.lost"))
        await ack()
        return
    text = _typed(view)
    if not text.strip():
        sentence = catalogue(kept.lang).text("slack.explain.empty")
        await ack(response_action="errors", errors={_INPUT: sentence})
        return
    await ack()
    # The window itself was taken once by the gate.
    shown = {**body, "view": {name: one for name, one in view.items() if name != "state"}}
    owed = await desk.owe("window", str(body.get("trigger_id") or ""), shown)
    try:
        desk.work.start(desk.ledger.carry(owed, _answer, desk, kept, text), name="explain")
    except TooMuchWorkError as error:
        message = desk.failure(error, kept.lang, "", "explain")
        telling = desk.ledger.carry(owed, _tell, desk, kept, message)
        desk.work.start(telling, name="tell", follows=True)


async def _answer(desk: Desk, kept: _Kept, text: str) -> None:
    try:
        message = await asyncio.to_thread(explain_message, text, kept.lang)
    except Exception as error:
        message = desk.failure(error, kept.lang, "", "explain")
    await _tell(desk, kept, message)


async def _tell(desk: Desk, kept: _Kept, message: Message) -> None:
    await desk.tell(kept.url, message)


def _typed(view: Mapping[str, Any]) -> str:
    value: Any = view
    for name in ("state", "values", _INPUT, _TEXT, "value"):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _candidates(explanation: Explanation, texts: Catalogue) -> list[Block]:
    told = explanation.candidates
    if explanation.cause is Cause.NOT_A_TLS_ERROR or not told:
        return []
    if len(told) == 1 and told[0].cause is explanation.cause:
        return []
    heading = blocks.paragraph(
        blocks.word(texts.text("explain.heading.candidates"), bold=True),
    )
    lines = [
        blocks.paragraph(
            blocks.word(likelihood(one, texts), bold=True), blocks.word(f"  {one.title}")
        )
        for one in told
    ]
    return [blocks.rich(heading, blocks.bullets(lines))]


def _steps(explanation: Explanation, texts: Catalogue, *, checked: bool) -> list[Block]:
    # Where the server is being checked anyhow, nobody is told to.
    shown = [one for one in explanation.next_steps if not (checked and one.code == "check")]
    if not shown:
        return []
    heading = texts.text("explain.heading.steps")
    elements: list[Element] = [blocks.paragraph(blocks.word(heading, bold=True))]
    together: list[Element] = []
    for done, step in enumerate(shown, start=1):
        text = "\n" + shorten(step.text, 800)
        together.append(blocks.paragraph(blocks.word(step.title, bold=True), blocks.word(text)))
        # The check of a named server is the button's.
        command = "" if step.code == "check" else step.command or ""
        if command or done == len(shown):
            # One alone needs no number.
            before = done - len(together)
            elements += [blocks.numbered(together, before)] if len(shown) > 1 else together
            together = []
        if command:
            elements.append(blocks.preformatted(command.replace("tlscheck check ", "/tlscheck ")))
    return [blocks.rich(*elements)]


def _evidence(explanation: Explanation, texts: Catalogue) -> list[Block]:
    lines: list[Block] = []
    if explanation.evidence:
        heading = texts.text("explain.heading.evidence")
        lines.append(
            blocks.rich(
                blocks.paragraph(blocks.word(heading, bold=True)),
                blocks.preformatted(explanation.evidence),
            )
        )
    said = [origin(explanation, texts)]
    if explanation.serving:
        said.append(texts.text("explain.printed_by_server"))
    if explanation.host:
        place = Place(explanation.host, explanation.port).target
        said.append(texts.text("explain.names_host", host=place))
    shown = [one for one in said if one]
    return [*lines, blocks.context(*shown)] if shown else lines


def _button(explanation: Explanation, lang: Lang, texts: Catalogue) -> Element | None:
    """The check of the named server: afterwards nothing is ambiguous any more."""
    if explanation.host is None or not explanation.mentions_tls:
        return None
    place = Place(explanation.host, explanation.port)
    try:
        target = parse_target(place.target, starttls=explanation.starttls)
        if explanation.port is not None:
            target = target.model_copy(update={"port": explanation.port})
        press = Press(command=command_text(Question(target=target), lang), lang=lang)
    except (TargetError, ValueError):
        return None
    value = press.encode()
    if value is None:
        return None
    name = shorten(visible(place.target), 50)
    return blocks.button(CHECK, texts.text("slack.button.check", host=name), value, style="primary")
