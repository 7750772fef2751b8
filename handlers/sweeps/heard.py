"""A list in the talk with the bot: a file beside the word "sweep", or hosts behind it."""

import re
from typing import Final

from handlers.answers.sentences import say
from handlers.desk import Desk
from handlers.slack.blocks import Message
from handlers.sweeps.begin import Wanted, begin
from handlers.talking.heard import Heard
from handlers.talking.scene import Scene, post

_WORD: Final = re.compile(r"(?<![\w.:-])(?:sweep|一括確認)(?![\w.:-])", re.IGNORECASE)
# docs.slack.dev/messaging/formatting-message-text#links-in-retrieved-messages
_LINK: Final = re.compile(r"<(?![@#!])([^<>|]*)(?:\|[^<>]*)?>")
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def asks_to_sweep(heard: Heard) -> bool:
    """Whether somebody wants a list checked: the word beside a file, or before everything else."""
    found = _WORD.search(heard.text)
    return found is not None and (bool(heard.files) or not heard.text[: found.start()].strip())


async def sweep_heard(desk: Desk, scene: Scene, heard: Heard) -> None:
    """Begin with the file, or with the hosts behind the word; answered where it was said."""
    lang = scene.lang
    typed = _typed(heard.text)
    problem = None
    if not desk.most_swept:
        problem = "closed"
    elif len(heard.files) > 1:
        problem = "several_files"
    elif not heard.files and not typed:
        problem = "no_file"
    if problem is not None:
        await post(desk, scene, say(lang, f"sweep.slack.error.{problem}"))
        return
    wanted = Wanted(
        user=heard.user,
        channel=heard.channel,
        lang=lang,
        team=heard.team,
        thread_ts=heard.thread,
    )

    async def tell(message: Message) -> None:
        await post(desk, scene, message)

    await begin(desk, wanted, heard.files[0] if heard.files else typed, tell)


def _typed(text: str) -> str:
    """What stands behind the word, a host a line."""
    found = _WORD.search(text)
    rest = _LINK.sub(r"\1", text[found.end() :] if found else "")
    for entity, character in _ENTITIES:
        rest = rest.replace(entity, character)
    return "\n".join(rest.split())
