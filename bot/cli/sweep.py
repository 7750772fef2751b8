"""`tlscheck sweep`: every line of a list, over all workers or from here, and a summary at the end."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from bot.cli import options
from bot.cli.check import read_list
from bot.cli.output import Out, open_out, progress, quiet_pipe
from bot.cli.status import UNCHECKED, WrongUsageError, status_of
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report, Target
from bot.diagnosis.surroundings import PATIENCE
from bot.listing import NoListError, read_bytes, rows
from bot.render.sanitise import visible
from bot.settings import Settings, SettingsError
from bot.sweep import Politeness, Results, ResultsError, Tally, Unanswered
from bot.sweep import sweep as run_sweep
from bot.sweep.results import key_of as result_key
from bot.sweep.results import row_of
from bot.sweep.tally import EXPIRY
from bot.texts.catalogue import Catalogue

_HERE_AT_ONCE = 100
_MOST_AT_ONCE = 2000
_SHOWN = 12
"""Issuers, and unanswered hosts, that the summary names."""

_Ask = Callable[[Target], Awaitable[Report]]


def sweep(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A list of hosts, one a line; - reads one.")
    ],
    *,
    jsonl: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write one Report a line there.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a table there.")] = None,
    chart: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Draw the summary there, as a PNG.")
    ] = None,
    vantage: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only by the workers of this name.")
    ] = None,
    rate: Annotated[
        float, typer.Option(metavar="NUMBER", min=0.1, help="Hosts a second at most, in all.")
    ] = 1000.0,
    network_rate: Annotated[
        float,
        typer.Option(metavar="NUMBER", min=0.1, help="The same for one network or domain."),
    ] = 20.0,
    network_at_once: Annotated[
        int,
        typer.Option(metavar="NUMBER", min=1, help="Checks at a time in one network or domain."),
    ] = 10,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=60, help="Bound of each whole check.")
    ] = 10.0,
    no_fetch: options.NoFetchOption = False,
    lang: options.LangChoice = None,
) -> int:
    """Check every host of a list, over all workers, and sum up what was found.

    What OUT holds already is not asked again, so that a sweep can be stopped and continued.
    Exit status: 0 nothing broken, 1 broken, 2 wrong usage, 3 could not be reached or checked.
    """
    settings, chosen, texts = options.read_settings(lang)
    targets = list({result_key(one): one for one in _targets(file, texts)}.values())
    if chart is not None and not _may_draw(chart):
        raise WrongUsageError(texts.text("sweep.chart.other", file=chart))
    try:
        results = Results(jsonl, csv)
    except ResultsError as error:
        raise WrongUsageError(texts.text(error.key, n=None, **error.values)) from error
    common = Question(target=targets[0], timeout=timeout, fetch=not no_fetch)
    politeness = Politeness(rate, network_rate, network_at_once)
    out = open_out(chosen)
    with quiet_pipe():
        try:
            sweep = _Sweep(settings, texts, out, results, vantage)
            try:
                return asyncio.run(sweep.run(targets, common, politeness))
            finally:
                if chart is not None:
                    sweep.draw(chart, file)
        except SettingsError as error:
            raise WrongUsageError(str(error)) from error
        except ResultsError as error:
            raise WrongUsageError(texts.text(error.key, n=None, **error.values)) from error
        finally:
            results.close()


def _may_draw(file: Path) -> bool:
    """Whether nothing but an earlier picture would be written over."""
    if not file.exists():
        return file.parent.is_dir()
    with suppress(OSError), file.open("rb") as source:
        return source.read(8) == b"\x89PNG\r\n\x1a\n"
    return False


def _targets(file: str, texts: Catalogue) -> list[Target]:
    try:
        if file == "-":
            lines = sys.stdin.read().splitlines()
        else:
            lines = read_bytes(Path(file).read_bytes())
    except OSError as error:
        reason = error.strerror or str(error)
        text = texts.text("sweep.file.unusable", file=file, reason=reason)
        raise WrongUsageError(text) from error
    except NoListError as error:
        raise WrongUsageError(texts.text(f"sweep.list.{error.code}", file=file)) from error
    targets = read_list(rows(lines), texts, None)
    if not targets:
        raise WrongUsageError(texts.text("error.list.empty"))
    return targets


class _Sweep:
    def __init__(
        self,
        settings: Settings,
        texts: Catalogue,
        out: Out,
        results: Results,
        vantage: str | None,
    ) -> None:
        self._settings = settings
        self._texts = texts
        self._out = out
        self._results = results
        self._vantage = vantage
        self._tally = Tally()
        self._unanswered: list[Unanswered] = []

    async def run(self, targets: Sequence[Target], common: Question, politeness: Politeness) -> int:
        """Sweep, and give the exit status."""
        wanted = {result_key(one) for one in targets}
        known = {one.key: one for one in self._results.before if one.key in wanted}
        for row in known.values():
            self._tally.add(row, datetime.now(UTC))
        rest = [one for one in targets if result_key(one) not in known]
        if known:
            self._note("sweep.continued", n=len(known))
        loop, this = asyncio.get_running_loop(), asyncio.current_task()
        if this is not None:
            with suppress(NotImplementedError):  # Windows has no such thing
                loop.add_signal_handler(signal.SIGTERM, this.cancel)
        try:
            if rest:
                async with self._place(common) as (ask, at_once):
                    await self._ask_all(rest, ask, at_once, politeness)
        except asyncio.CancelledError:
            self._summary()
            self._note("sweep.stopped", n=len(targets) - self._tally.total)
            raise
        self._summary()
        status = status_of(self._tally.verdicts)  # type: ignore[arg-type] # its keys are verdicts
        return UNCHECKED if status == 0 and self._unanswered else status

    def draw(self, chart: Path, name: str) -> None:
        """Write the picture of what was found, also when that is not all of it."""
        from bot.render.charts import sweep_picture

        picture = sweep_picture(
            self._tally, Path(name).name, datetime.now(UTC), self._out.lang, self._out.zone
        )
        try:
            chart.write_bytes(picture.png)
        except OSError as error:
            reason = error.strerror or str(error)
            text = self._texts.text("sweep.file.unusable", file=chart, reason=reason)
            raise WrongUsageError(text) from error

    async def _ask_all(
        self,
        rest: Sequence[Target],
        ask: _Ask,
        at_once: Callable[[], int],
        politeness: Politeness,
    ) -> None:
        from bot.texts import phrase_report

        out = self._out
        with progress(len(rest), out, counting=True) as (shown, advance):
            answers = run_sweep(rest, ask, at_once=at_once, politeness=politeness)
            async with aclosing(answers):
                async for answer in answers:
                    if isinstance(answer, Unanswered):
                        self._unanswered.append(answer)
                    else:
                        report = phrase_report(answer, out.lang, out.zone)
                        self._results.write(report)
                        self._tally.add(row_of(report), datetime.now(UTC))
                        if report.verdict in ("broken", "unreachable"):
                            shown.row(report, host_width=28)
                    advance()

    @asynccontextmanager
    async def _place(self, common: Question) -> AsyncIterator[tuple[_Ask, Callable[[], int]]]:
        """Where it is asked: all workers that live, or here when there are none."""
        from bot.store import StoreAddressError, StoreAwayError
        from bot.vantage import open_local_vantage
        from bot.worker import key_of, open_post
        from bot.worker.wire import ANY

        url = self._settings.redis_url
        if url is None and self._vantage is not None:
            raise WrongUsageError(self._texts.text("worker.usage.redis"))
        if url is not None:
            key = key_of(self._settings.tlscheck_worker_key)
            try:
                async with open_post(url.get_secret_value(), key=key) as post:
                    name = self._vantage or ANY
                    try:
                        await post.look()
                    except StoreAwayError as error:
                        text = self._texts.text("worker.error.redis", vantage=name)
                        raise WrongUsageError(text) from error
                    workers = post.workers_of(name)
                    strangers = [
                        one.vantage for one in post.strangers if name in (ANY, one.vantage)
                    ]
                    if not workers and strangers:
                        text = self._texts.text("worker.error.signature", vantage=strangers[0])
                        raise WrongUsageError(text)
                    if not workers and self._vantage is not None:
                        text = self._texts.text("worker.error.nobody", vantage=name)
                        raise WrongUsageError(text)
                    if workers:
                        names = ", ".join(dict.fromkeys(one.vantage for one in workers))
                        self._note("sweep.workers", n=len(workers), names=names)
                        place = post.vantage(name, patience=PATIENCE, later=False)
                        yield (
                            lambda target: place.check(
                                common.model_copy(update={"target": target})
                            ),
                            lambda: min(sum(one.at_once for one in place.workers), _MOST_AT_ONCE),
                        )
                        return
            except StoreAddressError as error:
                raise WrongUsageError(f"REDIS_URL: {error}") from error
        self._note("sweep.here")
        async with open_local_vantage(self._settings, patience=PATIENCE) as here:
            yield (
                lambda target: here.check(common.model_copy(update={"target": target})),
                lambda: _HERE_AT_ONCE,
            )

    def _note(self, key: str, n: int | None = None, **values: object) -> None:
        print(self._texts.text(key, n=n, **values), file=sys.stderr)

    def _summary(self) -> None:
        text, tally = self._texts.text, self._tally
        counts = {one: tally.verdicts[one] for one in ("ok", "warning", "broken", "unreachable")}
        lines = ["", text("sweep.summary", n=tally.total, **counts)]
        if tally.causes:
            lines += ["", text("sweep.by_cause")]
            lines += [f"  {count:>7}  {name}" for name, count in tally.causes.most_common()]
        if tally.issuers:
            lines += ["", text("sweep.by_issuer")]
            common = tally.issuers.most_common(_SHOWN)
            lines += [f"  {count:>7}  {visible(name)}" for name, count in common]
            if more := len(tally.issuers) - len(common):
                lines.append(f"  {text('sweep.more', n=more)}")
        if tally.total:
            lines += ["", text("sweep.by_expiry")]
            lines += [
                f"  {tally.expiry[one]:>7}  {text(f'sweep.expiry.{one}')}"
                for one in EXPIRY
                if tally.expiry[one]
            ]
        if self._unanswered:
            lines += ["", text("sweep.unanswered", n=len(self._unanswered))]
            for one in self._unanswered[:_SHOWN]:
                lines.append(
                    f"  {visible(one.target.host)}: {text(one.error.key, n=None, **one.error.values)}"
                )
        self._out.page(Text(line) for line in lines)
