"""What an explanation is: values only. The words come later (`bot.texts.explanation`)."""

from pydantic import BaseModel, ConfigDict

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Step, obeyed_escaped


class Candidate(BaseModel):
    """A cause that the text can have, and how likely that is (0 to 1)."""

    model_config = ConfigDict(frozen=True)

    cause: Cause
    confidence: float
    title: str = ""


class Explanation(BaseModel):
    """What an error text means.

    `mentions_tls` tells a text that speaks of TLS and states no error from one about something
    else; both have the cause `not_a_tls_error`. `client` is who printed
    it, as the contract's client code where that fits, else the software's name, and `library`
    whose words it passed on; `host` and `port` are the server that the text names
    (`starttls` the protocol that is spoken there before TLS). `evidence` is
    the line that decided, with secrets masked. Texts are empty until a language is chosen.
    """

    model_config = ConfigDict(frozen=True)

    cause: Cause
    candidates: tuple[Candidate, ...] = ()
    client: str | None = None
    library: str | None = None
    host: str | None = None
    port: int | None = None
    starttls: str | None = None
    serving: bool = False
    mentions_tls: bool = True
    evidence: str = ""
    summary: str = ""
    next_steps: tuple[Step, ...] = ()

    def to_json(self) -> str:
        """The Explanation on one line; what a terminal obeys is written as escapes."""
        return obeyed_escaped(self.model_dump_json())
