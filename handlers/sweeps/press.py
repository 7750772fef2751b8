"""What the buttons of a sweep carry: checked like any other input."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from bot.sweep.job import Id
from bot.texts.catalogue import Lang
from handlers.asking.press import read_value
from handlers.slack import limits

STOP: Final = "tlscheck_sweep_stop"
CONTINUE: Final = "tlscheck_sweep_continue"
FILES: Final = "tlscheck_sweep_files"
SHOW: Final = "tlscheck_sweep_show"
"""Opens the list of hosts; which ones follows in the action id, since a message has several."""
EARLIER: Final = "tlscheck_sweep_earlier"
FURTHER: Final = "tlscheck_sweep_further"
HOST: Final = "tlscheck_sweep_host"
"""In that window: the details of a host."""


SOON: Final = "soon"
"""In place of a verdict or a cause: the hosts whose certificate ends soon, in one of `ENDS_SOON`."""
ENDS_SOON: Final = ("week", "month")


class SweepPress(BaseModel):
    """The value of a button: which sweep, in which language, and which page of which of its hosts.

    `what` is a cause, or `broken` or `unreachable` for all of them, or `SOON`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sweep: Id
    lang: Lang
    what: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")] = "broken"
    page: Annotated[int, Field(ge=0, le=10_000)] = 0

    def encode(self) -> str:
        """The value for a button."""
        return self.model_dump_json(exclude_defaults=True)


def decode(value: Any) -> SweepPress:
    """Read a button's value.

    Raises:
        PressError: It is not one of ours.
    """
    return read_value(SweepPress, value, limits.BUTTON_VALUE)
