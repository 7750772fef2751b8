"""Questions on a result that need more than its Report: files, letters, watches, Redis, a new check.

`answer_question` gives what is posted in reply; `handlers.talking.topic` answers the rest of the questions.
"""

from bot.letter import file_name, write_letter
from bot.store.connection import StoreAwayError
from bot.texts.catalogue import catalogue
from bot.watch import Asked, Kind
from handlers.answers.fullchain import comment_on, send_full_chain, upload
from handlers.answers.remedy import fix_message
from handlers.answers.sentences import say, sentence
from handlers.asking.ask import shown_host
from handlers.asking.past import host_history
from handlers.asking.press import DETAILS, FULL_CHAIN, LETTER, Press
from handlers.desk import Desk
from handlers.sharing.threads import press_of, shown_in
from handlers.slack import blocks
from handlers.slack.blocks import Block, Message
from handlers.talking.followup import FollowUp
from handlers.talking.scene import Scene
from handlers.talking.topic import (
    Told,
    neighbours_message,
    sentence_about,
    told_about,
    what_to_ask,
)
from handlers.watches.watching import unwatch_host, watch_answer
from handlers.windows.mail import letter_messages

_MOST_NEIGHBOURS = 50


async def answer_question(
    desk: Desk, scene: Scene, told: Told, follow: FollowUp
) -> tuple[Message, ...]:
    """What is said to a question about a result.

    Args:
        desk: The tools.
        scene: Who asks, and where.
        told: The result that is meant.
        follow: The question; not one for a new check.

    Returns:
        The messages to post, in this order; none when a file was posted that says it all.
    """
    message = told_about(told, follow)
    if message is not None:
        return (message,)
    question = told.answer.record.question
    match follow.intent:
        case "fix":
            return (_fix(desk, scene, told, follow),)
        case "letter":
            return await _letter(desk, scene, told, follow)
        case "fullchain":
            return await _full_chain(desk, scene, told)
        case "watch":
            # What works is watched until its certificate ends, as by the buttons.
            fallen = told.report.verdict in ("broken", "unreachable")
            asked = Asked(
                channel=scene.channel,
                user=scene.user,
                lang=scene.lang,
                thread_ts=scene.thread,
                team=scene.team,
                message_ts=await _shown(desk, scene),
            )
            kind: Kind = "state" if fallen else "expiry"
            return (await watch_answer(desk, told.answer, kind, asked),)
        case "unwatch":
            return (await unwatch_host(desk, question, scene.channel, scene.lang),)
        case "neighbours":
            return (await _neighbours(desk, told),)
        case "history":
            return (await host_history(desk, question, scene.lang, told.answer.record.place),)
        case "details":
            return (_details(desk, scene, told),)
        case _:
            return (what_to_ask(scene.lang, known=True),)


async def _shown(desk: Desk, scene: Scene) -> str | None:
    """The shared message that a watch keeps up to date."""
    if scene.direct or scene.thread is None:
        return None
    return await shown_in(desk, scene.channel, scene.thread)


def _press(desk: Desk, scene: Scene, told: Told) -> Press | None:
    """What a button on the reply carries."""
    try:
        return press_of(told.answer, scene.lang, scene.shared(desk))
    except ValueError:
        return None


def _fix(desk: Desk, scene: Scene, told: Told, follow: FollowUp) -> Message:
    press = _press(desk, scene, told)
    fix = told.report.fix
    if press is None or told.report.verdict == "ok" or fix is None or not fix.steps:
        return sentence_about(told, "talk.fix.none")
    return fix_message(told.answer.report, press, follow.software)


async def _letter(desk: Desk, scene: Scene, told: Told, follow: FollowUp) -> tuple[Message, ...]:
    person = await desk.people.person(scene.user)
    addresses = told.answer.record.question.addresses
    letter = write_letter(
        told.answer.report,
        follow.lang or scene.lang,
        software=follow.software,
        zone=person.zone,
        name=person.name,
        address=addresses[0].address if addresses else None,
    )
    if letter.audience == "nobody":
        return (sentence(letter.body),)
    messages = letter_messages(letter.subject, letter.body)
    press = _press(desk, scene, told)
    value = press.encode() if press is not None else None
    if value is None:
        return tuple(messages)
    texts = catalogue(scene.lang)
    buttons = [blocks.button(LETTER, texts.text("talk.letter.window"), value)]
    if letter.attachments:
        buttons.append(blocks.button(FULL_CHAIN, texts.text("slack.button.fullchain"), value))
    below: tuple[Block, ...] = (
        blocks.context(texts.text("talk.letter.use")),
        blocks.actions(*buttons),
    )
    last = messages[-1]
    return (*messages[:-1], Message(last.text, (*last.blocks, *below)))


async def _full_chain(desk: Desk, scene: Scene, told: Told) -> tuple[Message, ...]:
    target = told.report.target
    host = shown_host(target)
    fix = told.report.fix
    if fix is None or not fix.fullchain_pem:
        return (say(scene.lang, "slack.fullchain.none", host=host),)
    if await upload(
        desk.client,
        pem=fix.fullchain_pem,
        name=file_name(target),
        comment=comment_on(target, scene.lang, proven=fix.proven),
        channel=scene.channel,
        thread_ts=scene.thread,
    ):
        return ()
    return (
        await send_full_chain(
            desk.client,
            pem=fix.fullchain_pem,
            proven=fix.proven,
            target=target,
            user=scene.user,
            channel=None,
            thread_ts=None,
            lang=scene.lang,
        ),
    )


async def _neighbours(desk: Desk, told: Told) -> Message:
    path = told.report.path
    if path is None or len(path) < 3:
        return sentence_about(told, "talk.neighbours.no_path")
    try:
        found = await desk.neighbours.of(path[1].sha256, desk.clock(), _MOST_NEIGHBOURS)
    except StoreAwayError:
        return sentence_about(told, "talk.neighbours.away")
    return neighbours_message(told, found, path[1].name or path[1].subject)


def _details(desk: Desk, scene: Scene, told: Told) -> Message:
    press = _press(desk, scene, told)
    value = press.encode() if press is not None else None
    if value is None:
        return what_to_ask(scene.lang, known=True)
    texts = catalogue(scene.lang)
    found = sentence_about(told, "talk.details")
    button = blocks.button(DETAILS, texts.text("slack.button.details"), value)
    return Message(found.text, (*found.blocks, blocks.actions(button)))
