"""From the statements of a text to its cause: which of them is nearest to it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.diagnosis.causes import Cause
from bot.explain.clean import Cleaned
from bot.explain.explanation import Candidate
from bot.explain.pattern import Rank, Statement
from bot.explain.patterns import STATEMENTS

_FEWEST = 0.03
_MOST_CANDIDATES = 6


@dataclass(frozen=True)
class Hit:
    """A statement that a text makes, and where it makes it for the last time."""

    statement: Statement
    start: int
    end: int


@dataclass(frozen=True)
class Decision:
    """The cause, what else it can be, and the statement that decided (None: no error is stated)."""

    cause: Cause
    candidates: tuple[Candidate, ...]
    hit: Hit | None


# A server may be called after a fault: expired.badssl.com says nothing of any certificate.
_LABEL = r"[a-z0-9-]{0,40}"
_NAMED_AFTER_A_FAULT = re.compile(
    rf"(?<![\w.-])(?!(?:com|org|net|io|java|javax|sun|android|okhttp\d?)\.)(?:{_LABEL}\.){{0,4}}?"
    rf"{_LABEL}?(?:expire|self-?signed|untrusted|revoked|wrong|invalid|mismatch|incomplete|missing|"
    rf"unknown|handshake|timeout|refused|reset|null|rc4|not-yet|too-long|pinning|proxy|tls|ssl)"
    rf"{_LABEL}(?:\.{_LABEL}){{0,4}}\.(?:com|net|org|jp|test|example|local|internal|lan|io|dev|app|"
    rf"de|fr|uk|eu|co|gov|edu|cloud|corp|invalid)(?![\w-])"
)


def recognise(cleaned: Cleaned) -> list[Hit]:
    """All statements that a text makes, each where it stands first."""
    text = _NAMED_AFTER_A_FAULT.sub(lambda found: "h" * len(found[0]), cleaned.folded)
    hits = []
    for statement in STATEMENTS:
        found = statement.find(text)
        if found:
            hits.append(Hit(statement, *found))
    return hits


def decide(hits: Sequence[Hit], *, serving: bool) -> Decision:
    """The cause that the nearest statements give.

    Args:
        hits: What the text says.
        serving: It is a server's log of what a client did.
    """
    errors = [one for one in hits if one.statement.rank > Rank.MENTION]
    if not errors:
        return Decision(Cause.NOT_A_TLS_ERROR, (_candidate(Cause.NOT_A_TLS_ERROR, 1.0),), None)
    rank = max(one.statement.rank for one in errors)
    nearest = [one for one in errors if one.statement.rank == rank]
    # A longer statement says more than one that it contains.
    nearest = [
        one
        for one in nearest
        if not any(
            other is not one
            and other.start <= one.start
            and one.end <= other.end
            and other.end - other.start > one.end - one.start
            for other in nearest
        )
    ]
    # Where one fault has several consequences, the first that is stated is the fault: OpenSSL, Go
    # and .NET print it first, and what stands behind it is what was done about it.
    chosen = min(nearest, key=lambda one: one.start)
    means = _means(chosen.statement, serving)
    weights = dict(means)
    for one in nearest:
        for cause, weight in _means(one.statement, serving).items():
            if one is not chosen and weight:
                weights[cause] = max(weights.get(cause, 0.0), weight * 0.5)
    return Decision(_headline(means), _candidates(weights), chosen)


def _means(statement: Statement, serving: bool) -> Mapping[Cause, float]:
    return statement.serving if serving and statement.serving is not None else statement.means


def _headline(means: Mapping[Cause, float]) -> Cause:
    """The cause that names the ambiguity (its weight is 0), else the most likely one."""
    for cause, weight in means.items():
        if weight == 0.0:
            return cause
    return max(means, key=lambda cause: means[cause])


def _candidates(weights: Mapping[Cause, float]) -> tuple[Candidate, ...]:
    likely = {cause: weight for cause, weight in weights.items() if weight > 0.0}
    total = sum(likely.values())
    shares = sorted(
        ((weight / total, cause) for cause, weight in likely.items()),
        key=lambda one: (-one[0], one[1]),
    )
    return tuple(
        _candidate(cause, share) for share, cause in shares[:_MOST_CANDIDATES] if share >= _FEWEST
    )


def _candidate(cause: Cause, share: float) -> Candidate:
    return Candidate(cause=cause, confidence=round(share, 2))
