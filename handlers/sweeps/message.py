"""The message of a sweep, in each of its states; pure.

Hosts, issuers and the name of the file come from outside. However large the sweep, the message has
the same size: so many causes, so many examples of each, the rest as a number.
"""

from datetime import timedelta
from typing import Final

from bot.sweep import Row, Tally
from bot.sweep.job import Sweep
from bot.sweep.progress import Progress
from bot.sweep.tally import EXPIRY
from bot.texts.catalogue import Catalogue, catalogue
from bot.texts.phrase import period
from handlers.slack import blocks
from handlers.slack.blocks import Block, Element, Message
from handlers.slack.escape import mrkdwn, shorten
from handlers.sweeps.press import CONTINUE, ENDS_SOON, FILES, SHOW, SOON, STOP, SweepPress

MOST_CAUSES: Final = {"broken": 5, "unreachable": 3, "warning": 2}
"""By verdict; with three long names each they fill two thirds of what a message may hold."""
MOST_ISSUERS: Final = 5
_BAR: Final = 24
_VERDICTS: Final = ("broken", "warning", "unreachable", "ok")
_PLACES: Final = 5


def sweep_message(sweep: Sweep, progress: Progress, *, before: int = 0) -> Message:
    """The message.

    Args:
        sweep: What was asked.
        progress: How far it is.
        before: While it waits: how many have to end before it begins.
    """
    texts = catalogue(sweep.lang)
    title = headline(sweep, progress)
    made: list[Block] = [blocks.header(title)]
    if progress.state == "waiting" and before:
        made.append(_section(texts.text("sweep.slack.waiting", n=before)))
    elif progress.state == "waiting":
        made.append(_section(texts.text("sweep.slack.beginning")))
    else:
        made.append(_section(_counts(sweep, progress, texts)))
    if progress.state in ("done", "stopped"):
        made += _summary(sweep, progress.tally, texts)
    made.append(blocks.context(blocks.marked(_small_print(sweep, progress, texts))))
    buttons = _buttons(sweep, progress, texts)
    if buttons:
        made.append(blocks.actions(*buttons))
    return Message(shorten(mrkdwn(title), 300), tuple(made))


def headline(sweep: Sweep, progress: Progress) -> str:
    """What a sweep's message says first."""
    counts = progress.tally.verdicts
    state: str = progress.state
    if state == "done" and not (counts["broken"] or counts["unreachable"]):
        state = "well" if progress.done == sweep.count else "done"
    return catalogue(sweep.lang).text(
        f"sweep.slack.title.{state}",
        n=sweep.count,
        count=number(sweep.count if state in ("waiting", "running", "stopped") else progress.done),
        done=number(progress.done),
        broken=number(counts["broken"]),
        unreachable=number(counts["unreachable"]),
        title=shorten(sweep.title, 60),
    )


def number(value: int) -> str:
    """A number as people read it."""
    return f"{value:,}"


def place_of(row: Row) -> str:
    """A host as a list shows it."""
    host = f"[{row.host}]" if ":" in row.host else row.host
    name = host if row.port == 443 else f"{host}:{row.port}"
    return f"{name} ({row.starttls})" if row.starttls else name


def cause_title(code: str, texts: Catalogue) -> str:
    """What a cause is called."""
    key = f"cause.{code}.title"
    return texts.text(key) if texts.has(key) else code


def _counts(sweep: Sweep, progress: Progress, texts: Catalogue) -> str:
    full = progress.done * _BAR // sweep.count
    percent = progress.done * 100 // sweep.count
    of = texts.text(
        "sweep.slack.of", done=number(progress.done), count=number(sweep.count), percent=percent
    )
    bar = f"`{'█' * full}{'░' * (_BAR - full)}`  {of}"
    tallied = {one: number(progress.tally.verdicts[one]) for one in _VERDICTS}
    return f"{bar}\n{texts.text('sweep.slack.counts', tallied)}"


def _summary(sweep: Sweep, tally: Tally, texts: Catalogue) -> list[Block]:
    made: list[Block] = []
    left_out = len(tally.causes)
    for group, most in MOST_CAUSES.items():
        found = [one for one in tally.causes.most_common() if _group(tally, one[0]) == group]
        if found:
            made.append(_section(f"*{texts.text(f'sweep.slack.group.{group}')}*"))
        made += [_cause(sweep, tally, code, count, texts) for code, count in found[:most]]
        left_out -= len(found[:most])
    if left_out:
        made.append(blocks.context(texts.text("sweep.slack.more_causes", n=left_out)))
    if tally.total:
        made.append(blocks.rich(*_issuers(tally, texts), *_expiry(tally, texts)))
    return made


def _group(tally: Tally, code: str) -> str:
    """Under which heading a cause stands: the verdict of its first host."""
    named = tally.examples.get(code)
    verdict = named[0].verdict if named else "broken"
    return verdict if verdict in MOST_CAUSES else "warning"


def _cause(sweep: Sweep, tally: Tally, code: str, count: int, texts: Catalogue) -> Block:
    examples = [place_of(one) for one in tally.examples.get(code, [])]
    named = ", ".join(f"`{mrkdwn(shorten(one, 45))}`" for one in examples)
    if more := count - len(examples):
        named = texts.text("sweep.slack.and_more", n=more, named=named, more=number(more))
    made = _section(f"*{number(count)}*   {mrkdwn(cause_title(code, texts))}\n{named}")
    press = SweepPress(sweep=sweep.id, lang=sweep.lang, what=code)
    made["accessory"] = blocks.button(
        f"{SHOW}_{code}", texts.text("sweep.slack.button.show"), press.encode()
    )
    return made


def _issuers(tally: Tally, texts: Catalogue) -> list[Element]:
    if not tally.issuers:
        return []
    common = tally.issuers.most_common(MOST_ISSUERS)
    lines = [_line(count, shorten(name, 100)) for name, count in common]
    if more := len(tally.issuers) - len(common):
        lines.append(blocks.paragraph(blocks.word(texts.text("sweep.more", n=more))))
    heading = blocks.paragraph(blocks.word(texts.text("sweep.by_issuer"), bold=True))
    return [heading, blocks.bullets(lines)]


def _expiry(tally: Tally, texts: Catalogue) -> list[Element]:
    lines = [
        _line(tally.expiry[one], texts.text(f"sweep.expiry.{one}"))
        for one in EXPIRY
        if tally.expiry[one]
    ]
    heading = blocks.paragraph(blocks.word(texts.text("sweep.by_expiry"), bold=True))
    return [heading, blocks.bullets(lines)]


def _line(count: int, name: str) -> Element:
    return blocks.paragraph(blocks.word(f"{number(count)}  ", bold=True), blocks.word(name))


def _small_print(sweep: Sweep, progress: Progress, texts: Catalogue) -> str:
    said = _running(sweep, progress, texts) if progress.state == "running" else []
    rest = sweep.count - progress.done
    if progress.state == "stopped":
        key = f"sweep.slack.reason.{progress.reason}"
        if texts.has(key):
            said.append(texts.text(key, vantage=mrkdwn(sweep.vantage)))
        elif progress.by:
            said.append(texts.text("sweep.slack.stopped_by", user=f"<@{progress.by}>"))
        said.append(texts.text("sweep.slack.left", n=rest, left=number(rest)))
    elif progress.by:
        said.append(texts.text("sweep.slack.continued_by", user=f"<@{progress.by}>"))
    if progress.state == "done" and rest > 0:
        said.append(texts.text("sweep.slack.unanswered", n=rest, left=number(rest)))
    if progress.state == "done":
        said.append(mrkdwn(shorten(sweep.title, 60)))
    said.append(texts.text("sweep.slack.asked_by", user=f"<@{sweep.user}>"))
    return "  ·  ".join(said)


def _running(sweep: Sweep, progress: Progress, texts: Catalogue) -> list[str]:
    said = []
    if progress.left_seconds is not None:
        left = _length(max(1, round(progress.left_seconds)), texts)
        rate = f"{progress.rate:.0f}" if progress.rate >= 3 else f"{progress.rate:.1f}"
        said.append(texts.text("sweep.slack.speed", rate=rate, left=left))
    if not progress.places:
        return [*said, texts.text("sweep.slack.from_here")]
    named = mrkdwn(", ".join(progress.places[:_PLACES]))
    more = len(progress.places) - _PLACES
    key = "sweep.slack.from_more" if more > 0 else "sweep.slack.from"
    return [*said, texts.text(key, n=progress.workers, names=named, more=more)]


def _length(seconds: int, texts: Catalogue) -> str:
    if seconds < 90:
        return texts.text("sweep.slack.seconds", n=seconds)
    return period(timedelta(seconds=seconds), texts.lang)


def _buttons(sweep: Sweep, progress: Progress, texts: Catalogue) -> list[Element]:
    def button(action: str, key: str, what: str = "broken", style: str | None = None) -> Element:
        press = SweepPress(sweep=sweep.id, lang=sweep.lang, what=what)
        text = texts.text(f"sweep.slack.button.{key}")
        return blocks.button(action, text, press.encode(), style=style)

    made = []
    if progress.state in ("waiting", "running"):
        made.append(button(STOP, "stop", style="danger"))
    elif progress.done < sweep.count and progress.reason != "damaged":
        made.append(button(CONTINUE, "continue", style="primary"))
    tally = progress.tally
    counts = {one: tally.verdicts[one] for one in ("broken", "unreachable")}
    counts[SOON] = sum(tally.expiry[one] for one in ENDS_SOON)
    for what, count in counts.items():
        if count:
            made.append(button(f"{SHOW}_{what}", what, what))
    if progress.done and progress.state in ("stopped", "done"):
        made.append(button(FILES, "files"))
    return made


def _section(text: str) -> Block:
    return {"type": "section", "text": blocks.marked(text)}
