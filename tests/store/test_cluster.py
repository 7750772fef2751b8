"""Redis Cluster: what works there as it is, and what touches keys of several slots at once.

A real server in cluster mode refuses the second kind (`CROSSSLOT`); deploy/SCALE.md names them.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.history import state_of
from bot.store import Store, StoreRefusedError, open_store
from bot.store.lock import Lock
from bot.store.rates import Rate
from bot.store.recent import Checked
from bot.store.shelf import _PUT as SHELF_PUT
from bot.store.watches import DUE
from bot.watch import Asked, Watch, begin
from tests.store.cluster import SLOTS, open_cluster_node
from tests.store.samples import question, record, report

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 5, 6, tzinfo=UTC)

Operation = Callable[[Store], Awaitable[object]]


def watch() -> Watch:
    """A watch that is due."""
    asked = question()
    who = Asked(channel="C024BE91L", user="U2147483697", lang="en")
    return begin("ab" * 8, "state", asked, report=report(asked), asked=who, now=NOW)


async def _lock(store: Store) -> None:
    lock = await store.locks.take("key")
    assert isinstance(lock, Lock)
    await lock.extend()
    await lock.release("id")


async def _shelf(store: Store) -> None:
    # `put` itself fails without a word: losing a value costs a download.
    keys = ["tlscheck:shelf", "tlscheck:shelf:ab"]
    await store.connection.run(SHELF_PUT, keys, "ab", b"value", 60_000, 1000, 10)


async def _queue(store: Store) -> None:
    for name in ("prod-tokyo", "any"):
        stream = f"tlscheck:tasks:{name}"
        await store.connection.execute("XGROUP", "CREATE", stream, "workers", "0", "MKSTREAM")
    await store.connection.execute(
        *("XREADGROUP", "GROUP", "workers", "me", "COUNT", 1, "STREAMS"),
        *("tlscheck:tasks:prod-tokyo", "tlscheck:tasks:any", ">", ">"),
    )


ALONE: dict[str, Operation] = {
    "results": lambda store: store.results.put(record(), timedelta(minutes=5)),
    "history": lambda store: store.history.note("ab", state_of(report(question())), NOW, "id"),
    "neighbours": lambda store: store.neighbours.note("ab", question().target, NOW),
    "recent": lambda store: store.recent.note(
        ["U1", "C1"],
        Checked(question=Question(target=parse_target("a.example")), verdict="ok", at=NOW),
    ),
    "rates": lambda store: store.rates.take("person", "U1", Rate(30, timedelta(minutes=1))),
    "threads": lambda store: store.threads.set("C1", "1.1", "value"),
    "choices": lambda store: store.choices.choose_lang("U1", "ja"),
    "locks": _lock,
    "once": lambda store: store.first_time("event", "Ev1", timedelta(minutes=5)),
}
TOGETHER: dict[str, Operation] = {
    "watches.add": lambda store: store.watches.add(watch(), NOW),
    "watches.settle": lambda store: store.watches.settle(watch(), 0, NOW),
    "watches.remove": lambda store: store.watches.remove(watch()),
    "shelf.put": _shelf,
    "sweeps.claim": lambda store: store.sweeps.claim(),
    "queue.read": _queue,
}


@pytest.mark.parametrize("name", [*ALONE, *TOGETHER])
async def test_what_a_cluster_takes(name: str) -> None:
    """Single keys work; several at once are refused, and the document says which."""
    async with open_cluster_node() as url, open_store(url, lambda: NOW) as store:
        if name in ALONE:
            await ALONE[name](store)
            return
        with pytest.raises(StoreRefusedError, match=r"(?i)slot|Script attempted"):
            await TOGETHER[name](store)
    assert f"`{name}`" in (ROOT / "deploy" / "SCALE.md").read_text(encoding="utf-8")


async def test_taking_watches_needs_them_on_the_same_node() -> None:
    """The script reads a watch by a name of its own making: no other node's slots allow that."""
    middle = SLOTS // 2
    async with open_cluster_node() as url, open_store(url, lambda: NOW) as store:

        async def slot(name: str) -> int:
            return int(await store.connection.execute("CLUSTER", "KEYSLOT", name))

        low = await slot(DUE) < middle
        ids = [f"{number:016x}" for number in range(64)]
        far = [one for one in ids if (await slot(f"tlscheck:watch:{one}") < middle) != low]
    first, last = (0, middle - 1) if low else (middle, SLOTS - 1)
    async with open_cluster_node(first, last) as url, open_store(url, lambda: NOW) as store:
        await store.connection.execute("ZADD", DUE, 1, far[0])
        with pytest.raises(StoreRefusedError, match="non local key"):
            await store.watches.claim(NOW, 10)
