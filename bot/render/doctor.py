"""The doctor's findings as lines for a terminal, and as JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from rich.text import Text

from bot import __version__
from bot.diagnosis.report import obeyed_escaped
from bot.doctor import Finding
from bot.render.lines import wrap
from bot.render.sanitise import visible
from bot.texts import Catalogue, phrase_report

_MARKS = {
    "fine": ("✓", "green"),
    "note": ("!", "yellow"),
    "wrong": ("✗", "red"),
    "unset": ("–", "dim"),
}

Mask = Callable[[str], str]
"""Hides what is secret; everything that is shown has passed it."""


def render_findings(
    findings: Sequence[Finding], texts: Catalogue, *, width: int, mask: Mask
) -> Iterator[Text]:
    """A heading for each area, a line for each thing, and what to do below those that need it."""
    for area, those in groupby(findings, key=lambda one: one.area):
        yield Text(texts.text(f"doctor.area.{area}"), "bold")
        for one in those:
            sign, style = _MARKS[one.mark]
            found, mend = _said(one, texts, mask)
            for number, line in enumerate(wrap(found, width - 4)):
                text = Text(f"  {sign} " if number == 0 else "    ", style)
                yield text.append(line, "dim" if one.mark == "unset" else "default")
            if mend is not None:
                yield from (Text(f"    {line}", "dim") for line in wrap(f"→ {mend}", width - 4))
        yield Text()
    amiss = sum(one.mark == "wrong" for one in findings)
    notes = sum(one.mark == "note" for one in findings)
    last = texts.text("doctor.well")
    if amiss:
        last = texts.text("doctor.unwell", n=amiss)
    elif notes:
        last = texts.text("doctor.well_with_notes", n=notes)
    yield Text(last, "bold")


def findings_json(
    findings: Sequence[Finding], texts: Catalogue, *, now: datetime, mask: Mask
) -> str:
    """One object: `ok`, `checked_at`, `version`, and `findings` with their texts."""
    return obeyed_escaped(
        json.dumps(
            {
                "ok": is_well(findings),
                "checked_at": now.astimezone(UTC).isoformat(timespec="seconds"),
                "version": __version__,
                "findings": [_as_object(one, texts, mask) for one in findings],
            },
            ensure_ascii=False,
        )
    )


def is_well(findings: Sequence[Finding]) -> bool:
    """Whether nothing has to be mended."""
    return all(one.mark != "wrong" for one in findings)


def _as_object(one: Finding, texts: Catalogue, mask: Mask) -> dict[str, Any]:
    found, mend = _said(one, texts, mask)
    return {"area": one.area, "code": one.code, "mark": one.mark, "found": found, "mend": mend}


def _said(one: Finding, texts: Catalogue, mask: Mask) -> tuple[str, str | None]:
    key = f"doctor.{one.area}.{one.code}"
    values = dict(one.values)
    if one.report is not None:
        values["summary"] = phrase_report(one.report, texts.lang).summary
    if not texts.has(key):
        key = f"doctor.any.{one.code}"
    found = visible(mask(texts.text(key, values, n=one.n)))
    mend = f"{key}.mend"
    return found, visible(mask(texts.text(mend, values))) if texts.has(mend) else None
