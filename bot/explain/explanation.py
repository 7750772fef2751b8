"""What an explanation is: values only. The words come later (`bot.texts.explanation`)."""

from pydantic import BaseModel, ConfigDict

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Step


class Candidate(BaseModel):
    """A cause that the text can have, and how likely that is (0 to 1)."""

    model_config = ConfigDict(frozen=True)

    cause: Cause
    confidence: float
    title: str = ""


class Explanation(BaseModel):
    """What an error text means.

    `cause` is null only where TLS is mentioned and no error is stated; `client` is who printed
    it, as the contract's client code where that fits, else the software's name, and `library`
    whose words it passed on; `host` and `port` are the server that the text names. `evidence` is
    the line that decided, with secrets masked. Texts are empty until a language is chosen.
    """

    model_config = ConfigDict(frozen=True)

    cause: Cause | None
    candidates: tuple[Candidate, ...] = ()
    client: str | None = None
    library: str | None = None
    host: str | None = None
    port: int | None = None
    serving: bool = False
    evidence: str = ""
    summary: str = ""
    next_steps: tuple[Step, ...] = ()
