"""From the service's Answer to a message: phrased, rendered, and kept while it is asked for again.

The unchanging part of a message is kept by result, language and time zone; only its small print ages.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from bot.diagnosis.report import Report
from bot.service import Answer
from bot.texts.catalogue import Lang
from handlers.answers.answer import Body, Shown, build_body, render
from handlers.asking.command import command_text
from handlers.asking.press import Shared
from handlers.slack.blocks import Message

Phrase = Callable[[Report, Lang, tzinfo], Report]

KEPT = 256


class Presenter:
    """Makes messages of answers; `phrase` fills in the texts of a Report in a language."""

    def __init__(self, phrase: Phrase, elsewhere: Callable[[], bool] = lambda: False) -> None:
        """`elsewhere` says whether there are other places to ask."""
        self._elsewhere = elsewhere
        self._phrase = phrase
        self._kept: OrderedDict[tuple[str, Lang, str], tuple[Report, Report, Body]] = OrderedDict()

    def phrased(self, answer: Answer, lang: Lang, zone: tzinfo = UTC) -> Report:
        """The Report of an answer, in that language and with moments in that zone."""
        return self._body(answer, lang, zone)[0]

    def message(
        self,
        answer: Answer,
        lang: Lang,
        zone: tzinfo = UTC,
        *,
        shared: Shared | None = None,
        checking_again: bool = False,
        updates: bool = False,
        thread: str | None = None,
    ) -> Message:
        """The message for the asker, or, when `shared` is given, for everybody.

        `updates`: the short one for somebody who has read the answer that this one updates.
        `thread`: the message that the answer is about; Share posts under it.
        """
        report, body = self._body(answer, lang, zone)
        return render(
            Shown(
                report=report,
                lang=lang,
                command=command_text(answer.record.question, lang, answer.record.place),
                judged_at=judged_at(answer),
                age=answer.age.total_seconds(),
                cached=answer.source == "cache",
                joined=answer.source == "joined",
                stored=answer.stored,
                shared=shared,
                checking_again=checking_again,
                updates=updates,
                changes=answer.record.changes,
                zone=zone,
                thread=thread,
                elsewhere=self._elsewhere(),
                addresses=tuple(
                    _written(one.address, one.port) for one in answer.record.question.addresses
                ),
            ),
            body,
        )

    def _body(self, answer: Answer, lang: Lang, zone: tzinfo) -> tuple[Report, Body]:
        key = (answer.report.id, lang, str(zone))
        found = self._kept.get(key)
        # How somebody typed the target differs between askers of one result; nothing shows it.
        if found is not None and _same(found[0], answer.report):
            self._kept.move_to_end(key)
            return found[1], found[2]
        report = self._phrase(answer.report, lang, zone)
        body = build_body(report, judged_at(answer), lang)
        self._kept[key] = (answer.report, report, body)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return report, body


def _same(one: Report, other: Report) -> bool:
    return (one.checked_at, one.pending) == (other.checked_at, other.pending)


def _written(address: str, port: int | None) -> str:
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def judged_at(answer: Answer) -> datetime:
    """The moment that the chain was judged at."""
    return answer.record.question.at or answer.report.checked_at
