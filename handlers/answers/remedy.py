"""The steps for one software, to whoever pressed: the fix, and a menu with the other software.

Pure. An option's value may have 150 characters only, so it carries the result's id and what would
be typed to ask again as long as both fit, and the one that does otherwise.
"""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.diagnosis.remedies import fix_with, softwares_for
from bot.diagnosis.remedies.software.table import BY_CODE
from bot.diagnosis.report import Report
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.phrase import phrase_fix, phrase_guess, software_name
from handlers.answers.answer import fix_elements, host_name
from handlers.asking.press import CHOOSE_FIX, FULL_CHAIN, RESULT_ID, Press, read_value
from handlers.slack import blocks, limits
from handlers.slack.blocks import Block, Element, Message
from handlers.slack.escape import mrkdwn, shorten, visible
from handlers.slack.fit import Part, fit, part


class Choice(BaseModel):
    """The value of an option: whose result, and for which software."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    result: Annotated[str, Field(pattern=RESULT_ID)] | None = None
    command: Annotated[str, Field(min_length=1, max_length=limits.OPTION_VALUE)] | None = None
    lang: Lang
    software: Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,40}$")]

    def press(self) -> Press:
        """What a button on the same result would carry."""
        # What cannot be typed finds nothing once the result is gone, which is then said.
        return Press(result=self.result, command=self.command or "-", lang=self.lang)


def option_value(press: Press, software: str) -> str | None:
    """The value of the option for a software; None when nothing of it fits."""
    for result, command in ((press.result, press.command), (press.result, None)):
        if result is None and command is None:
            continue
        if command is not None and len(command) > limits.OPTION_VALUE:
            continue
        choice = Choice(result=result, command=command, lang=press.lang, software=software)
        value = choice.model_dump_json(exclude_none=True)
        if len(value) <= limits.OPTION_VALUE:
            return value
    return None


def read_choice(value: object) -> Choice:
    """Read an option's value.

    Raises:
        PressError: It is not one of ours.
    """
    return read_value(Choice, value, limits.OPTION_VALUE)


def fix_message(
    report: Report, press: Press, software: str | None = None, zone: tzinfo = UTC
) -> Message:
    """The fix with the steps of one software, and a menu for another.

    Args:
        report: As stored, in no language.
        press: Of the button on its answer; its language is the reader's.
        software: The chosen one. None, or one that does not serve: the guess, else the usual ones.
        zone: The reader's, for dates.
    """
    texts = catalogue(press.lang)
    codes = softwares_for(report)
    guess = report.software.code if report.software is not None else None
    chosen = next((one for one in (software, guess) if one in codes), None)
    fix = phrase_fix(fix_with(report, chosen or ""), report, press.lang, zone)
    report = report.model_copy(update={"fix": fix})
    host = shorten(visible(host_name(report)), 90)
    heading = texts.text("slack.remedy.heading", host=host)
    top = blocks.rich(
        blocks.paragraph(blocks.word(heading, bold=True)),
        blocks.paragraph(blocks.word(texts.text(f"slack.fix.{fix.owner}"))),
    )
    parts = [part(0, top)]
    why = phrase_guess(report, press.lang)
    if why:
        parts.append(part(0, blocks.context(visible(why))))
    # Steps for several software are alternatives; those for one follow each other.
    in_order = len({one.software for one in fix.steps} - {None}) <= 1
    for number, step in enumerate(fix.steps, start=1):
        title = f"{number}. {step.title}" if in_order else step.title
        one = fix.model_copy(update={"steps": (step.model_copy(update={"title": title}),)})
        forms: tuple[tuple[Block, ...], ...] = tuple(
            (blocks.rich(*fix_elements(one, texts_too=said, commands=command)),)
            for said, command in ((True, True), (False, True), (False, False))
        )
        parts.append(Part(1, forms, texts.text("slack.part.fix")))
    below = [blocks.actions(*row)] if (row := _row(report, press, chosen, codes, texts)) else []
    text = shorten(mrkdwn(heading), limits.MESSAGE_TEXT)
    fitted = fit(
        parts,
        characters=limits.MESSAGE_CHARACTERS - blocks.weigh(below) - len(text),
        blocks=limits.MESSAGE_BLOCKS - len(below),
    )
    return Message(text, (*fitted.blocks, *below))


def _row(
    report: Report, press: Press, chosen: str | None, codes: Sequence[str], texts: Catalogue
) -> list[Element]:
    made = []
    sides = [
        ("server", [one for one in codes if BY_CODE[one].side == "server"]),
        ("client", [one for one in codes if BY_CODE[one].side == "client"]),
    ]
    groups = []
    first = None
    for side, those in sides:
        options = []
        for code in those:
            value = option_value(press, code)
            if value is None:
                continue
            name = blocks.plain(software_name(code, texts), limits.OPTION_TEXT)
            options.append({"text": name, "value": value})
            if code == chosen:
                first = options[-1]
        if options:
            label = blocks.plain(texts.text(f"slack.remedy.{side}"), limits.OPTION_TEXT)
            groups.append({"label": label, "options": options[: limits.SELECT_OPTIONS]})
    if groups:
        menu: Element = {
            "type": "static_select",
            "action_id": CHOOSE_FIX,
            "placeholder": blocks.plain(texts.text("slack.remedy.choose"), limits.PLACEHOLDER),
            "option_groups": groups,
        }
        if first is not None:
            menu["initial_option"] = first
        made.append(menu)
    value = press.encode()
    if value is not None and report.fix is not None and report.fix.fullchain_pem:
        made.append(blocks.button(FULL_CHAIN, texts.text("slack.button.fullchain"), value))
    return made
