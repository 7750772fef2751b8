"""Wrong usage: status 2, one clear line on standard error, nothing on standard output."""

import io
import os
from pathlib import Path

import pytest

from bot.cli import main
from tests.cli.conftest import Run
from tests.diagnosis.chains import LEAF

WRONG = [
    ((), "give a command"),
    (("nope",), "No such command 'nope'"),
    (("check",), "Missing argument"),
    (("check", "a.example", "--nope"), "No such option: --nope"),
    (("check", ""), "Which server?"),
    (("check", ";rm"), '";rm" cannot be a host name'),
    (("check", "a" * 10_000), "too long"),
    (("check", "a.exam\x1b[31mple"), "U+001B"),
    (("check", "http://"), "no host name"),
    (("check", "🔥"), "cannot be a host name"),
    (("check", "shop.example.jp:0"), '"0" is not a port'),
    (("check", "shop.example.jp", "99999"), '"99999" is not a port'),
    (("check", "2130706433"), "cannot be a host name"),
    (("check", "a.example", "--at", "tomorrow"), "--at needs a moment"),
    (("check", "a.example", "--at", "2026-11-23"), "--at needs a moment"),
    (("check", "a.example", "--at", "2026-11-23T09:00:00"), "--at needs a moment"),
    (("check", "a.example", "--at", "2026-13-23T09:00:00Z"), "--at needs a moment"),
    (("check", "a.example", "--address", "b.example"), "--address needs an IP address"),
    (("check", "a.example", "--address", "192.0.2.1:0"), "--address needs an IP address"),
    (("check", "a.example", "--address", "[::1"), "--address needs an IP address"),
    (("check", "a.example", "--allow-network", "all"), "--allow-network needs a network"),
    (("check", "a.example", "--roots", "no-such-file"), "cannot read no-such-file"),
    (("check", "a.example", "--roots", "."), "cannot read ."),
    (("check", "a.example", "--starttls", "gopher"), "'gopher' is not one of 'smtp'"),
    (("check", "a.example", "--timeout", "0"), "--timeout"),
    (("check", "a.example", "--lang", "de"), "'de' is not one of 'en', 'ja'"),
    (("check", "a.example", "b.example", "--fullchain", "x.pem"), "exactly one server"),
    (("chain", "no-such-file", "--host", "a.example"), "cannot read no-such-file"),
    (("chain", "-", "--host", "a.example"), "holds no certificate"),
    (("chain", "-"), "Missing option '--host'"),
    (("check", "-"), "The list is empty"),
]


@pytest.fixture
def _in_a_clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    for name in list(os.environ):
        if name.startswith(("TLSCHECK_", "SLACK_", "REDIS_")):
            monkeypatch.delenv(name)


@pytest.mark.usefixtures("_in_a_clean_place")
@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=[" ".join(w[0])[:40] for w in WRONG])
def test_wrong_usage(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """Each mistake is named in one line."""
    status = main(arguments)
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("tlscheck: ")
    assert words in err
    assert "\x1b" not in err


@pytest.mark.parametrize("arguments", [(), ("check", "--nope"), ("check", ";rm")])
async def test_wrong_usage_of_the_real_program(tlscheck: Run, arguments: tuple[str, ...]) -> None:
    """The same from outside: the status of the process, and nothing but the line."""
    ended = await tlscheck(*arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("tlscheck: ")


_DAMAGED = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"hello\n", "{file} holds no certificate"),
        (_DAMAGED, "certificate 1 in {file} is damaged"),
        (LEAF.pem + _DAMAGED, "certificate 2 in {file} is damaged"),
        (LEAF.pem[:-30], "certificate 1 in {file} is damaged"),
        (LEAF.der, "{file} is a certificate in binary form (DER)"),
    ],
    ids=["text", "damaged", "second damaged", "cut off", "DER"],
)
async def test_files_that_are_no_pem(
    tlscheck: Run, tmp_path: Path, contents: bytes, said: str
) -> None:
    """A file of roots that cannot be read is named, and what is the matter with it."""
    file = tmp_path / "roots.pem"
    file.write_bytes(contents)
    ended = await tlscheck("check", "a.example", "--roots", str(file))
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert "--roots: " in ended.err
    assert said.format(file=file) in ended.err


async def test_the_line_of_a_list_is_named(tlscheck: Run) -> None:
    """A mistake in a list is found before anything is checked, and its line is said."""
    ended = await tlscheck("check", "-", stdin="# ours\na.example\n\nb.example:x\n")
    assert ended.status == 2
    assert ended.err == (
        'tlscheck: line 4: "x" is not a port: it has to be a number from 1 to 65535.\n'
    )


async def test_mistakes_in_japanese(tlscheck: Run) -> None:
    """The asked language is also the language of complaints."""
    ended = await tlscheck("check", ";rm", "--lang", "ja")
    assert ended.err == "tlscheck: 「;rm」はホスト名としてもIPアドレスとしても正しくありません。\n"
    assert (await tlscheck("check", ";rm", TLSCHECK_LANG="ja")).err == ended.err


async def test_wrong_setting(tlscheck: Run) -> None:
    """A wrong setting ends the start with one line that names it."""
    ended = await tlscheck("check", "a.example", TLSCHECK_LANG="de")
    assert ended.status == 2
    assert ended.err.startswith("tlscheck: TLSCHECK_LANG: ")
    assert ended.err.count("\n") == 1


async def test_serve_without_tokens(tlscheck: Run) -> None:
    """The bot does not start without its tokens, and says which one it misses."""
    ended = await tlscheck("serve")
    assert ended.status == 2
    assert ended.err.startswith("tlscheck: SLACK_BOT_TOKEN ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--help",), ("check", "-h"), ("chain", "--help")])
async def test_help(tlscheck: Run, arguments: tuple[str, ...]) -> None:
    """Help goes to standard output, and is no mistake."""
    ended = await tlscheck(*arguments)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("Usage: tlscheck ")


async def test_version(tlscheck: Run) -> None:
    """The version in a form that scripts can cut."""
    assert (await tlscheck("--version")).out.startswith("tlscheck 0.")
