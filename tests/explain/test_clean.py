"""What terminals, loggers, chat and keyboards do to an error text does not hide it."""

import json

import pytest

from bot.diagnosis.causes import Cause
from bot.explain import explain
from bot.explain.clean import MOST_CHARACTERS, clean

WORDS = 'Get "https://shop.example.jp/": x509: certificate signed by unknown authority'


@pytest.mark.parametrize(
    "text",
    [
        f"\x1b[31mERROR\x1b[0m {WORDS}",
        f"\x1b]0;title\x07{WORDS}",
        "\\u001b[31m" + WORDS + "\\u001b[0m",
        f"2024-01-02T03:04:05.678Z app[7]: {WORDS}",
        f"Jan  2 03:04:05 web01 app[7]: {WORDS}",
        f"web-1  | {WORDS}",
        f"E0102 03:04:05.678901       1 reflector.go:127] {WORDS}",
        json.dumps({"level": "error", "error": WORDS}),
        json.dumps({"log": f"接続できません。{WORDS}".replace(" certificate", "　certificate")}),
        json.dumps({"log": json.dumps({"msg": json.dumps({"error": WORDS})})}),
        WORDS.replace('"', "&quot;"),
        WORDS.replace("https://shop.example.jp/", "<https://shop.example.jp/|shop.example.jp>"),
        f"```\n{WORDS}\n```",
        f"> {WORDS}",
        WORDS.replace(" ", "\u00a0"),
        "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in WORDS),
        f"本番で次のエラーが出ています。{WORDS} どうすればいいですか？",
        WORDS.replace(" unknown", "\r\n   unknown"),
        WORDS.replace("unknown", "unk\nnown"),
    ],
)
def test_the_words_are_found(text: str) -> None:
    """The same line means the same, however it was pasted."""
    explanation = explain(text)
    assert explanation.cause is Cause.AMBIGUOUS_ISSUER
    assert explanation.host == "shop.example.jp"


def test_a_long_text_keeps_its_ends() -> None:
    """The first and the last of it are read, and no more than the bound."""
    text = "a\n" + "filler " * 100_000 + f"\nCaused by: {WORDS}"
    assert explain(text).cause is Cause.AMBIGUOUS_ISSUER
    assert len(clean(text).flat) <= MOST_CHARACTERS + 1


def test_the_evidence_is_the_line_that_decided() -> None:
    """Of many lines the one that names the fault is quoted."""
    text = f"starting\nconnecting to shop\n{WORDS}\nexit 1"
    assert explain(text).evidence == WORDS
