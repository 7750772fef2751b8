"""Making text from outside visible as what it is, for every surface that shows text.

A certificate's subject, a banner or an error line may hold escape sequences that a terminal
obeys, direction marks that turn a name around, or letters that are drawn as nothing. Here they
become readable. A surface with markup of its own escapes that on top.
"""

import re
import unicodedata

# Cc control, Cf format (direction, zero-width, tags), Cs lone surrogates (no UTF-8 form),
# Co private use, Cn unassigned, Zl/Zp line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that are drawn as nothing: Hangul fillers, Braille blank, combining grapheme
# joiner, Khmer inherent vowels, Mongolian variation selectors.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f")
_BREAKS = re.compile(r"[\t\v\f\r\n\u0085\u2028\u2029]+")
# More combining marks in a row than any script needs draw over the neighbouring lines.
_STACK = 3
# Text of these only is as it should be already: Latin, punctuation, arrows, box drawing, Japanese.
_PLAIN = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u23ff\u2500-\u27ff"
    "\u3001-\u3029\u3041-\u3096\u30a0-\u30ff\u4e00-\u9fff\uff01-\uff5e]*"
)


def visible(text: str) -> str:
    """One line in which nothing is hidden: U+202E becomes `⟨U+202E⟩`, line breaks a space.

    Args:
        text: Any string, also with lone surrogates.

    Returns:
        A string that encodes as UTF-8, without control, format or zero-width characters.
    """
    if _PLAIN.fullmatch(text):
        return text
    return _shown(_BREAKS.sub(" ", text))


def visible_lines(text: str) -> list[str]:
    """The same for text whose lines and spaces count: a command, a configuration, a PEM."""
    return [visible(line.expandtabs(4)) for line in text.replace("\r\n", "\n").split("\n")]


def _shown(text: str) -> str:
    shown: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if category in {"Mn", "Me"}:
            marks += 1
            if marks > _STACK or _selects_a_variant(character):
                continue
        else:
            marks = 0
        hidden = category in _HIDDEN or character in _BLANK
        shown.append(f"⟨U+{ord(character):04X}⟩" if hidden else character)
    return "".join(shown)


def _selects_a_variant(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
