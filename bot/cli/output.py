"""Standard output and standard error: answers, lists, JSON lines, the progress bar."""

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.cli.status import BROKEN_PIPE, WrongUsageError
from bot.diagnosis.remedies import fix_with, softwares_for
from bot.diagnosis.report import Report
from bot.render.terminal import render_report, render_row, render_tally
from bot.texts.catalogue import Catalogue, Lang, catalogue
from bot.texts.moment import local_zone

# A pipe or a file has no width of its own; this one leaves error lines in one piece more often
# than 80 does.
_WIDTH_OF_A_FILE = 100


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to `quiet_pipe`, which ends the command without a word."""
        raise BrokenPipeError


def _console(*, stderr: bool = False) -> Console:
    return _Console(
        file=sys.stderr if stderr else sys.stdout,
        markup=False,
        emoji=False,
        highlight=False,
    )


@dataclass(frozen=True)
class Out:
    """Where answers go, and in which form."""

    lang: Lang
    as_json: bool
    verbose: bool
    as_of: datetime | None
    console: Console
    zone: tzinfo

    def answer(
        self, report: Report, *, save_command: str | None = None, allow_command: str | None = None
    ) -> None:
        """One full answer, or its JSON line."""
        if self.as_json:
            self._write(report.to_json())
            return
        self._print(
            render_report(
                report,
                self.lang,
                width=self.width,
                as_of=self.as_of,
                save_command=save_command,
                allow_command=allow_command,
                verbose=self.verbose,
                zone=self.zone,
            )
        )

    def update(self, report: Report, *, save_command: str | None = None) -> None:
        """The answer that takes the place of the one above it."""
        self._print([Text(), Text(catalogue(self.lang).text("terminal.update"), "bold"), Text()])
        self.answer(report, save_command=save_command)

    @property
    def width(self) -> int:
        """Cells that an answer may take."""
        known = self.console.is_terminal or os.environ.get("COLUMNS", "").isdecimal()
        return self.console.width if known else _WIDTH_OF_A_FILE

    def page(self, lines: Iterable[Text]) -> None:
        """Lines that already fit."""
        self._print(lines)

    def line(self, text: str) -> None:
        """A line for programs, as it is."""
        self._write(text)

    def row(self, report: Report, *, host_width: int) -> None:
        """One answer of a list: a line, or all of it when that was asked for."""
        if self.as_json:
            self._write(report.to_json())
        elif self.verbose:
            self.answer(report)
            self._print([Text()])
        else:
            width = self.console.width if self.console.is_terminal else None
            self._print([render_row(report, self.lang, host_width=host_width, width=width)])

    def tally(self, reports: list[Report]) -> None:
        """The last line of a list."""
        if not self.as_json:
            self._print([Text(), Text(render_tally(reports, self.lang))])

    def plain(self, text: str) -> None:
        """Text as it is, to be piped or copied: no colour, no line broken by us."""
        self._write(text)

    def _print(self, lines: Iterable[Text]) -> None:
        for line in lines:
            self.console.print(line, soft_wrap=True)
        self.console.file.flush()

    def _write(self, line: str) -> None:
        self.console.file.write(line + "\n")
        self.console.file.flush()


def for_software(report: Report, software: str | None) -> Report:
    """The Report with the steps for a chosen software, where there are some for its cause."""
    if software is None or software not in softwares_for(report):
        return report
    return report.model_copy(update={"fix": fix_with(report, software)})


def open_out(
    lang: Lang, *, as_json: bool = False, verbose: bool = False, as_of: datetime | None = None
) -> Out:
    """Standard output: coloured on a terminal only, and not with NO_COLOR (https://no-color.org)."""
    # What programs read is the same on every machine.
    zone = UTC if as_json else local_zone()
    return Out(lang, as_json, verbose, as_of, _console(), zone)


@contextmanager
def progress(
    total: int, out: Out, *, counting: bool = False
) -> Iterator[tuple[Out, Callable[[], None]]]:
    """A bar on standard error while a list runs, when a person watches.

    Args:
        total: How many answers are to come.
        out: Where they go.
        counting: Show how many come a second, too.

    Yields:
        Where to write them while the bar is there, and what to call after each.
    """
    errors = _console(stderr=True)
    if total < 2 or not errors.is_terminal:
        yield out, lambda: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    class Rate(ProgressColumn):
        """Answers a second."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed else "")

    columns: list[ProgressColumn] = [BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    if counting:
        columns.insert(2, Rate())
    with Bar(*columns, console=errors, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=total)
        # On one terminal only one of them may move the cursor; in a file the answers stay alone.
        shared = replace(out, console=errors) if out.console.is_terminal else out
        yield shared, lambda: bar.advance(task)


@contextmanager
def waiting_for(names: Sequence[str], out: Out) -> Iterator[Callable[[str], None]]:
    """Say on standard error who has not answered yet, when a person watches.

    Yields:
        What to call with the name of each that has.
    """
    errors = _console(stderr=True)
    if not errors.is_terminal:
        yield lambda _: None
        return
    left = list(names)
    texts = catalogue(out.lang)

    def said() -> str:
        shown = ", ".join(left[:6]) + ("…" if len(left) > 6 else "")
        return texts.text(
            "compare.waiting", total=len(names), done=len(names) - len(left), names=shown
        )

    with errors.status(said()) as status:

        def answered(name: str) -> None:
            left.remove(name)
            status.update(said())

        yield answered


@contextmanager
def waiting(out: Out) -> Iterator[None]:
    """Say on standard error what is still waited for, when a person watches."""
    errors = _console(stderr=True)
    if not errors.is_terminal:
        yield
        return
    with errors.status(catalogue(out.lang).text("terminal.waiting")):
        yield


@contextmanager
def quiet_pipe() -> Iterator[None]:
    """End without a word when the reader of standard output has gone (`| head`)."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes standard output once more at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(BROKEN_PIPE) from None


def again_with(*options: str) -> str:
    """This very command once more, with more options."""
    return shlex.join(["tlscheck", *sys.argv[1:], *options])


def write_fullchain(file: Path, report: Report, texts: Catalogue) -> None:
    """Write the repaired chain into a new file, and say on standard error what was done.

    Raises:
        WrongUsageError: The file exists (it may be in use by a server) or cannot be written.
    """
    pem = report.fix.fullchain_pem if report.fix else None
    if pem is None:
        print(texts.text("error.fullchain.none"), file=sys.stderr)
        return
    try:
        with file.open("x", encoding="ascii") as target:
            target.write(pem)
    except FileExistsError:
        raise WrongUsageError(texts.text("error.fullchain.exists", file=file)) from None
    except OSError as error:
        reason = error.strerror or str(error)
        text = texts.text("error.fullchain.unwritable", file=file, reason=reason)
        raise WrongUsageError(text) from error
    print(texts.text("error.fullchain.written", file=file), file=sys.stderr)
