"""Orders and replies on the wire: which are taken, and why others are not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.diagnosis.question import ConnectTo, Question
from bot.diagnosis.target import parse_target
from bot.worker.wire import (
    LARGEST_ORDER,
    Order,
    RefusedError,
    Reply,
    read_order,
    read_reply,
    sign,
)

KEY = b"0123456789abcdef"
NOW = 1_700_000_000.0
ID = "ab" * 16 + ".7"


def order(**changed: Any) -> Order:
    """An order that is taken."""
    values: dict[str, Any] = {
        "id": ID,
        "vantage": "prod-tokyo",
        "question": Question(target=parse_target("shop.example.jp")),
        "expires": NOW + 15,
        "patience": 0.1,
        "later": True,
    }
    return Order(**{**values, **changed})


def written(one: Order | Reply) -> bytes:
    """As it travels."""
    return one.model_dump_json(by_alias=True).encode()


def read(body: bytes, signature: str = "", key: bytes | None = None) -> Order:
    """At a worker in Tokyo."""
    return read_order(body, signature, key=key, queues=("prod-tokyo", "any"), now=NOW)


def test_an_order_is_read_as_it_was_written() -> None:
    """With and without a key."""
    body = written(order())
    assert read(body) == order()
    assert read(body, sign("order", body, KEY), KEY) == order()


def _changed(change: Callable[[dict[str, Any]], None]) -> bytes:
    values = json.loads(written(order()))
    change(values)
    return json.dumps(values).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (_changed(lambda one: one.update(schema=2, news=1)), "version"),
        (_changed(lambda one: one.update(more=1)), "malformed"),
        (_changed(lambda one: one["question"].update(more=1)), "malformed"),
        (_changed(lambda one: one.update(expires=NOW - 1)), "expired"),
        (_changed(lambda one: one.update(expires=NOW + 9e5)), "expired"),
        (_changed(lambda one: one.update(vantage="prod-osaka")), "malformed"),
        (_changed(lambda one: one["question"].update(timeout=61)), "malformed"),
        (_changed(lambda one: one["question"].update(allow_networks=["10.0.0.0/8"])), "networks"),
        (_changed(lambda one: one["question"]["target"].update(host="a b")), "malformed"),
        (_changed(lambda one: one["question"]["target"].update(starttls="x\r\n")), "malformed"),
        (_changed(lambda one: one["question"].update(addresses=[{"address": "x"}])), "malformed"),
        (b"\x80\x04]\x94.", "malformed"),
        (b"[]", "malformed"),
        (b" " * (LARGEST_ORDER + 1), "too_large"),
    ],
)
def test_an_order_that_is_not_taken(body: bytes, code: str) -> None:
    """Each with its reason."""
    with pytest.raises(RefusedError, match=f"^{code}$"):
        read(body)


def test_too_many_addresses() -> None:
    """An order connects to no more addresses than a question has."""
    many = tuple(ConnectTo(address="192.0.2.1") for _ in range(17))
    question = order().question.model_copy(update={"addresses": many})
    with pytest.raises(RefusedError, match="malformed"):
        read(written(order(question=question)))


@pytest.mark.parametrize(
    "signature",
    ["", "0" * 64, sign("order", b"other", KEY), sign("reply", written(order()), KEY), "é"],
    ids=["none", "zeros", "of another order", "of a reply", "no hex"],
)
def test_a_signature_is_of_this_very_order(signature: str) -> None:
    """And of nothing else."""
    with pytest.raises(RefusedError, match="signature"):
        read(written(order()), signature, KEY)


def test_a_signed_order_for_another_place() -> None:
    """It cannot be moved to another queue."""
    body = written(order(vantage="prod-osaka"))
    with pytest.raises(RefusedError, match="signature"):
        read(body, sign("order", body, KEY), KEY)


def test_a_reply_has_a_report_or_a_failure() -> None:
    """Neither both nor none."""
    failure = Reply(id=ID, kind="failure", worker="w", vantage="prod-tokyo", failure="defect")
    assert read_reply(written(failure), "", key=None) == failure
    for wrong in (
        failure.model_copy(update={"failure": None}),
        failure.model_copy(update={"kind": "report"}),
    ):
        with pytest.raises(RefusedError, match="malformed"):
            read_reply(written(wrong), "", key=None)
    with pytest.raises(RefusedError, match="signature"):
        read_reply(written(failure), "", key=KEY)
