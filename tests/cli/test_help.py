"""The help texts: what the code says and what the catalogue translates is the same."""

import pytest
from typer.main import get_command

from bot.cli.app import app
from bot.cli.translate import PROGRAM, help_keys, help_lang
from bot.texts import catalogue
from tests.cli.conftest import Run


def test_the_catalogue_says_what_the_code_says() -> None:
    """Whoever changes an English help text changes help.po in both languages."""
    program = get_command(app)
    texts = catalogue("en")
    commands = {PROGRAM: program, **program.commands}  # type: ignore[attr-defined]  # a group has them
    found = 0
    for name, command in commands.items():
        for holder, keys in help_keys(name, command):
            key = next((one for one in keys if texts.has(one)), None)
            if key is not None:
                found += 1
                assert holder.help == texts.text(key), key  # type: ignore[attr-defined]  # all have it
    assert found >= 40


@pytest.mark.parametrize(
    ("arguments", "lang"),
    [
        (["check", "--lang", "ja", "--help"], "ja"),
        (["check", "--lang=ja"], "ja"),
        (["check", "--lang"], "en"),
        (["--help"], "en"),
        ([], "en"),
    ],
)
def test_the_language_of_help(
    arguments: list[str], lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--lang decides, then TLSCHECK_LANG."""
    monkeypatch.delenv("TLSCHECK_LANG", raising=False)
    assert help_lang(arguments) == lang


async def test_help_in_japanese(tlscheck: Run) -> None:
    """With the setting, every line that we wrote is Japanese."""
    ended = await tlscheck("letter", "--help", TLSCHECK_LANG="ja")
    assert ended.status == 0
    assert "サイトの管理者への連絡文を作成します。" in ended.out
    assert "Trust exactly" not in ended.out
    assert "管理者への連絡文" in (await tlscheck("--help", TLSCHECK_LANG="ja")).out
