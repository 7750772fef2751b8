"""The word that an expression cannot match without, by which most are never tried."""

import re

import pytest

from bot.explain.clean import clean
from bot.explain.literal import alternatives, required
from bot.explain.patterns import SIGNS, STATEMENTS
from tests.explain.corpus import PARTS, entries

_BRANCHES = [part for one in STATEMENTS for part in one.branches] + [
    part for one in SIGNS for part in one.branches
]


@pytest.mark.parametrize(
    ("regex", "word"),
    [
        (r"certificate has expired", "certificate has expired"),
        (r"curl: \((?:60|51)\)", "curl: ("),
        (r"\bnet_?error:? ?-107\b", "error"),
        (r"colou?r", "colo"),
        (r"ab+c", "ab"),
        (r"x{2,3}yz", "yz"),
        (r"[a-z]foo\.bar", "foo.bar"),
        (r"(?:one|two)", ""),
        (r"(?<![0-9a-f])-0x2700\b", "-0x2700"),
        (r"[(\]]{1,3}end", "end"),
    ],
)
def test_the_word_is_in_every_match(regex: str, word: str) -> None:
    """Classes, groups and what may be missing give no letter to it."""
    assert required(regex) == word


def test_branches_are_told_apart_only_outside_groups() -> None:
    """A bar within a group or a class belongs to it."""
    assert alternatives(r"a|b(c|d)|[|]\|e") == ("a", "b(c|d)", r"[|]\|e")


def test_no_match_is_lost_in_the_corpus() -> None:
    """On every real paste the words let through whatever the expressions find."""
    texts = [clean(entry.text).folded for part in PARTS for entry in entries(part)][::4]
    for text in texts:
        for branch in _BRANCHES:
            if branch.word not in text:
                assert not branch.regex.search(text), (branch, text)


def test_few_expressions_are_tried() -> None:
    """On an ordinary paste nearly all are passed over: the bot's loop is not held."""
    branches = [part for one in STATEMENTS for part in one.branches]
    text = clean(entries("build")[0].text).folded
    assert sum(branch.word in text for branch in branches) < len(branches) / 10


def test_the_flags_of_each_expression_are_ascii() -> None:
    """Words are compared letter by letter, so no expression may fold case."""
    for part in _BRANCHES:
        assert not part.regex.flags & re.IGNORECASE
