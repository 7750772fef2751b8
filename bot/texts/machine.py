"""What the trust stores of the machine that checked say, as sentences."""

from bot.diagnosis.report import MachineTrust, Report
from bot.diagnosis.standing import lacks_private_root
from bot.texts.catalogue import Lang, catalogue


def machine_sentences(report: Report, lang: Lang) -> list[str]:
    """A sentence for each store there that disagrees with today's public roots.

    They hold what came from outside (names of roots); renderers escape them.
    """
    found = [_sentence(one, report, lang) for one in report.machine]
    return [text for text in found if text is not None]


def _sentence(one: MachineTrust, report: Report, lang: Lang) -> str | None:
    texts = catalogue(lang)
    values: dict[str, str | int] = {
        "vantage": report.vantage,
        "store": one.store,
        "roots": one.roots,
    }
    if report.path is None:
        return (
            texts.text("worker.machine.knows", n=None, **values) if one.verify.code == 0 else None
        )
    if one.lacks is None:
        return None
    values |= {"root": one.lacks}
    if lacks_private_root(one):
        return texts.text(f"worker.machine.private.{one.kind}", n=None, **values)
    if one.until is None:
        return texts.text(f"worker.machine.lacks.{one.kind}", n=None, **values)
    return texts.text(f"worker.machine.old.{one.kind}", n=None, **values, year=one.until.year)
