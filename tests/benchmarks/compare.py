"""Does each tool name the cause, and how long does it take? Every server of the lab, four tools.

`python -m tests.benchmarks.compare [--only NAME …] [--rtt 0 --rtt 50] [--out FILE] [--keep FOLDER]`

Prints (and with --out writes) a Markdown table: for each server and tool whether what the tool
prints names the cause (`criterion` says what counts), and the seconds it took, directly and behind
a round trip of 50 ms. Tools run one after the other, each bounded; one that is not installed has
no column. testssl.sh takes ten seconds and more for each server: a whole run lasts half an hour.

Ours is a check inside the running bot that has seen no certificate before (nothing cached); theirs
is the wall time of the command, as a person waits for it. How long our own command takes beyond
that (the start of Python) stands below the table. Where a name has several addresses, each tool
is run on each, and its outputs are read together.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bot.demo.lab import SCENARIOS, Scenario
from bot.demo.lab.authority import AIA_HOST
from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from tests.benchmarks.contestants import TOOLS, Place, Tool, run
from tests.benchmarks.criterion import Judgement, judge
from tests.benchmarks.peer import HEALTHY, Peer, open_peer
from tests.benchmarks.table import show_machine

OURS = "tlscheck"
# A refusal of ours, and nothing that any server does wrong.
LEFT_OUT = frozenset({Cause.EGRESS_DENIED})
SIGNS: dict[Judgement, str] = {"names": "yes", "hints": "hints", "silent": "no"}


@dataclass(slots=True)
class Line:
    """One server: what came of each tool, by tool and round trip in milliseconds."""

    scenario: Scenario
    found: dict[tuple[str, int], tuple[Judgement, float, bool]] = field(default_factory=dict)


def compared(only: Sequence[str]) -> list[Scenario]:
    """The scenarios that are met: those that are judged, or those named.

    Raises:
        SystemExit: A name is unknown.
    """
    if unknown := set(only) - {one.name for one in SCENARIOS}:
        sys.exit(f"no such server in the lab: {', '.join(sorted(unknown))}")
    return [
        one
        for one in SCENARIOS
        if one.judged and one.cause not in LEFT_OUT and (not only or one.name in only)
    ]


async def main(
    only: Sequence[str], trips: Sequence[int], keep: Path | None, contest: Sequence[Tool] = TOOLS
) -> list[str]:
    """Run everything; the lines of the report."""
    show_machine()
    scenarios = compared(only)
    tools = {tool: program for tool in contest if (program := tool.found())}
    for tool in contest:
        if tool not in tools:
            print(f"{tool.name}: not installed, so it has no column")
    lines = [Line(one) for one in scenarios]
    starts: list[float] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tlscheck-")))
        for trip in trips:
            async with open_peer(delay=trip / 2000, lab=True) as peer:
                roots = folder / "roots.pem"
                roots.write_text(peer.roots_pem)
                starts.append(await _command_start(peer, roots, far=trip > 0))
                for line in lines:
                    await _meet(line, peer, trip, roots=roots, tools=tools, keep=keep)
    return report(lines, [OURS, *(tool.name for tool in tools)], trips, starts)


async def _meet(
    line: Line, peer: Peer, trip: int, *, roots: Path, tools: dict[Tool, str], keep: Path | None
) -> None:
    one = line.scenario
    line.found[OURS, trip] = await _ours(one, peer, far=trip > 0)
    places = (peer.all_far if trip else peer.all_near).get(one.host)
    aia = peer.all_far[AIA_HOST] if trip else peer.all_near[AIA_HOST]
    proxy = "http://{}:{}".format(*aia[0])
    for tool, program in tools.items():
        said = [
            await run(tool, program, Place(one.host, address, port, roots, one.cause), proxy)
            for address, port in places or ((one.host, 443),)
        ]
        text = "\n".join(each.text for each in said)
        took = sum(each.seconds for each in said)
        ended = all(each.ended for each in said)
        line.found[tool.name, trip] = judge(tool.name, one.cause, text), took, ended
        if keep is not None:
            _keep(keep / f"{one.name}.{tool.name.replace(' ', '-')}.{trip}.txt", text)
    shown = ", ".join(
        f"{name} {SIGNS[judgement]} {seconds:.2f} s"
        for (name, at), (judgement, seconds, _) in line.found.items()
        if at == trip
    )
    print(f"{trip:3} ms  {one.name}: {shown}", flush=True)


def _keep(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


async def _ours(one: Scenario, peer: Peer, *, far: bool) -> tuple[Judgement, float, bool]:
    """A check in a bot that has met nothing yet, judged by the cause it names."""
    vantage = peer.vantage(far=far)
    try:
        question = Question(target=parse_target(one.host))
        started = time.perf_counter()
        report = await vantage.check(question)
        took = time.perf_counter() - started
    finally:
        await vantage.aclose()
    return ("names" if report.cause is one.cause else "silent"), took, True


async def _command_start(peer: Peer, roots: Path, *, far: bool) -> float:
    """Wall time of our own command at the healthy server, its start included."""
    address, port = (peer.far if far else peer.near)[HEALTHY]
    networks = [part for one in peer.networks for part in ("--allow-network", one)]
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "check", HEALTHY, "--address", f"{address}:{port}"),
        *("--roots", str(roots), *networks),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60):
        status = await process.wait()
    if status != 0:
        msg = f"tlscheck check ended with {status} at a healthy server"
        raise RuntimeError(msg)
    return time.perf_counter() - started


def report(
    lines: Sequence[Line], names: Sequence[str], trips: Sequence[int], starts: Sequence[float]
) -> list[str]:
    """Markdown: the sums, then every server."""
    broken = [one for one in lines if one.scenario.cause is not None]
    sound = [one for one in lines if one.scenario.cause is None]
    behind = [f"seconds at {trip} ms" for trip in trips]
    out = [
        *_row("tool", "names the cause", "hints at it", "silent", "false alarms", *behind),
        *_rule(5 + len(trips)),
    ]
    for name in names:
        each = [one.found[name, trips[0]][0] for one in broken]
        alarms = sum(one.found[name, trips[0]][0] != "names" for one in sound)
        medians = [median(one.found[name, trip][1] for one in lines) for trip in trips]
        out += _row(
            *(name, f"{each.count('names')} of {len(broken)}", str(each.count("hints"))),
            *(str(each.count("silent")), f"{alarms} of {len(sound)}"),
            *(f"{value:.2f}" for value in medians),
        )
    commands = " / ".join(f"{value:.2f} s" for value in starts)
    shown = " / ".join(f"{trip} ms" for trip in trips)
    out += [
        "",
        "Seconds are medians over the servers. tlscheck runs in the bot, with nothing cached; as a",
        f"command of its own, started anew, it takes {commands} at a healthy server ({shown}).",
        "",
        *_row("server", "cause", *names),
        *_rule(2 + len(names)),
    ]
    for line in lines:
        cells = (_cell(line, name, trips) for name in names)
        cause = line.scenario.cause
        out += _row(line.scenario.name, cause.value if cause else "(nothing is wrong)", *cells)
    return out


def _cell(line: Line, name: str, trips: Sequence[int]) -> str:
    found = [line.found[name, trip] for trip in trips]
    signs = dict.fromkeys(SIGNS[judgement] for judgement, _, _ in found)
    took = " / ".join(f"{'' if ended else '>'}{seconds:.2f}" for _, seconds, ended in found)
    return f"{' / '.join(signs)}, {took} s"


def _row(*cells: str) -> list[str]:
    return [f"| {' | '.join(cells)} |"]


def _rule(columns: int) -> list[str]:
    return [f"|{' --- |' * columns}"]


def _arguments(given: Iterable[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these servers only")
    parser.add_argument(
        "--rtt", action="append", type=int, metavar="MS", help="round trip (0 and 50)"
    )
    names = [one.name for one in TOOLS]
    parser.add_argument("--tools", nargs="*", default=names, choices=names, help="these tools only")
    parser.add_argument("--out", type=Path, help="write the table there, too")
    parser.add_argument("--keep", type=Path, help="a folder for what each tool printed")
    return parser.parse_args(None if given is None else list(given))


if __name__ == "__main__":
    chosen = _arguments()
    contest = [one for one in TOOLS if one.name in chosen.tools]
    made = asyncio.run(main(chosen.only, chosen.rtt or [0, 50], chosen.keep, contest))
    print("\n" + "\n".join(made))
    if chosen.out is not None:
        chosen.out.write_text("\n".join(made) + "\n")
