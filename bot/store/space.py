"""The workspace that a task works for, where there are several.

Ids of people and channels are unique within a workspace only, so what is kept by such an id is kept
by workspace, too. With one workspace there is nothing to tell apart: the space is empty, and keys
are what they were. It travels with the task, as the asker does (`bot.audit`).
"""

from contextvars import ContextVar

_SPACE: ContextVar[str] = ContextVar("space", default="")


def set_space(space: str) -> None:
    """From now on this task, and those it starts, work for that workspace."""
    _SPACE.set(space)


def current_space() -> str:
    """The workspace that this task works for; empty where there is but one."""
    return _SPACE.get()


def in_space(id_: str, space: str | None = None) -> str:
    """The id of a person or a channel, told apart from the same one elsewhere."""
    space = current_space() if space is None else space
    return f"{space}\n{id_}" if space else id_
