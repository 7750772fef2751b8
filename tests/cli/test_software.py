"""`--software`: the steps for what runs there, on the terminal and in JSON."""

import json
from pathlib import Path

import pytest

from bot.cli import main
from tests.diagnosis.chains import HOST, ISSUING, LEAF, ROOT, UPPER
from tests.diagnosis.servers import NOW


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """A chain in the wrong order, which is mended by installing another file."""
    chain, roots = tmp_path / "chain.pem", tmp_path / "roots.pem"
    chain.write_bytes(LEAF.pem + UPPER.pem + ISSUING.pem)
    roots.write_bytes(ROOT.pem)
    at = NOW.isoformat().replace("+00:00", "Z")
    return ["chain", str(chain), "--host", HOST, "--roots", str(roots), "--at", at]


def test_the_usual_software_and_a_list_of_others(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a choice the steps are for nginx and Apache, and the others are named."""
    assert main([*arguments, "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "ssl_certificate     /etc/nginx/tls/" in said
    assert "SSLCertificateFile    /etc/apache2/tls/" in said
    assert "Steps for other software: --software apache-old, haproxy, " in said


@pytest.mark.parametrize(("lang", "words"), [("en", "install the full chain"), ("ja", "設定する")])
def test_one_software_alone(
    arguments: list[str], capsys: pytest.CaptureFixture[str], lang: str, words: str
) -> None:
    """With a choice there are its steps only, and the usual ones are among the others."""
    assert main([*arguments, "--lang", lang, "--software", "HAProxy"]) == 0
    said = capsys.readouterr().out
    assert "/etc/haproxy/certs/" in said
    assert words in said
    assert "/etc/nginx" not in said
    assert "--software nginx, apache, " in said


def test_json_has_the_chosen_steps(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs are given the same choice."""
    assert main([*arguments, "--json", "--software", "caddy"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {one["software"] for one in report["fix"]["steps"]} == {None, "caddy"}


def test_a_software_of_another_port_changes_nothing(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Postfix has no steps for port 443: the usual ones stay."""
    assert main([*arguments, "--software", "postfix"]) == 0
    assert "/etc/nginx" in capsys.readouterr().out


def test_an_unknown_software_is_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says which there are."""
    assert main([*arguments, "--software", "notepad"]) == 2
    said = capsys.readouterr().err
    assert said.startswith('tlscheck: --software: "notepad" is not known; choose one of nginx, ')
    assert said.count("\n") == 1
