"""What an entry of `bot.explain.patterns` is made of.

Regular expressions are matched against text that `clean` has prepared: one line, single spaces,
plain quotes, ASCII letters in lower case. So they are written in lower case; quantifiers are
bounded and never nested, so that each takes linear time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice
from types import MappingProxyType

from bot.diagnosis.causes import Cause
from bot.explain.literal import alternatives, required

_MOST_FINDS = 20


class Rank(IntEnum):
    """How near to the cause a statement is; the nearest one decides."""

    MENTION = 0
    """TLS is spoken of, and no error is stated."""
    FRAME = 1
    """Something failed, and not why: a wrapper's words."""
    SYMPTOM = 2
    """What happened to the connection."""
    REFUSAL = 3
    """A certificate was refused, and not why."""
    REASON = 4
    """Why."""
    DETAIL = 5
    """Why, more exactly than a REASON that stands beside it."""


@dataclass(frozen=True)
class Branch:
    """One alternative of an expression, and the word without which it cannot match."""

    word: str
    regex: re.Pattern[str]


@dataclass(frozen=True)
class Statement:
    """One thing that error texts say, and what it can mean.

    `means` gives the causes with their confidence. `serving` replaces it where the text is a
    server's log: there an alert that came in says what the *other* side thinks of our certificate.
    """

    name: str
    rank: Rank
    branches: tuple[Branch, ...]
    means: Mapping[Cause, float]
    serving: Mapping[Cause, float] | None = None

    def find(self, text: str) -> tuple[int, int] | None:
        """Where a prepared text first makes it: start and end."""
        first: tuple[int, int] | None = None
        for branch in self.branches:
            found = branch.regex.search(text) if branch.word in text else None
            if found and (first is None or found.start() < first[0]):
                first = found.span()
        return first

    def when_serving(self, **means: float) -> "Statement":
        """The same statement, which means something else in a server's log."""
        return replace(self, serving=_causes(means))


@dataclass(frozen=True)
class Sign:
    """Words that show who printed a text. The outermost program has the highest `level`.

    Levels: 1 a TLS library, 2 a language or its HTTP client, 3 a program.
    """

    client: str
    level: int
    branches: tuple[Branch, ...]

    def finds(self, text: str) -> Iterator[re.Match[str]]:
        """Where a prepared text shows it, at most `_MOST_FINDS` places of each alternative."""
        for branch in self.branches:
            if branch.word in text:
                yield from islice(branch.regex.finditer(text), _MOST_FINDS)


def says(name: str, rank: Rank, *regexes: str, **means: float) -> Statement:
    """A statement; several regexes are alternatives. Causes are given by their code.

    Example:
        `says("x.expired", REASON, r"certificate has expired", expired=0.9, clock_skew=0.1)`
    """
    return Statement(
        name=name,
        rank=rank,
        branches=_branches(regexes),
        means=_causes(means),
    )


def sign(client: str, level: int, *regexes: str) -> Sign:
    """A sign of who printed it; several regexes are alternatives."""
    return Sign(client, level, _branches(regexes))


def _branches(regexes: Sequence[str]) -> tuple[Branch, ...]:
    return tuple(
        Branch(required(one), re.compile(one, re.ASCII))
        for regex in regexes
        for one in alternatives(regex)
    )


def _causes(means: Mapping[str, float]) -> Mapping[Cause, float]:
    return MappingProxyType({Cause(code): confidence for code, confidence in means.items()})


# What no trusted issuer can come from, where the words do not tell (FACTS of real clients: the
# same string is printed for each of them).
ISSUER: Mapping[str, float] = MappingProxyType(
    {
        "ambiguous_issuer": 0.0,
        "missing_intermediate": 0.5,
        "untrusted_root": 0.25,
        "interception_proxy": 0.15,
        "ca_bundle_missing": 0.1,
    }
)
# The same for clients that fetch missing intermediates by themselves.
ISSUER_FETCHED: Mapping[str, float] = MappingProxyType(
    {
        "untrusted_root": 0.5,
        "self_signed": 0.25,
        "interception_proxy": 0.2,
        "missing_intermediate": 0.05,
    }
)
# The same for clients that also say this of a certificate that signed itself. The intermediate comes
# first: browsers hide its absence, so it is what stays in service unseen.
ISSUER_OR_SELF: Mapping[str, float] = MappingProxyType(
    {
        "ambiguous_issuer": 0.0,
        "missing_intermediate": 0.5,
        "untrusted_root": 0.2,
        "self_signed": 0.15,
        "interception_proxy": 0.15,
    }
)
# A certificate was refused, and nobody says why.
REFUSED: Mapping[str, float] = MappingProxyType(
    {
        "ambiguous_issuer": 0.0,
        "missing_intermediate": 0.35,
        "untrusted_root": 0.2,
        "expired": 0.15,
        "self_signed": 0.1,
        "hostname_mismatch": 0.1,
        "interception_proxy": 0.1,
    }
)
