"""Filling a comparison's texts in for a language: the headline, a line for each group, what to do.

The words are in the domain `compare`. Strings from outside are put in as they are, only cut to a
readable length: escaping is each renderer's.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from babel.lists import format_list
from pydantic import JsonValue

from bot.compare.comparison import Comparison, Difference, Group
from bot.diagnosis.causes import Cause
from bot.diagnosis.differ import DifferenceCode, leaf_of
from bot.diagnosis.report import Target
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.phrase import LONGEST_SUMMARY, period, phrase_report

# A headline that grows too long names fewer places and addresses, and cuts what came from outside
# shorter: (places, addresses, characters of each foreign string).
_ROOMS = ((3, 3, 60), (2, 2, 48), (1, 1, 40), (1, 1, 28), (1, 1, 18))
_PLACES_IN_LINE = 8
_ADDRESSES_IN_LINE = 4
_HOST = 60


def phrase_comparison(comparison: Comparison, lang: Lang, zone: tzinfo = UTC) -> Comparison:
    """The same comparison with headline, lines, footnotes and next steps in `lang`.

    Args:
        comparison: With or without texts.
        lang: The reader's language.
        zone: The reader's time zone.
    """
    texts = catalogue(lang)
    groups = tuple(
        one.model_copy(update={"line": _line(comparison, one, texts, zone)})
        for one in comparison.groups
    )
    notes = tuple(
        one.model_copy(update={"text": _sentence(comparison, one, texts)})
        for one in comparison.footnotes
    )
    difference = comparison.difference
    if difference is not None:
        text = _sentence(comparison, difference, texts)
        difference = difference.model_copy(update={"text": text})
    return comparison.model_copy(
        update={
            "groups": groups,
            "footnotes": notes,
            "difference": difference,
            "headline": difference.text
            if difference
            else _nothing_differs(comparison, texts, zone),
            "next_steps": _next_steps(comparison, texts),
        }
    )


def decide_options(comparison: Comparison) -> str:
    """What would decide an uncertain difference: what is typed behind `check`; empty: nothing."""
    one = comparison.difference
    if one is None or one.certain or one.decide is None or one.decide_from is None:
        return ""
    address = f"[{one.decide}]" if ":" in one.decide else one.decide
    return f"{_typed(comparison.target)} --address {address} --vantage {one.decide_from}"


def _nothing_differs(comparison: Comparison, texts: Catalogue, zone: tzinfo) -> str:
    host = _cut(comparison.target.host, _HOST)
    answered = [one for one in comparison.groups if one.verdict is not None]
    if not answered:
        return texts.text("compare.nobody", host=host)
    group = answered[0]
    what = _what(comparison, group, texts, zone)
    if not comparison.same:
        places = _places(group.vantages, texts, 1)
        return _cut(texts.text("compare.alone", places=places, what=what), LONGEST_SUMMARY)
    kind = _kind(group)
    text = texts.text(
        f"compare.same.{kind}",
        n=len(group.vantages),
        host=host,
        title=what.rstrip("."),
        detail=group.detail,
    )
    return _cut(text, LONGEST_SUMMARY)


def _kind(group: Group) -> str:
    """Which text fits a group that all places are in."""
    if group.because != "report" and group.verdict == "broken":
        return group.because
    if group.cause in (Cause.DNS_FAILURE, Cause.EGRESS_DENIED):
        return group.cause.value
    return str(group.verdict)


def _next_steps(comparison: Comparison, texts: Catalogue) -> tuple[str, ...]:
    difference = comparison.difference
    answered = [one for one in comparison.groups if one.verdict is not None]
    if difference is None:
        if sum(len(one.vantages) for one in comparison.groups) == 1:
            return (texts.text("compare.workers.none"),)
        kind = _kind(answered[0]) if comparison.same else "ok"
        key = f"compare.next.same.{kind}"
        return (texts.text(key),) if texts.has(key) else ()
    steps = [_sentence(comparison, difference, texts, next_step=True)]
    if decide_options(comparison):
        steps.append(
            texts.text(
                "compare.next.decide",
                address=difference.decide or "—",
                place=difference.decide_from or "—",
            )
        )
    return tuple(steps)


def _line(comparison: Comparison, group: Group, texts: Catalogue, zone: tzinfo) -> str:
    places = _places(group.vantages, texts, _PLACES_IN_LINE)
    what = _what(comparison, group, texts, zone)
    if not group.addresses:
        return texts.text("compare.line", places=places, what=what)
    addresses = _several(group.addresses, _ADDRESSES_IN_LINE, texts)
    return texts.text("compare.line.at", places=places, what=what, addresses=addresses)


def _what(comparison: Comparison, group: Group, texts: Catalogue, zone: tzinfo) -> str:
    """What a group saw, in a few words."""
    if group.verdict is None:
        failure = group.failure or "defect"
        return texts.text(f"compare.failure.{failure}")
    seen = comparison.seen_from(group.vantages[0])
    report = seen.report if seen is not None else None
    if group.because == "roots" and group.verdict == "ok":
        return texts.text("compare.what.known")
    if group.because != "report":
        return texts.text(f"compare.what.{group.because}", detail=_cut(group.detail, 60))
    if group.verdict == "ok":
        leaf = leaf_of(report) if report is not None else None
        if report is None or leaf is None:
            return texts.text("compare.what.fine")
        return texts.text("compare.what.ok", n=max(0, (leaf.not_after - report.checked_at).days))
    if report is not None and report.findings:
        title = phrase_report(report, texts.lang, zone).findings[0].title
        if title:
            return _cut(title, 90)
    return _title(group.cause.value if group.cause else None, texts)


def _sentence(
    comparison: Comparison, one: Difference, texts: Catalogue, *, next_step: bool = False
) -> str:
    code = one.code.value
    general = f"compare.next.{code}" if next_step else f"compare.difference.{code}"
    keys = [f"{general}.{variant}" for variant in _variants(comparison, one)]
    key = next((name for name in keys if texts.has(name)), general)
    text = ""
    for room in _ROOMS:
        text = texts.text(key, _values(comparison, one, texts, room))
        if len(text) <= LONGEST_SUMMARY or next_step:
            return text
    return _cut(text, LONGEST_SUMMARY)


def _variants(comparison: Comparison, one: Difference) -> tuple[str, ...]:
    """The special cases that the evidence shows, the most special first."""
    said = one.evidence
    verdicts = {group.verdict for group in comparison.groups if group.verdict is not None}
    fine = ("fine",) if verdicts <= {"ok", "warning"} else ()
    unsure = () if one.certain else ("unsure",)
    match one.code:
        case DifferenceCode.CLOCK:
            if said.get("at_least"):
                return ("at_least",)
            return ("behind",) if said.get("behind") else ("ahead",)
        case DifferenceCode.SPLIT_DNS:
            return (*fine, "inside" if said.get("odd_inside") else "public")
        case DifferenceCode.UNKNOWN_NAME:
            if said.get("how") not in ("nxdomain", "no_address"):
                return ("unanswered",)
            return ("inside",) if said.get("inside") else ()
        case DifferenceCode.OTHER_CHAIN:
            return next(((kind,) for kind in ("missing", "extra") if said.get(kind)), ("order",))
        case DifferenceCode.OTHER_CERTIFICATE:
            return fine if said.get("address") else (*fine, "nowhere")
        case DifferenceCode.TIMED_OUT:
            return ("silent",) if said.get("connected") else ()
        case DifferenceCode.CUT:
            return ("by_name",) if said.get("by_name") else ()
        case DifferenceCode.INTERCEPTION | DifferenceCode.OTHER_ROOTS | DifferenceCode.REVOCATION:
            return (*unsure, str(said.get("how")))
        case _:
            return unsure


class _Values(dict[str, object]):
    """Evidence that is not there reads as a dash: an old value has fewer fields than a new text."""

    def __missing__(self, key: str) -> str:
        return "—"


def _values(
    comparison: Comparison, one: Difference, texts: Catalogue, room: tuple[int, int, int]
) -> Mapping[str, object]:
    places, addresses, foreign = room
    values = _Values()
    for name, value in one.evidence.items():
        if isinstance(value, list):
            values[name] = _several([_cut(part, foreign) for part in value], addresses, texts)
        elif value is not None:
            values[name] = _cut(value, foreign)
    seconds = one.evidence.get("seconds")
    if isinstance(seconds, int) and abs(seconds) < timedelta.max.total_seconds():
        values["period"] = period(timedelta(seconds=seconds), texts.lang)
    for name in ("odd", "usual"):
        values[f"{name}_until"] = _date(one.evidence.get(f"{name}_not_after"))
    values["names"] = values["missing"] if one.evidence.get("missing") else values["extra"]
    values["title"] = _title(one.evidence.get("cause"), texts)
    values["host"] = _cut(comparison.target.host, max(foreign, 30))
    values["odd"] = _places(one.odd, texts, places)
    values["others"] = _places(one.others, texts, places)
    return values


def _title(cause: JsonValue, texts: Catalogue) -> str:
    key = f"cause.{cause}.title"
    return texts.text(key) if texts.has(key) else str(cause or "—")


def _date(text: JsonValue) -> str:
    try:
        return f"{datetime.fromisoformat(str(text)).astimezone(UTC):%Y-%m-%d}"
    except (ValueError, OverflowError):
        return "—"


def _places(names: Sequence[str], texts: Catalogue, most: int) -> str:
    """As in a sentence: "prod-osaka, prod-tokyo, and 3 more"."""
    shown, more = _shown(names, most)
    if more:
        shown.append(texts.text("compare.more", n=more))
    return format_list(shown, locale=texts.lang) if shown else "—"


def _several(texts_of: Sequence[str], most: int, texts: Catalogue) -> str:
    shown, more = _shown(texts_of, most)
    if more:
        shown.append(texts.text("compare.more", n=more))
    return ", ".join(shown) if shown else "—"


def _shown(of: Sequence[str], most: int) -> tuple[list[str], int]:
    # One more is no longer than saying that there is one more.
    shown = list(of) if len(of) <= most + 1 else list(of[:most])
    return shown, len(of) - len(shown)


def _typed(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    place = host if target.port == 443 else f"{host}:{target.port}"
    return place if target.starttls is None else f"{place} --starttls {target.starttls}"


def _cut(value: object, most: int) -> str:
    text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"
