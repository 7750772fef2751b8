"""Settings from the environment, a `.env` file, and files that hold a secret."""

from pathlib import Path

import pytest

from bot.settings import SettingsError, load_settings
from bot.vantage import proxies_of


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN_FILE", "PORT", "TLSCHECK_LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_secret_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """NAME_FILE is read without its final line feed, and NAME itself is stronger."""
    file = tmp_path / "token"
    file.write_text("xoxb-from-file\n", encoding="utf-8")
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", str(file))
    found = load_settings().slack_bot_token
    assert found is not None
    assert found.get_secret_value() == "xoxb-from-file"

    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-itself")
    found = load_settings().slack_bot_token
    assert found is not None
    assert found.get_secret_value() == "xoxb-itself"


def test_file_that_is_not_there_is_one_plain_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the setting and the file, and shows no error number."""
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(
        SettingsError,
        match=r"^SLACK_BOT_TOKEN_FILE: cannot read /nowhere/token: No such file or directory$",
    ):
        load_settings()


def test_file_of_bytes_is_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that is no text is refused without its contents."""
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", str(file))
    with pytest.raises(SettingsError, match=r"cannot read .*: it is no text$"):
        load_settings()


def test_dotenv_file_is_read_and_the_environment_is_stronger(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`.env` in the working directory counts where the environment says nothing."""
    (tmp_path / ".env").write_text("PORT=4000\nTLSCHECK_LANG=ja\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "5000")
    settings = load_settings()
    assert (settings.port, settings.tlscheck_lang) == (5000, "ja")


def test_file_of_a_secret_may_be_named_in_dotenv(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`.env` may name the file, too; what the environment says of the same secret is stronger."""
    (tmp_path / "token").write_text("xoxb-from-file", encoding="utf-8")
    (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN_FILE={tmp_path / 'token'}\n", encoding="utf-8")
    found = load_settings().slack_bot_token
    assert found is not None
    assert found.get_secret_value() == "xoxb-from-file"

    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-itself")
    found = load_settings().slack_bot_token
    assert found is not None
    assert found.get_secret_value() == "xoxb-itself"
    assert load_settings(_env_file=None, slack_bot_token=None).slack_bot_token is None


def test_dotenv_that_is_no_text_is_one_plain_sentence(tmp_path: Path) -> None:
    """It is a mistake of whoever wrote the file, and not a defect of the program."""
    (tmp_path / ".env").write_bytes(b"PORT=\xff\n")
    with pytest.raises(SettingsError, match=r"^\.env: cannot be read: it is no text$"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "99999"),
        ("PORT", "abc"),
        ("TLSCHECK_LANG", "fr"),
        ("TLSCHECK_LOG", "xml"),
        ("TLSCHECK_CACHE_SECONDS", "-1"),
        ("TLSCHECK_ALLOW_NETWORKS", "10.0.0.0/99"),
        ("TLSCHECK_EXTRA_ROOTS", "/nowhere.pem"),
        ("TLSCHECK_VANTAGE", "a b"),
        ("SLACK_API_URL", "ftp://x"),
    ],
)
def test_wrong_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, which begins with the setting's name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=rf"^{name}: [^\n]+$"):
        load_settings()


def test_proxies_come_from_the_usual_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Upper or lower case, from the environment, `.env` or a file; nothing shows the password."""
    (tmp_path / ".env").write_text(
        "HTTP_PROXY=http://proxy.example:8080\nNO_PROXY=.inside.example\n"
    )
    (tmp_path / "proxy").write_text("http://user:pssst@proxy.example:3128\n")
    monkeypatch.setenv("HTTPS_PROXY_FILE", str(tmp_path / "proxy"))
    settings = load_settings()
    proxies = proxies_of(settings)
    assert proxies.https is not None
    assert (proxies.https.name, proxies.https.authorization) == (
        "proxy.example:3128",
        "Basic dXNlcjpwc3NzdA==",
    )
    assert proxies.http is not None
    assert proxies.http.name == "proxy.example:8080"
    assert proxies.for_tls("www.inside.example", 443) is None
    assert not proxies.resolves
    assert "pssst" not in repr(settings) + repr(proxies)

    monkeypatch.setenv("https_proxy", "http://other.example:3128")
    chosen = proxies_of(load_settings()).https
    assert chosen is not None
    assert chosen.name == "other.example:3128"


def test_a_proxy_that_cannot_be_used_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the setting and not the password."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:secret@proxy.example:1080")
    with pytest.raises(SettingsError, match=r"^HTTPS_PROXY: only proxies over http") as raised:
        load_settings()
    assert "secret" not in str(raised.value)


def test_a_rate_below_zero_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """0 means none; less means nothing."""
    monkeypatch.setenv("TLSCHECK_RATE_PERSON", "-1")
    with pytest.raises(SettingsError, match=r"^TLSCHECK_RATE_PERSON: "):
        load_settings()


def test_ids_are_a_list_and_a_name_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's ids; a channel's name can be given to another channel later."""
    monkeypatch.setenv("TLSCHECK_CHANNELS", "C0123ABCD, C0456EFGH")
    assert load_settings().tlscheck_channels == ("C0123ABCD", "C0456EFGH")
    monkeypatch.setenv("TLSCHECK_CHANNELS", "#incident")
    with pytest.raises(SettingsError, match=r"^TLSCHECK_CHANNELS: "):
        load_settings()
