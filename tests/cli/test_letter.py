"""`tlscheck letter`: text that can be piped, files that can be attached, statuses as of check."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.diagnosis.certificate import read_pem_certificates
from tests.cli.conftest import Run

Where = Callable[[str], list[str]]


async def test_the_letter_is_on_standard_output(tlscheck: Run, where: Where) -> None:
    """Subject and body to be piped; what to attach is a note on standard error."""
    ended = await tlscheck(
        "letter",
        "missing-intermediate.lab.test",
        *where("missing-intermediate"),
        *("--software", "nginx", "--name", "Aoi Mori"),
        TZ="Asia/Tokyo",
    )
    assert ended.status == 1
    assert ended.out.startswith("Subject: missing-intermediate.lab.test: ")
    assert ended.out.endswith("\n\nAoi Mori\n")
    assert "ssl_certificate " in ended.out
    assert " JST / " in ended.out
    assert "\x1b" not in ended.out
    # The lab's CA cannot be asked from another process, so no chain is proven.
    assert ended.err == ""


async def test_what_to_attach_is_said(tlscheck: Run, where: Where) -> None:
    """A proven chain that was not saved is mentioned, apart from the letter."""
    ended = await tlscheck(
        "letter", "expired-beside-valid.lab.test", *where("expired-beside-valid")
    )
    assert ended.status == 0
    assert "--fullchain expired-beside-valid.lab.test.fullchain.pem" in ended.err
    assert "--fullchain" not in ended.out


async def test_the_folder_holds_all_there_is_to_send(
    tlscheck: Run, where: Where, tmp_path: Path
) -> None:
    """--out makes the folder, writes the letter and the chain, and never overwrites."""
    arguments = (
        "letter",
        "expired-beside-valid.lab.test",
        *where("expired-beside-valid"),
        *("--lang", "ja", "--out", "mail"),
    )
    ended = await tlscheck(*arguments)
    assert ended.status == 0
    mail = tmp_path / "mail"
    assert (mail / "letter.txt").read_text(encoding="utf-8") == ended.out
    assert ended.out.startswith("件名: 【ご連絡】")
    chain = (mail / "expired-beside-valid.lab.test.fullchain.pem").read_bytes()
    assert len(read_pem_certificates(chain)) == 2
    again = await tlscheck(*arguments)
    assert again.status == 2
    assert again.err.startswith("tlscheck: --out: mail/letter.txt は既に存在します")


async def test_nothing_to_send(tlscheck: Run, where: Where, tmp_path: Path) -> None:
    """A healthy server gets no letter but a sentence, and no file."""
    ended = await tlscheck("letter", "healthy.lab.test", *where("healthy"), "--out", "mail")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == (
        "There is nothing to write about: the certificate and the TLS settings of "
        "healthy.lab.test are in order.\n"
    )
    assert not (tmp_path / "mail").exists()


async def test_a_server_that_is_away(tlscheck: Run, where: Where) -> None:
    """Unreachable is status 3, with a letter that asks about it."""
    ended = await tlscheck("letter", "connection-refused.lab.test", *where("connection-refused"))
    assert ended.status == 3
    assert "refuses connections on port" in ended.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.test", "--roots", "no.pem"), "--roots: cannot read no.pem"),
        (("a.test", "--out", "/dev/null"), "--out: /dev/null is not a folder"),
        (("a.test", "--software", "notepad"), "choose one of nginx, apache, "),
        (("a b",), "can be read as more than one"),
    ],
)
async def test_wrong_usage(tlscheck: Run, arguments: tuple[str, ...], words: str) -> None:
    """One clear line on standard error, before anything is connected to."""
    ended = await tlscheck("letter", *arguments)
    assert ended.status == 2
    assert words in ended.err
    assert ended.err.count("\n") == 1
