"""`tlscheck compare`: the same server from all places at once, and in what they differ."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import options
from bot.cli.output import Out, open_out, quiet_pipe, waiting_for
from bot.cli.status import UNCHECKED, WrongUsageError, status_of
from bot.diagnosis.question import Question
from bot.diagnosis.surroundings import PATIENCE
from bot.settings import Settings, SettingsError
from bot.texts.catalogue import Catalogue

if TYPE_CHECKING:
    from bot.compare import Comparison
    from bot.places import Places


def compare(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Host, host:port, URL, …")],
    *,
    vantage: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Compare only these places (repeatable)."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the comparison as one JSON object.")
    ] = False,
    address: options.AddressOption = None,
    roots: options.RootsOption = None,
    at: options.AtOption = None,
    starttls: options.StarttlsOption = None,
    no_fetch: options.NoFetchOption = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=60, help="Bound of each whole check.")
    ] = 10.0,
    lang: options.LangChoice = None,
    verbose: options.VerboseOption = False,
) -> int:
    """Check one server from all places at once, and say in what they differ, and why.

    The places are this machine and every worker (tlscheck worker) on the same Redis.
    Exit status, of all places: 0 nothing broken, 1 broken, 2 wrong usage, 3 could not be checked.
    """
    settings, chosen, texts = options.read_settings(lang)
    question = Question(
        target=options.read_target(target, texts, starttls=starttls.value if starttls else None),
        addresses=options.read_addresses(address or [], texts),
        roots_pem=options.read_roots(roots, texts),
        at=options.read_moment(at, texts),
        fetch=not no_fetch,
        timeout=timeout,
    )
    if settings.redis_url is None:
        raise WrongUsageError(texts.text("compare.usage.redis"))
    out = open_out(chosen, as_json=as_json, verbose=verbose)
    with quiet_pipe():
        try:
            compared = asyncio.run(_compare(settings, question, out, texts, vantage or []))
        except SettingsError as error:
            raise WrongUsageError(str(error)) from error
        if compared is None:
            print(texts.text("compare.redis_away"), file=sys.stderr)
            return UNCHECKED
        _show(compared, out)
    verdicts = [one.verdict for one in compared.groups if one.verdict is not None]
    return status_of(verdicts) if verdicts else UNCHECKED


async def _compare(
    settings: Settings, question: Question, out: Out, texts: Catalogue, wanted: list[str]
) -> "Comparison | None":
    """The comparison; None when Redis does not say who could be asked."""
    from bot.compare import gather, judge
    from bot.compare.direct import Direct
    from bot.texts.comparison import failure_sentence
    from bot.worker import RemoteError

    async with _opened(settings) as places:
        try:
            chosen = [(await places.find(name)).name for name in dict.fromkeys(wanted)]
        except RemoteError as error:
            raise WrongUsageError(failure_sentence(error, out.lang)) from error
        names = tuple(dict.fromkeys(chosen)) or await places.look()
        if places.away:
            return None
        if not wanted and len(names) == 1:
            strangers = ", ".join(places.strangers()[:8])
            none, other = "compare.workers.none", "worker.error.signature"
            text = texts.text(other, vantage=strangers) if strangers else texts.text(none)
            raise WrongUsageError(text)
        seen = []
        with waiting_for(names, out) as answered:
            answers = gather(Direct(places), places, question, names=names)
            async with aclosing(answers):
                async for one in answers:
                    seen.append(one)
                    answered(one.vantage)
    return judge(question.target, seen, datetime.now(UTC))


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator["Places"]:
    """All places; of this machine as much is known as a worker says of its own."""
    import logging

    from bot.log import configure_logging
    from bot.places import places_of
    from bot.vantage import open_local_vantage
    from bot.worker.bundles import find_bundles
    from bot.worker.machine import look_around

    configure_logging("console", level=logging.ERROR)  # what went wrong is said in a sentence
    async with open_local_vantage(settings, patience=PATIENCE) as own:
        stores = await asyncio.to_thread(find_bundles)
        own.know_machine(stores)
        machine = await look_around(stores)
        async with places_of(settings, own, machine=machine, patience=PATIENCE) as places:
            yield places


def _show(compared: "Comparison", out: Out) -> None:
    from bot.render.comparison import render_comparison
    from bot.texts.comparison import phrase_comparison

    phrased = phrase_comparison(compared, out.lang, out.zone, here="machine")
    if out.as_json:
        out.line(phrased.to_json())
        return
    out.page(
        render_comparison(phrased, out.lang, width=out.width, verbose=out.verbose, zone=out.zone)
    )
