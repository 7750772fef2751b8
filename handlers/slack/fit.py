"""Fitting an answer into Slack's limits: what matters least goes first, and the message says so.

An answer is made of parts in reading order, each with a rank. `fit` keeps the best-ranked parts
that the budget allows, lets a part come in a shorter form, and reports what was left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from handlers.slack.blocks import Block, weigh


@dataclass(frozen=True)
class Part:
    """Some blocks that belong together.

    `rank` 0 is never left out (the caller keeps those small); the higher, the sooner it goes.
    `forms` are the same thing from the fullest to the shortest. `name` says in the reader's
    language what was left out; empty when nobody would miss it.
    """

    rank: int
    forms: tuple[tuple[Block, ...], ...]
    name: str = ""

    @cached_property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Characters and blocks of each form; measured once, as parts are kept and used again."""
        return tuple((weigh(form), len(form)) for form in self.forms)


@dataclass(frozen=True)
class Fitted:
    """The blocks that fit, in reading order, and the names of what was shortened or left out."""

    blocks: tuple[Block, ...]
    missing: tuple[str, ...]


def part(rank: int, *blocks: Block, name: str = "") -> Part:
    """A part that comes in one form only."""
    return Part(rank, (tuple(blocks),), name)


def fit(parts: Sequence[Part], *, characters: int, blocks: int) -> Fitted:
    """Choose the form of every part so that all together keep within the two budgets.

    Args:
        parts: In reading order.
        characters: The budget of characters, as `blocks.weigh` counts them.
        blocks: The budget of blocks.

    Returns:
        What fits. Parts of rank 0 are always in, in their shortest form if need be.
    """
    sizes = [one.sizes for one in parts]
    chosen: dict[int, int] = {}
    # Those that must be there get their shortest form first, so that nothing crowds them out.
    room, places = characters, blocks
    for index, one in enumerate(parts):
        if one.rank == 0:
            size, count = sizes[index][-1]
            chosen[index] = len(one.forms) - 1
            room, places = room - size, places - count
    for index in sorted(range(len(parts)), key=lambda index: parts[index].rank):
        held = sizes[index][chosen[index]] if index in chosen else (0, 0)
        for form, (size, count) in enumerate(sizes[index]):
            if size - held[0] <= room and count - held[1] <= places:
                chosen[index] = form
                room, places = room - (size - held[0]), places - (count - held[1])
                break
    kept = tuple(
        block
        for index, one in enumerate(parts)
        if index in chosen
        for block in one.forms[chosen[index]]
    )
    missing = tuple(
        one.name
        for index, one in enumerate(parts)
        if one.name and one.forms[0] and chosen.get(index) != 0
    )
    return Fitted(kept, tuple(dict.fromkeys(missing)))
