"""The Slack credentials of the settings: for one workspace by token, or for many by OAuth.

Slips that can be named before Slack is asked are named here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.settings import Settings, SettingsError
from bot.texts.catalogue import catalogue


@dataclass(frozen=True)
class OAuth:
    """What an installation by OAuth needs; the first key encrypts, all decrypt."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    keys: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Credentials:
    """With `oauth` there is no bot token; without an app token requests come over HTTP."""

    bot_token: str | None = field(repr=False)
    app_token: str | None = field(repr=False)
    signing_secret: str | None = field(repr=False)
    oauth: OAuth | None = None

    def common_secrets(self) -> tuple[str, tuple[str, ...]]:
        """What all bots of the app know and nobody else does: what names it, what it seals with.

        With many workspaces that is the key of their installations; with one, its token.
        """
        if self.oauth is not None:
            return self.oauth.client_id, self.oauth.keys
        token = self.bot_token or ""
        return token, (token,)


@dataclass(frozen=True, slots=True)
class Slip:
    """Something about one setting that cannot work; the words are in the domain `doctor`."""

    code: str
    name: str

    @property
    def key(self) -> str:
        """The name of the sentence that says it; with `.mend` behind it, of the one that helps."""
        return f"doctor.slack.{self.code}"


def read_credentials(settings: Settings) -> Credentials:
    """What the settings say.

    Raises:
        SettingsError: Something is missing, of the wrong kind, or does not go together.
    """
    for slip in find_slips(settings):
        texts = catalogue("en")
        said = texts.text(slip.key, name=slip.name)
        msg = f"{said} {texts.text(f'{slip.key}.mend', name=slip.name)}"
        raise SettingsError(msg)
    signing_secret = _value(settings.slack_signing_secret)
    if settings.slack_client_id:
        oauth = OAuth(
            settings.slack_client_id,
            _value(settings.slack_client_secret) or "",
            settings.slack_redirect_uri,
            _keys(settings),
        )
        return Credentials(None, None, signing_secret, oauth)
    bot_token, app_token = _value(settings.slack_bot_token), _value(settings.slack_app_token)
    return Credentials(bot_token, app_token, signing_secret)


def find_slips(settings: Settings) -> Iterator[Slip]:
    """Everything that can be named before Slack is asked: it says only "invalid_auth"."""
    if settings.slack_client_id:
        yield from _slips_of_many(settings)
        return
    bot_token, app_token = _value(settings.slack_bot_token), _value(settings.slack_app_token)
    if bot_token is None:
        yield Slip("bot_token_missing", "SLACK_BOT_TOKEN")
    elif not bot_token.removeprefix("xoxb-") or bot_token.startswith(("xapp-", "xoxp-")):
        yield Slip("bot_token_form", "SLACK_BOT_TOKEN")
    if app_token is None and _value(settings.slack_signing_secret) is None:
        yield Slip("no_way_in", "SLACK_APP_TOKEN")
    elif app_token is not None and not (app_token.startswith("xapp-") and app_token[5:]):
        yield Slip("app_token_form", "SLACK_APP_TOKEN")


def _slips_of_many(settings: Settings) -> Iterator[Slip]:
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
        if _value(getattr(settings, name.lower())) is not None:
            yield Slip("token_beside_oauth", name)
    needed = {
        "SLACK_CLIENT_SECRET": _value(settings.slack_client_secret),
        "SLACK_SIGNING_SECRET": _value(settings.slack_signing_secret),
        "SLACK_REDIRECT_URI": settings.slack_redirect_uri,
        "TLSCHECK_ENCRYPTION_KEY": _keys(settings),
        "REDIS_URL": settings.redis_url,
    }
    for name, given in needed.items():
        if not given:
            yield Slip("needed_for_oauth", name)
    uri = settings.slack_redirect_uri
    if uri and not uri.endswith("/slack/oauth_redirect"):
        yield Slip("redirect_uri", "SLACK_REDIRECT_URI")
    for key in _keys(settings):
        try:
            Fernet(key)
        except ValueError:
            yield Slip("encryption_key", "TLSCHECK_ENCRYPTION_KEY")
            break
    for name in ("TLSCHECK_CHANNELS", "TLSCHECK_USER_GROUPS"):
        if getattr(settings, name.lower()):
            yield Slip("ids_beside_oauth", name)


def _keys(settings: Settings) -> tuple[str, ...]:
    return tuple((_value(settings.tlscheck_encryption_key) or "").replace(",", " ").split())


def _value(secret: SecretStr | None) -> str | None:
    return (secret.get_secret_value().strip() or None) if secret is not None else None
