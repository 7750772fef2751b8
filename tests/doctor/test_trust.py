"""The trust store and the machine: ages, dates, and how much may be open."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.demo.lab.pki import chain_pem, make_intermediate, make_leaf, make_root
from bot.doctor.machine import NEEDED, look_at_machine
from bot.doctor.trust import OLD, look_at_trust
from tests.doctor.findings import marks, the

NOW = datetime(2026, 5, 6, tzinfo=UTC)


def test_old_public_roots_are_worth_knowing() -> None:
    """By the date that certifi has as its version."""
    assert marks(look_at_trust(None, NOW, NOW - timedelta(days=30))) == {"public": "fine"}
    assert marks(look_at_trust(None, NOW, NOW - OLD - timedelta(days=1))) == {"old": "note"}


def test_the_company_s_own_roots_are_read_with_their_dates(tmp_path: Path) -> None:
    """One that ended is wrong, one that ends soon and one that is no CA are worth knowing."""
    root = make_root("Company Root", now=NOW)
    ended = make_root("Ended Root", now=NOW, not_after=NOW - timedelta(days=1))
    ending = make_root("Ending Root", now=NOW, not_after=NOW + timedelta(days=20))
    leaf = make_leaf(make_intermediate(root, "CA", now=NOW), "shop.example", now=NOW)
    file = tmp_path / "roots.pem"
    file.write_bytes(chain_pem(root, ended, ending, leaf))
    found = look_at_trust(file, NOW, NOW)
    assert the(found, "company").n == 4
    assert the(found, "expired").values["name"] == "Ended Root"
    assert the(found, "expires").values["name"] == "Ending Root"
    assert the(found, "no_ca").values["name"] == "shop.example"


def test_a_file_of_roots_that_cannot_be_used(tmp_path: Path) -> None:
    """Not there (any more), or no PEM."""
    assert marks(look_at_trust(tmp_path / "none", NOW, NOW))["unreadable"] == "wrong"
    (tmp_path / "der").write_bytes(make_root("R", now=NOW).der)
    assert marks(look_at_trust(tmp_path / "der", NOW, NOW))["no_roots"] == "wrong"


@pytest.mark.parametrize(
    ("limit", "code", "mark"),
    [(NEEDED, "files", "fine"), (1024, "few_files", "note"), (256, "few_files", "wrong")],
)
def test_how_much_may_be_open(limit: int, code: str, mark: str) -> None:
    """Against what all checks at a time need."""
    assert marks(look_at_machine(limit))[code] == mark


def test_the_machine_is_asked_when_nobody_says() -> None:
    """Its versions are there in any case."""
    assert marks(look_at_machine())["versions"] == "fine"
