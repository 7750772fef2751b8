"""The repaired chain in a file."""

from pathlib import Path

import pytest

from bot.cli.output import again_with, write_fullchain
from bot.cli.status import WrongUsageError, status_of
from bot.diagnosis.causes import Verdict
from bot.texts.catalogue import catalogue
from tests.render.test_terminal import MISSING

ENGLISH = catalogue("en")


def test_fullchain_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new file gets the chain; one that exists, perhaps a server's own, stays as it is."""
    file = tmp_path / "fullchain.pem"
    write_fullchain(file, MISSING, ENGLISH)
    assert file.read_text() == "PEM"
    assert capsys.readouterr().err == f"The full chain is in {file}.\n"
    file.write_text("mine")
    with pytest.raises(WrongUsageError, match="exists already"):
        write_fullchain(file, MISSING, ENGLISH)
    assert file.read_text() == "mine"


def test_fullchain_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A folder that is not there is the caller's mistake, in one line."""
    with pytest.raises(WrongUsageError, match=r"cannot write .*No such file"):
        write_fullchain(tmp_path / "no" / "x.pem", MISSING, ENGLISH)


def test_the_command_is_repeated_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is offered for copying holds the options that led to the answer, quoted for a shell."""
    monkeypatch.setattr("sys.argv", ["tlscheck", "check", "a.example 8443", "--no-fetch"])
    assert again_with("--fullchain", "fullchain.pem") == (
        "tlscheck check 'a.example 8443' --no-fetch --fullchain fullchain.pem"
    )


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        (["ok"], 0),
        (["ok", "warning"], 0),
        (["ok", "broken", "unreachable"], 1),
        (["ok", "unreachable"], 3),
    ],
)
def test_worst_status(verdicts: list[Verdict], status: int) -> None:
    """Broken outweighs unreachable, which outweighs all that works."""
    assert status_of(verdicts) == status
