"""A small language to say what JSON must look like, and Slack's words when it does not.

A shape takes a value and a JSON pointer and yields complaints as Slack writes them in
`response_metadata.messages`. Nothing here knows about Block Kit.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

Shape = Callable[[Any, str], Iterator[str]]


def complaint(text: str, pointer: str) -> str:
    """A complaint about the value at `pointer`, in Slack's form."""
    return f"{text} [json-pointer:{pointer}]"


def string(maximum: int | None = None, minimum: int = 0) -> Shape:
    """A string with a length between the bounds."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield complaint("must be a string", pointer)
        elif len(value) < minimum:
            yield complaint(f"must be more than {minimum - 1} characters", pointer)
        elif maximum is not None and len(value) > maximum:
            yield complaint(f"must be less than {maximum + 1} characters", pointer)

    return check


def web_address(maximum: int) -> Shape:
    """An address that begins with http:// or https://."""
    length = string(maximum, 1)

    def check(value: Any, pointer: str) -> Iterator[str]:
        yield from length(value, pointer)
        if isinstance(value, str) and not value.startswith(("https://", "http://", "mailto:")):
            yield complaint("invalid url", pointer)

    return check


def boolean(value: Any, pointer: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield complaint("must be a boolean", pointer)


def integer(minimum: int | None = None, maximum: int | None = None) -> Shape:
    """A whole number between the bounds."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield complaint("must be an integer", pointer)
        elif minimum is not None and value < minimum:
            yield complaint(f"must be greater than {minimum - 1}", pointer)
        elif maximum is not None and value > maximum:
            yield complaint(f"must be less than {maximum + 1}", pointer)

    return check


def one_of(*allowed: str) -> Shape:
    """One of these strings."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield complaint(f"must be one of: {', '.join(allowed)}", pointer)

    return check


def anything(_value: Any, _pointer: str) -> Iterator[str]:
    """Whatever it is."""
    return iter(())


def array(of: Shape, maximum: int | None = None, minimum: int = 0) -> Shape:
    """A list whose length is between the bounds, all of one shape."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            yield complaint("must be an array", pointer)
            return
        if len(value) < minimum:
            yield complaint(f"no fewer than {minimum} items allowed", pointer)
        if maximum is not None and len(value) > maximum:
            yield complaint(f"no more than {maximum} items allowed", pointer)
        for index, item in enumerate(value):
            yield from of(item, f"{pointer}/{index}")

    return check


def thing(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """An object with these fields and no others; `type` is looked at by `tagged`."""
    shapes = {**(optional or {}), **required, "type": anything}

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield complaint("must be an object", pointer)
            return
        for name in required:
            if name not in value:
                yield complaint(f"missing required field: {name}", pointer)
        for name, part in value.items():
            shape = shapes.get(name)
            if shape is None:
                yield complaint(f"additional property not allowed: {name}", pointer)
            else:
                yield from shape(part, f"{pointer}/{name}")

    return check


def tagged(shapes: Mapping[str, Shape], what: str = "type") -> Shape:
    """An object whose `type` chooses its shape."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield complaint("must be an object", pointer)
            return
        kind = value.get("type")
        shape = shapes.get(kind) if isinstance(kind, str) else None
        if shape is None:
            yield complaint(f"unsupported {what}: {kind}", f"{pointer}/type")
        else:
            yield from shape(value, pointer)

    return check


def needs_one(shape: Shape, names: Collection[str]) -> Shape:
    """The shape, with at least one of these fields."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        yield from shape(value, pointer)
        if isinstance(value, Mapping) and not any(value.get(name) for name in names):
            yield complaint(f"must define one of: {', '.join(names)}", pointer)

    return check
