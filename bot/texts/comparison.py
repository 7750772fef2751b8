"""Filling a comparison's texts in for a language: the headline, a line for each group, what to do.

The words are in the domain `compare`. Strings from outside are put in as they are, only cut to a
readable length: escaping is each renderer's.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from babel.lists import format_list
from pydantic import JsonValue

from bot.compare.comparison import Comparison, Difference, Group
from bot.diagnosis.causes import Cause
from bot.diagnosis.differ import DifferenceCode, leaf_of
from bot.diagnosis.report import Target
from bot.settings import DEFAULT_VANTAGE
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.phrase import LONGEST_SUMMARY, period, phrase_report
from bot.worker.errors import RemoteError

# A headline that grows too long names fewer places and addresses, and cuts what came from outside
# shorter: (places, addresses, characters of each foreign string).
_ROOMS = ((3, 3, 60), (2, 2, 48), (1, 1, 40), (1, 1, 28), (1, 1, 18))
_PLACES_IN_LINE = 8
_ADDRESSES_IN_LINE = 4
_HOST = 60
_BETWEEN_KANA = re.compile("(?<=[\u3041-\u30ff\u4e00-\u9fff]) (?=[\u3041-\u30ff\u4e00-\u9fff])")


def phrase_comparison(
    comparison: Comparison,
    lang: Lang,
    zone: tzinfo = UTC,
    *,
    here: Literal["bot", "machine"] = "bot",
) -> Comparison:
    """The same comparison with headline, lines, footnotes and next steps in `lang`.

    Args:
        comparison: With or without texts.
        lang: The reader's language.
        zone: The reader's time zone.
        here: What stands at the asker's own place where nobody gave it a name: the bot, or the
            very machine of who reads.
    """
    texts = catalogue(lang)
    return _Teller(comparison, texts, zone, texts.text(f"compare.here.{here}")).told()


def failure_sentence(error: RemoteError, lang: Lang) -> str:
    """Why a place gave no Report, and what to do, as a sentence."""
    return catalogue(lang).text(error.key, error.values)


def decide_options(comparison: Comparison) -> str:
    """What would decide an uncertain difference: what is typed behind `check`; empty: nothing."""
    one = comparison.difference
    if one is None or one.certain or one.decide is None or one.decide_from is None:
        return ""
    address = f"[{one.decide}]" if ":" in one.decide else one.decide
    return f"{_typed(comparison.target)} --address {address} --vantage {one.decide_from}"


def check_options(comparison: Comparison) -> str:
    """What is typed behind `check` for the steps of a server that is at fault; empty: nothing."""
    found = [one for one in comparison.groups if one.verdict is not None]
    if comparison.difference is not None or not found or _kind(found[0]) != "broken":
        return ""
    seen = comparison.seen_from(found[0].vantages[0])
    typed = _typed(comparison.target)
    return typed if seen is None or seen.own else f"{typed} --vantage {seen.vantage}"


class _Teller:
    """A comparison in one language."""

    def __init__(self, comparison: Comparison, texts: Catalogue, zone: tzinfo, here: str) -> None:
        self._comparison = comparison
        self._texts = texts
        self._zone = zone
        self._here = here
        self._own = {one.vantage for one in comparison.places if one.own}

    def told(self) -> Comparison:
        """The comparison with its texts."""
        comparison, difference = self._comparison, self._comparison.difference
        if difference is not None:
            text = self._sentence(difference)
            difference = difference.model_copy(update={"text": text})
        headline = difference.text if difference is not None else self._nothing_differs()
        return comparison.model_copy(
            update={
                "groups": tuple(
                    one.model_copy(update={"line": self._line(one)}) for one in comparison.groups
                ),
                "footnotes": tuple(
                    one.model_copy(update={"text": self._sentence(one, "note")})
                    for one in comparison.footnotes
                ),
                "difference": difference,
                "headline": headline,
                "next_steps": self._next_steps(),
            }
        )

    def _called(self, vantage: str) -> str:
        return self._here if vantage == DEFAULT_VANTAGE and vantage in self._own else vantage

    def _nothing_differs(self) -> str:
        comparison, texts = self._comparison, self._texts
        host = _cut(comparison.target.host, _HOST)
        answered = [one for one in comparison.groups if one.verdict is not None]
        if not answered:
            return texts.text("compare.nobody", host=host)
        group = answered[0]
        what = self._what(group)
        if not comparison.same and len(answered) > 1:
            key, n = "compare.reached.broken", len(group.vantages)
            return _cut(texts.text(key, n=n, host=host, title=what.rstrip(".。")), LONGEST_SUMMARY)
        if not comparison.same:
            places = self._places(group.vantages, 1)
            return _cut(texts.text("compare.alone", places=places, what=what), LONGEST_SUMMARY)
        kind = _kind(group)
        text = texts.text(
            f"compare.same.{kind}",
            n=len(group.vantages),
            host=host,
            title=what.rstrip(".。"),
            detail=group.detail,
        )
        return _cut(text, LONGEST_SUMMARY)

    def _next_steps(self) -> tuple[str, ...]:
        comparison, texts = self._comparison, self._texts
        difference = comparison.difference
        answered = [one for one in comparison.groups if one.verdict is not None]
        if difference is None:
            if sum(len(one.vantages) for one in comparison.groups) == 1:
                return (texts.text("compare.workers.none"),)
            kind = _kind(answered[0]) if comparison.same or len(answered) > 1 else "ok"
            key = f"compare.next.same.{kind}"
            return (texts.text(key),) if texts.has(key) else ()
        steps = [self._sentence(difference, "next")]
        if decide_options(comparison):
            steps.append(
                texts.text(
                    "compare.next.decide",
                    address=difference.decide or "—",
                    place=self._called(difference.decide_from or "—"),
                )
            )
        return tuple(steps)

    def _line(self, group: Group) -> str:
        texts = self._texts
        places = self._places(group.vantages, _PLACES_IN_LINE)
        what = self._what(group)
        if not group.addresses:
            return texts.text("compare.line", places=places, what=what)
        addresses = _several(group.addresses, _ADDRESSES_IN_LINE, texts)
        return texts.text("compare.line.at", places=places, what=what, addresses=addresses)

    def _what(self, group: Group) -> str:
        """What a group saw, in a few words."""
        texts = self._texts
        if group.verdict is None:
            failure = group.failure or "defect"
            return texts.text(f"compare.failure.{failure}")
        seen = self._comparison.seen_from(group.vantages[0])
        report = seen.report if seen is not None else None
        if group.because == "roots" and group.verdict == "ok":
            return texts.text("compare.what.known")
        if group.because != "report":
            what = f"compare.what.{group.because}"
            if texts.has(some := f"{what}.{group.bundle}"):
                what = some
            return texts.text(what, detail=_cut(group.detail, 60))
        if group.verdict == "ok":
            leaf = leaf_of(report) if report is not None else None
            if leaf is None:
                return texts.text("compare.what.fine")
            # By the asker's clock: that of the place may be wrong.
            left = leaf.not_after - self._comparison.compared_at
            return texts.text("compare.what.ok", n=max(0, left.days))
        if report is not None and report.findings:
            title = phrase_report(report, texts.lang, self._zone).findings[0].title
            if title:
                return _cut(title, 90)
        return _title(group.cause.value if group.cause else None, texts)

    def _sentence(
        self, one: Difference, kind: Literal["difference", "note", "next"] = "difference"
    ) -> str:
        texts = self._texts
        code = one.code.value
        variants = [*(f".{variant}" for variant in _variants(self._comparison, one)), ""]
        keys = [f"compare.{kind}.{code}{variant}" for variant in variants]
        if kind == "note":  # few differences are said otherwise where they are not the cause
            keys += [f"compare.difference.{code}{variant}" for variant in variants]
        key = next(name for name in keys if texts.has(name))
        text = ""
        for room in _ROOMS:
            text = _spaced(texts.text(key, self._values(one, room)), texts.lang)
            if len(text) <= LONGEST_SUMMARY or kind == "next":
                return text
        return _cut(text, LONGEST_SUMMARY)

    def _values(self, one: Difference, room: tuple[int, int, int]) -> Mapping[str, object]:
        comparison, texts = self._comparison, self._texts
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
            values[f"{name}_digest"] = str(one.evidence.get(f"{name}_sha256") or "—")[:8]
        values["names"] = values["missing"] if one.evidence.get("missing") else values["extra"]
        values["title"] = _title(one.evidence.get("cause"), texts)
        values["host"] = _cut(comparison.target.host, max(foreign, 30))
        values["odd"] = self._places(one.odd, places)
        answered = {name for group in comparison.groups if group.verdict for name in group.vantages}
        if len(one.others) > places and {*one.odd, *one.others} == answered:
            values["others"] = texts.text("compare.elsewhere", n=len(one.others))
        else:
            values["others"] = self._places(one.others, places)
        return values

    def _places(self, names: Sequence[str], most: int) -> str:
        """As in a sentence: "prod-osaka, prod-tokyo, and 3 more"."""
        texts = self._texts
        shown, more = _shown([self._called(name) for name in names], most)
        if more:
            shown.append(texts.text("compare.more", n=more))
        return format_list(shown, locale=texts.lang) if shown else "—"


def _kind(group: Group) -> str:
    """Which text fits a group that all places are in."""
    if group.because != "report" and group.verdict != "ok":
        return group.because if group.verdict == "broken" else "some"
    if group.cause in (Cause.DNS_FAILURE, Cause.EGRESS_DENIED):
        return group.cause.value
    return str(group.verdict)


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
        case DifferenceCode.OLDER_ROOTS:
            dated = ("dated",) if said.get("entered") else ()
            return (str(said.get("kind")), *dated)
        case DifferenceCode.OTHER_ADDRESSES:
            return (*unsure, *fine)
        case DifferenceCode.OTHER_ROOTS if said.get("how") == "bundle":
            return (f"bundle.{said.get('kind')}", "bundle")
        case DifferenceCode.UNKNOWN_NAME:
            if said.get("how") not in ("nxdomain", "no_address"):
                return ("unanswered",)
            return ("inside",) if said.get("inside") else ()
        case DifferenceCode.OTHER_CHAIN:
            return next(((kind,) for kind in ("missing", "extra") if said.get(kind)), ("order",))
        case DifferenceCode.OTHER_CERTIFICATE:
            where = () if said.get("address") else ("nowhere",)
            return (*fine, *_told_apart(said), *where)
        case DifferenceCode.TIMED_OUT:
            return ("silent",) if said.get("connected") else ()
        case DifferenceCode.CUT:
            return ("by_name",) if said.get("by_name") else ()
        case DifferenceCode.INTERCEPTION | DifferenceCode.OTHER_ROOTS | DifferenceCode.REVOCATION:
            return (*unsure, str(said.get("how")))
        case _:
            return unsure


def _told_apart(said: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """By what two certificates are told apart that end on the same day."""
    if _date(said.get("odd_not_after")) != _date(said.get("usual_not_after")):
        return ()
    return ("issuer",) if said.get("odd_issuer") != said.get("usual_issuer") else ("digest",)


class _Values(dict[str, object]):
    """Evidence that is not there reads as a dash: an old value has fewer fields than a new text."""

    def __missing__(self, key: str) -> str:
        return "—"


def _title(cause: JsonValue, texts: Catalogue) -> str:
    key = f"cause.{cause}.title"
    return texts.text(key) if texts.has(key) else str(cause or "—")


def _date(text: JsonValue) -> str:
    try:
        return f"{datetime.fromisoformat(str(text)).astimezone(UTC):%Y-%m-%d}"
    except (ValueError, OverflowError):
        return "—"


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


def _spaced(text: str, lang: Lang) -> str:
    """Japanese puts a space beside Latin letters only: names that were put in may end in kanji."""
    return _BETWEEN_KANA.sub("", text) if lang == "ja" else text


def _cut(value: object, most: int) -> str:
    text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"
