"""A comparison: the same server seen from several places, and how they differ. Values only.

Like a Report it holds codes and evidence, and texts that are empty until `phrase_comparison` fills
them in for a language. Its JSON form is what `tlscheck compare --json` prints.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.differ import DifferenceCode
from bot.diagnosis.report import Foreign, Moment, Report, Target, obeyed_escaped
from bot.diagnosis.standing import Because
from bot.worker.presence import Presence

SCHEMA = 1


FailureCode = Literal[
    "redis",
    "nobody",
    "silent",
    "version",
    "signature",
    "expired",
    "networks",
    "malformed",
    "too_large",
    "defect",
    "lost",
    "rates",
    "ending",
    "left_out",
]
"""Why a place gave no Report: those of `bot.worker.errors`; rates: the asker may have no further
check now; ending: this program is ending; left_out: there are more places than one comparison asks.
"""


class _Value(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )


class Seen(_Value):
    """What one place answered: a Report, or why there is none.

    `own` is the place of the process that asked; `presence` is what the place says of its machine.
    """

    vantage: str
    own: bool = False
    report: Report | None = None
    failure: FailureCode | None = None
    source: Literal["fresh", "cache", "joined"] | None = None
    presence: Presence | None = None


class Group(_Value):
    """Places that saw the same.

    `verdict` is how programs on these machines fare: the Report's, unless the machine's own clock,
    trust store or OpenSSL says otherwise (`because` says which, `detail` what: the root that is
    lacking, the release); None where there was no answer. `result` is the id of the Report that the
    group is told by, at the first place.
    """

    vantages: Annotated[tuple[str, ...], Field(min_length=1)]
    verdict: Verdict | None
    cause: Cause | None = None
    because: Because = "report"
    detail: Foreign = ""
    bundle: Literal["system", "java", "python", "setting"] | None = None
    """Whose CA bundle it is that decides, with `because` "roots"."""
    failure: FailureCode | None = None
    result: str = ""
    addresses: tuple[str, ...] = ()
    line: str = ""
    """One line for people: who, what they saw, at which addresses. The mark is the renderer's."""


class Difference(_Value):
    """One difference: `odd` are the places where it is otherwise than at `others`.

    `certain` is False where the evidence does not decide. `decide` is the address that another look
    would decide by, and `decide_from` the place to look from (None: there is no such look).
    `evidence` can be checked by hand and fills the texts.
    """

    code: DifferenceCode
    certain: bool = True
    odd: tuple[str, ...]
    others: tuple[str, ...] = ()
    evidence: dict[str, JsonValue] = {}
    decide: str | None = None
    decide_from: str | None = None
    text: str = ""


class Comparison(_Value):
    """The same server from several places.

    `difference` is the cause of what the groups do not share; None when they agree (`same`), when
    fewer than two answered, and when all who reached the server found the same fault: then the
    server is at fault, and why others did not reach it stands in `footnotes`.
    """

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    target: Target
    compared_at: Moment
    verdict: Verdict | None
    """The worst of all; None when nobody answered."""
    same: bool
    difference: Difference | None = None
    footnotes: tuple[Difference, ...] = ()
    groups: tuple[Group, ...] = ()
    """The worst first, those without an answer last."""
    places: tuple[Seen, ...] = ()
    headline: Foreign = ""
    next_steps: tuple[str, ...] = ()

    def seen_from(self, vantage: str) -> Seen | None:
        """What a place answered."""
        return next((one for one in self.places if one.vantage == vantage), None)

    def to_json(self) -> str:
        """All of it on one line; what a terminal obeys is written as escapes."""
        return obeyed_escaped(self.model_dump_json(by_alias=True))
