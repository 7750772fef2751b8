"""A question: everything that a person chose and that changes the answer.

Two askers with equal questions (at one vantage, under one trust store) get one check.
"""

import hashlib
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.diagnosis.report import Target


class ConnectTo(BaseModel):
    """`--address IP[:PORT]`: connect there in place of resolving the name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    port: Annotated[int, Field(ge=1, le=65535)] | None = None


class Question(BaseModel):
    """One check that is asked for.

    `roots_pem` replaces the trust store; `at` judges as of that moment (timezone-aware);
    `fetch` allows AIA requests; `timeout` bounds the whole check, in seconds; `allow_networks`
    are CIDRs that the asker may reach beyond the policy (set by the terminal only, never from
    Slack).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: Target
    addresses: tuple[ConnectTo, ...] = ()
    roots_pem: str | None = None
    at: AwareDatetime | None = None
    fetch: bool = True
    timeout: Annotated[float, Field(gt=0, le=60)] = 10.0
    allow_networks: tuple[str, ...] = ()

    def digest(self) -> str:
        """Hex digest that is equal for questions with the same answer (how it was typed is not part of it)."""
        parts = self.model_dump_json(exclude={"target": {"input"}, "timeout": True})
        return hashlib.sha256(parts.encode()).hexdigest()
