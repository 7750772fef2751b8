"""The comparison is fair: what counts as naming a cause, tried on outputs that tools once printed."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.demo.lab import SCENARIOS
from tests.benchmarks import compare
from tests.benchmarks.compare import Line, compared, report
from tests.benchmarks.contestants import OPENSSL, SSLYZE, TESTSSL, TOOLS, Place, Tool, run
from tests.benchmarks.criterion import STILL_RUNNING, TABLE, Judgement, judge

RECORDED = Path(__file__).parent / "recorded"
CAUSES = {one.name: one.cause for one in SCENARIOS}
EXPECTED: dict[tuple[Tool, str], Judgement] = {
    (OPENSSL, "missing-intermediate"): "names",
    (OPENSSL, "wrong-intermediate"): "hints",
    (OPENSSL, "expired"): "names",
    (OPENSSL, "expired-intermediate"): "names",
    (OPENSSL, "untrusted-root-not-sent"): "names",
    (OPENSSL, "healthy"): "names",
    (OPENSSL, "client-certificate-required-tls13"): "names",
    (OPENSSL, "plaintext-http"): "names",
    (OPENSSL, "dst-root-2021"): "hints",
    (OPENSSL, "backends-differ"): "names",
    (SSLYZE, "missing-intermediate"): "hints",
    (SSLYZE, "wrong-intermediate"): "names",
    (SSLYZE, "expired"): "names",
    (SSLYZE, "expired-intermediate"): "names",
    (SSLYZE, "hostname-mismatch"): "names",
    (SSLYZE, "healthy"): "names",
    (SSLYZE, "timeout-silent"): "hints",
    (SSLYZE, "wrong-order"): "names",
    (SSLYZE, "tls10-only"): "names",
    (TESTSSL, "missing-intermediate"): "names",
    (TESTSSL, "untrusted-root"): "names",
    (TESTSSL, "expired"): "names",
    (TESTSSL, "expired-intermediate"): "names",
    (TESTSSL, "must-staple-missing"): "names",
    (TESTSSL, "revoked-ocsp"): "names",
    (TESTSSL, "strict-clients"): "silent",
    (TESTSSL, "staple-out-of-date"): "names",
}


def recorded(tool: Tool, scenario: str) -> str:
    """What the tool printed once, without keys and certificates."""
    return (RECORDED / f"{scenario}.{tool.name.replace(' ', '-')}.txt").read_text()


@pytest.mark.parametrize(
    ("tool", "scenario"), EXPECTED, ids=[f"{tool.name} {name}" for tool, name in EXPECTED]
)
def test_an_output_is_judged_as_a_person_reads_it(tool: Tool, scenario: str) -> None:
    """Words that say the cause count, and those that others share do not."""
    judged = judge(tool.name, CAUSES[scenario], recorded(tool, scenario))
    assert judged == EXPECTED[tool, scenario]


@pytest.mark.parametrize("tool", [OPENSSL, SSLYZE], ids=["openssl", "sslyze"])
def test_the_output_for_a_healthy_server_names_no_cause(tool: Tool) -> None:
    """What a tool prints of every server names nothing."""
    text = recorded(tool, "healthy")
    named = [cause for cause in TABLE if cause and judge(tool.name, cause, text) == "names"]
    assert named == []


def test_a_server_s_name_gives_nothing_away() -> None:
    """The lab calls its servers by what is wrong with them; repeating that is no diagnosis."""
    cause = CAUSES["timeout-silent"]
    assert judge("sslyze", cause, "SCAN RESULTS FOR TIMEOUT-SILENT.LAB.TEST:443") == "silent"
    assert judge("sslyze", cause, "Connection to server timed out") == "names"


def test_every_cause_of_the_lab_has_words_for_every_tool() -> None:
    """No server is met whose cause the table does not know."""
    for scenario in compared([]):
        assert set(TABLE[scenario.cause]) == {tool.name for tool in TOOLS}


def test_an_unknown_server_is_refused() -> None:
    """A misspelt name of --only is said, and nothing runs."""
    with pytest.raises(SystemExit, match="no such server in the lab: helathy"):
        compared(["helathy"])


async def test_a_tool_that_hangs_is_ended() -> None:
    """A program without an end is stopped with its children, and its output says so."""
    tool = Tool("sh", ("sh",), 0.3, lambda _: ("-c", "echo begun; sleep 60 & wait"), lambda _: b"")
    place = Place("healthy.lab.test", "127.0.0.1", 1, Path("roots.pem"), None)
    program = tool.found()
    assert program is not None
    said = await run(tool, program, place, "http://127.0.0.1:1")
    assert not said.ended
    assert said.seconds < 30
    assert said.text.split("\n") == ["begun", "", STILL_RUNNING, ""]


def test_the_table_says_who_named_what() -> None:
    """Sums leave sound servers out, and a run that was ended is marked."""
    line = Line(compared(["expired"])[0])
    sound = Line(compared(["healthy"])[0])
    for each in (line, sound):
        each.found[compare.OURS, 0] = ("names", 0.01, True)
        each.found["sslyze", 0] = ("hints", 60.0, False)
    made = report([line, sound], [compare.OURS, "sslyze"], [0], [0.5])
    assert "| tlscheck | 1 of 1 | 0 | 0 | 0 of 1 | 0.01 |" in made
    assert "| sslyze | 0 of 1 | 1 | 0 | 1 of 1 | 60.00 |" in made
    assert "| expired | expired | yes, 0.01 s | hints, >60.00 s |" in made


@pytest.mark.skipif(OPENSSL.found() is None, reason="openssl is not installed")
def test_a_small_comparison_runs(tmp_path: Path) -> None:
    """Both round trips, two servers, one tool: a table of judgements and times."""
    out = tmp_path / "table.md"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.benchmarks.compare", "--tools", OPENSSL.name),
            *("--only", "healthy", "backends-differ", "--out", str(out)),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = out.read_text()
    assert "| tlscheck | 1 of 1 | 0 | 0 | 0 of 1 |" in text
    assert "| openssl s_client | 1 of 1 | 0 | 0 | 0 of 1 |" in text
    assert "| backends-differ | backends_differ | yes, " in text
