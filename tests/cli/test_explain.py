"""`tlscheck explain`, run as a program: arguments, standard input, JSON, languages, statuses."""

import json

import pytest

from bot.cli.explain import decoded
from tests.cli.conftest import Run

LINE = "curl: (60) SSL certificate problem: unable to get local issuer certificate"


async def test_a_line_is_explained(tlscheck: Run) -> None:
    """The answer says the causes with their likelihood, who printed it and what to run next."""
    ended = await tlscheck("explain", f"$ curl https://shop.example.jp:8443/\n{LINE}")
    assert ended.status == 0
    assert ended.out.startswith("» No trusted issuer was found\n")
    assert "most likely" in ended.out
    assert "Printed by curl." in ended.out
    assert "tlscheck check shop.example.jp:8443\n" in ended.out
    assert "\x1b" not in ended.out
    assert ended.err == ""


async def test_words_need_no_quotes_and_options_within_them_are_words(tlscheck: Run) -> None:
    """What is pasted behind the command is taken as it is."""
    ended = await tlscheck("explain", *LINE.split(), "--cacert", "x", "--json")
    assert json.loads(ended.out)["cause"] == "ambiguous_issuer"


async def test_standard_input_is_read(tlscheck: Run) -> None:
    """A log comes through a pipe."""
    ended = await tlscheck("explain", "--json", stdin=f"a\n{LINE}\n")
    answer = json.loads(ended.out)
    assert ended.status == 0
    assert set(answer) >= {"cause", "candidates", "client", "host", "summary", "next_steps"}
    assert answer["client"] == "curl"
    assert answer["host"] is None
    assert answer["candidates"][0]["cause"] == "missing_intermediate"
    assert answer["next_steps"][0]["command"] == "tlscheck check HOST"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_encodings_of_windows_are_read(encoding: str) -> None:
    """PowerShell writes UTF-16, older Japanese programs Shift_JIS."""
    assert decoded("証明書エラー".encode(encoding)) == "証明書エラー"


async def test_japanese_is_answered(tlscheck: Run) -> None:
    """--lang decides the language of all of it."""
    ended = await tlscheck("explain", LINE, "--lang", "ja")
    assert ended.out.startswith("» 信頼できる発行元が見つかりません\n")


async def test_what_is_no_tls_error_is_said_kindly(tlscheck: Run) -> None:
    """Status 3: there was nothing to explain."""
    ended = await tlscheck("explain", "the printer is out of paper")
    assert ended.status == 3
    assert "nothing about TLS" in ended.out


async def test_nothing_is_wrong_usage(tlscheck: Run) -> None:
    """An empty text is one line on standard error."""
    ended = await tlscheck("explain")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("tlscheck: Paste the error text")


async def test_secrets_and_escapes_do_not_come_out(tlscheck: Run) -> None:
    """What a terminal obeys and what nobody may read is gone from both forms."""
    text = f"\x1b]0;evil\x07 https://bob:hunter22222@shop.example.jp/ \u009b31m\u202e {LINE}"
    for options in ((), ("--json",)):
        ended = await tlscheck("explain", text, *options)
        assert "hunter22222" not in ended.out
        assert not set("\x1b\x07\u009b\u202e") & set(ended.out)
