"""What a button carries: which result it belongs to, and how to ask again when that is gone.

A value comes back through Slack from anybody's client: it is checked like any other input, and
holds nothing that a person could not have typed.
"""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.texts.catalogue import Lang
from handlers.slack import limits

SHARE = "tlscheck_share"
RECHECK = "tlscheck_recheck"
DETAILS = "tlscheck_details"
FULL_CHAIN = "tlscheck_fullchain"
FIX = "tlscheck_fix"
CHOOSE_FIX = "tlscheck_fix_software"
LETTER = "tlscheck_letter"
WATCH = "tlscheck_watch"
WATCH_EXPIRY = "tlscheck_watch_expiry"
UNWATCH = "tlscheck_unwatch"

COMPARE = "tlscheck_compare"
COMPARE_AGAIN = "tlscheck_compare_again"
COMPARE_SHARE = "tlscheck_compare_share"

CHECK = "tlscheck_check"
"""On an explained error: checks the server that it names."""

Value = TypeVar("Value", bound=BaseModel)

RESULT_ID = r"^[A-Za-z0-9._-]{1,64}$"


class PressError(ValueError):
    """A button's value is not one of ours, or of a version that is no longer understood."""


class Shared(BaseModel):
    """Who shared an answer for all to see, and when (seconds since 1970)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{1,30}$")]
    at: Annotated[int, Field(ge=0, le=4_102_444_800)]


class Press(BaseModel):
    """The value of every button on an answer.

    `result` finds the stored result; `command` (what would be typed behind /tlscheck) asks the
    same again once it is gone; `shared` is set on messages that everybody sees; `watch` is the id
    of the watch that a button ends; `compared` finds the stored comparison; `thread` is the message under which Share posts, where the
    answer is about one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    result: Annotated[str, Field(pattern=RESULT_ID)] | None = None
    command: Annotated[str, Field(min_length=1, max_length=limits.COMMAND_CHARACTERS)]
    lang: Lang
    shared: Shared | None = None
    watch: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")] | None = None
    compared: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    thread: Annotated[str, Field(pattern=r"^\d{1,20}\.\d{1,10}$")] | None = None

    def encode(self) -> str | None:
        """The value for a button, or None when it does not fit into one."""
        value = self.model_dump_json(exclude_none=True)
        return value if len(value) <= limits.BUTTON_VALUE else None


def decode_press(value: object) -> Press:
    """Read a button's value.

    Raises:
        PressError: It is not one of ours.
    """
    return read_value(Press, value, limits.BUTTON_VALUE)


def read_value(model: type[Value], value: object, most: int) -> Value:
    """Read what a button or an option carries, of at most so many characters.

    Raises:
        PressError: It is not one of ours.
    """
    if not isinstance(value, str) or len(value) > most:
        raise PressError
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        raise PressError from error
