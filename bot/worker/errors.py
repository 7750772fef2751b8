"""Why a question to another place got no Report. The sentences are in the domain `worker`."""

from collections.abc import Mapping
from typing import Literal

from bot import __version__

FailureCode = Literal[
    "version", "signature", "expired", "networks", "malformed", "too_large", "defect", "lost"
]
"""Why a worker gave no Report.

version: it speaks another schema; signature: it demands the shared key; expired: the order reached
it too late; networks: the sender wanted to widen its egress policy; malformed: not the schema's
form; too_large: beyond `wire.LARGEST_ORDER` or `LARGEST_REPLY`; defect: the check broke; lost:
workers died over it again and again.
"""

REFUSALS: frozenset[FailureCode] = frozenset(
    {"version", "signature", "expired", "networks", "malformed", "too_large"}
)
"""Said of what was not believed: it need not be what the asker had put there."""

AwayCode = Literal["redis", "nobody", "silent"]
"""redis: Redis cannot be used; nobody: no worker of that name lives; silent: none answered in time."""


class RemoteError(Exception):
    """No Report; `key` is the sentence in the catalogue, `values` what it names."""

    def __init__(self, code: FailureCode | AwayCode, vantage: str, **values: str) -> None:
        super().__init__(f"{vantage}: {code}")
        self.code: FailureCode | AwayCode = code
        self.vantage = vantage
        own = {"vantage": vantage, "program": "?", "own": __version__}
        self.values: Mapping[str, str] = own | values

    @property
    def key(self) -> str:
        """The name of the sentence in `bot/texts`."""
        more = ".known" if self.code == "nobody" and self.values.get("known") else ""
        return f"worker.error.{self.code}{more}"


class VantageAwayError(RemoteError):
    """Nobody there answers now; asking again later may help."""


class RemoteFailureError(RemoteError):
    """A worker answered that it will not or cannot do this."""
