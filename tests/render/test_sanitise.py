"""Text from outside cannot hide or give orders."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.sanitise import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CN=shop.example.jp", "CN=shop.example.jp"),
        ("\x1b]0;owned\x07", "⟨U+001B⟩]0;owned⟨U+0007⟩"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("moc.\u202eelpmaxe", "moc.⟨U+202E⟩elpmaxe"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("a\nb\r\nc", "a b c"),
        ("\udc80", "⟨U+DC80⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("株式会社 例", "株式会社 例"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 3),
    ],
    ids=ascii,
)
def test_visible(text: str, shown: str) -> None:
    """What a screen would obey or hide is spelled out; letters of any script stay."""
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_nothing_stays_hidden(text: str) -> None:
    """Whatever comes in, what comes out is one line of visible, encodable characters."""
    shown = visible(text)
    shown.encode()
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert visible(shown) == shown


def test_lines_keep_their_spaces() -> None:
    """A configuration keeps its lines and its indentation."""
    assert visible_lines("server {\r\n\tlisten 443  ssl;\n}") == [
        "server {",
        "    listen 443  ssl;",
        "}",
    ]
