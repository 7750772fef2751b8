"""The Slack credentials of the settings: for one workspace by token, or for many by OAuth.

Slips that can be named before Slack is asked are named here.
"""

from dataclasses import dataclass, field

from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.settings import Settings, SettingsError


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


def read_credentials(settings: Settings) -> Credentials:
    """What the settings say.

    Raises:
        SettingsError: Something is missing, of the wrong kind, or does not go together.
    """
    bot_token = _value(settings.slack_bot_token)
    app_token = _value(settings.slack_app_token)
    signing_secret = _value(settings.slack_signing_secret)
    if settings.slack_client_id:
        oauth = _oauth(settings, bot_token, app_token, signing_secret)
        return Credentials(None, None, signing_secret, oauth)
    if bot_token is None:
        msg = (
            "SLACK_BOT_TOKEN is not set: give the bot token (xoxb-…) of the installed Slack app, "
            "or try everything without Slack with: tlscheck demo"
        )
        raise SettingsError(msg)
    # Slack says only "invalid_auth", and only when it is reached; these slips can be named at once.
    if not bot_token.removeprefix("xoxb-") or bot_token.startswith(("xapp-", "xoxp-")):
        msg = (
            "SLACK_BOT_TOKEN is not a bot token: it begins with xoxb- and stands under "
            "Install App in the settings of the Slack app"
        )
        raise SettingsError(msg)
    if app_token is not None and not (app_token.startswith("xapp-") and app_token[5:]):
        msg = (
            "SLACK_APP_TOKEN is not an app-level token: it begins with xapp- and stands under "
            "Basic Information in the settings of the Slack app (leave it empty for HTTP)"
        )
        raise SettingsError(msg)
    if app_token is None and signing_secret is None:
        msg = (
            "SLACK_APP_TOKEN is not set (Socket Mode), and neither is SLACK_SIGNING_SECRET (HTTP): "
            "one of the two is needed"
        )
        raise SettingsError(msg)
    return Credentials(bot_token, app_token, signing_secret)


def _oauth(
    settings: Settings,
    bot_token: str | None,
    app_token: str | None,
    signing_secret: str | None,
) -> OAuth:
    one = "one workspace by token, or many by SLACK_CLIENT_ID"
    for name, given in (("SLACK_BOT_TOKEN", bot_token), ("SLACK_APP_TOKEN", app_token)):
        if given is not None:
            msg = f"{name} does not go with SLACK_CLIENT_ID: {one}, which needs HTTP"
            raise SettingsError(msg)
    secret = _value(settings.slack_client_secret)
    keys = tuple((_value(settings.tlscheck_encryption_key) or "").replace(",", " ").split())
    needed = {
        "SLACK_CLIENT_SECRET": secret,
        "SLACK_SIGNING_SECRET": signing_secret,
        "SLACK_REDIRECT_URI": settings.slack_redirect_uri,
        "TLSCHECK_ENCRYPTION_KEY": keys,
        "REDIS_URL": settings.redis_url,
    }
    for name, given_value in needed.items():
        if not given_value:
            msg = f"{name} is not set; with SLACK_CLIENT_ID (many workspaces) it is needed"
            raise SettingsError(msg)
    if not settings.slack_redirect_uri.endswith("/slack/oauth_redirect"):
        msg = "SLACK_REDIRECT_URI has to end in /slack/oauth_redirect"
        raise SettingsError(msg)
    for key in keys:
        try:
            Fernet(key)
        except ValueError as error:
            msg = (
                "TLSCHECK_ENCRYPTION_KEY: a key is 32 random bytes as base64: "
                "openssl rand -base64 32 | tr '+/' '-_'"
            )
            raise SettingsError(msg) from error
    for name, ids in (
        ("TLSCHECK_CHANNELS", settings.tlscheck_channels),
        ("TLSCHECK_USER_GROUPS", settings.tlscheck_user_groups),
    ):
        if ids:
            msg = f"{name} does not go with SLACK_CLIENT_ID: its ids are those of one workspace"
            raise SettingsError(msg)
    return OAuth(settings.slack_client_id, secret or "", settings.slack_redirect_uri, keys)


def _value(secret: SecretStr | None) -> str | None:
    return (secret.get_secret_value().strip() or None) if secret is not None else None
