"""Workers: what they say of themselves, against what this installation is."""

from datetime import date
from typing import Any

from pydantic import SecretStr

from bot import __version__
from bot.doctor.workers import judge_workers, look_at_workers
from bot.settings import Settings
from bot.store.connection import connect
from bot.worker.machine import Bundle, Machine
from bot.worker.presence import Presence, announce, redis_time
from tests.doctor.findings import marks, the

TODAY = date(2026, 5, 6)
KEY = SecretStr("k" * 32)


def worker(number: int = 1, **more: Any) -> Presence:
    """A worker with nothing wrong."""
    values = {
        "id": f"{number:032x}",
        "vantage": "prod-tokyo",
        "roots_digest": "",
        "signed": False,
        "at_once": 100,
    }
    return Presence.model_validate({**values, **more})


def settings_for(**more: Any) -> Settings:
    """Settings of the bot's side."""
    return Settings(_env_file=None, **more)


def test_what_does_not_fit_together() -> None:
    """Another schema, keys on one side only, a clock that is off, an old bundle."""
    bundle = Bundle(
        path="/etc/ssl/ca.crt", kind="system", roots=140, digest="", until=date(2019, 9, 1)
    )
    machine = Machine(host="h", system="s", python="3", python_openssl="o", bundles=(bundle,))
    workers = [
        worker(1, schema=99, program="9.9"),
        worker(2, signed=True, vantage="dmz"),
        worker(3, clock_offset=-120.0, vantage="branch"),
        worker(4, machine=machine, vantage="old"),
        worker(5, machine=machine, vantage="old"),
        worker(6, program="0.0.1", vantage="branch"),
    ]
    found = list(judge_workers(workers, settings_for(), TODAY))
    assert marks(found) == {
        "live": "fine",
        "schema": "wrong",
        "demand_key": "wrong",
        "version": "note",
        "clock": "wrong",
        "old_bundle": "note",
    }
    assert the(found, "live").values["names"] == "prod-tokyo, dmz, branch, old"
    assert the(found, "clock").values["names"] == "branch"
    assert the(found, "version").values["versions"] == "0.0.1"
    signed = list(judge_workers(workers, settings_for(tlscheck_worker_key=KEY), TODAY))
    assert "demand_key" not in marks(signed)
    assert the(signed, "take_unsigned").values["names"] == "prod-tokyo, branch, old"


async def test_who_lives_is_read_from_redis(redis_url: str) -> None:
    """Nobody, one, and no Redis at all."""
    settings = settings_for(redis_url=SecretStr(redis_url))
    assert marks((await look_at_workers(settings, TODAY)).findings) == {"none": "fine"}
    connection = connect(redis_url)
    try:
        await announce(connection, worker(program=__version__), await redis_time(connection))
    finally:
        await connection.aclose()
    assert marks((await look_at_workers(settings, TODAY)).findings) == {"live": "fine"}
    away = settings_for(redis_url=SecretStr("redis://127.0.0.1:1/0"))
    assert (await look_at_workers(away, TODAY)).findings == ()
    assert (await look_at_workers(settings_for(), TODAY)).findings == ()


async def test_another_key(redis_url: str) -> None:
    """Workers whose words are signed with another key than ours are named."""
    connection = connect(redis_url)
    try:
        now = await redis_time(connection)
        for number, key in enumerate((b"k" * 32, b"another key of theirs"), start=1):
            one = worker(number, signed=True, vantage=f"place-{number}", program=__version__)
            await announce(connection, one, now, key)
    finally:
        await connection.aclose()
    settings = settings_for(redis_url=SecretStr(redis_url), tlscheck_worker_key=KEY)
    found = (await look_at_workers(settings, TODAY)).findings
    assert marks(found) == {"live": "fine", "other_key": "wrong"}
    assert the(found, "other_key").values["names"] == "place-2"
