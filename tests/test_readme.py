"""What the documents say exists, and what exists is in the documents."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli.app import app
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_every_setting_is_described(name: str) -> None:
    """The README's table and the example file name every setting."""
    assert f"| `{name}`" in README
    assert name in (ROOT / "deploy" / ".env.example").read_text(encoding="utf-8")


def test_no_setting_is_made_up() -> None:
    """The example file names nothing that is not a setting."""
    lines = (ROOT / "deploy" / ".env.example").read_text(encoding="utf-8").splitlines()
    names = {found[1] for line in lines if (found := re.match(r"#?([A-Z_]+)=", line))}
    assert names <= {name.upper() for name in Settings.model_fields}


def test_every_command_and_option_is_described() -> None:
    """The README names each command of the program and each option of `check` and `chain`."""
    commands = get_command(app).commands  # type: ignore[attr-defined]  # a group has them
    for name, command in commands.items():
        assert f"tlscheck {name}" in README
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert re.search(rf"`{option}[ `]", README), option


def test_files_that_are_named_exist() -> None:
    """Each path in the README leads somewhere."""
    for path in set(re.findall(r"deploy/[\w./@-]*\w", README)):
        assert (ROOT / path).exists(), path
