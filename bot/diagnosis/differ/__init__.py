"""One server, two Reports from two places: in what they differ, and which of it is the cause. Pure.

`outline` is what is compared of a Report, `side` what is compared, `code` names the differences,
`rules` find them.
"""

from bot.diagnosis.differ.code import DifferenceCode
from bot.diagnosis.differ.outline import addresses_of, are_inside, chains_of, leaf_of
from bot.diagnosis.differ.rules import divergences
from bot.diagnosis.differ.side import Divergence, Side

__all__ = [
    "DifferenceCode",
    "Divergence",
    "Side",
    "addresses_of",
    "are_inside",
    "chains_of",
    "divergences",
    "leaf_of",
]
