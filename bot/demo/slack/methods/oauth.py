"""oauth.v2.access and auth.revoke: how an installation begins and ends.

Source: Slack's documents of these methods.
"""

import secrets

from bot.demo.slack.installs import CODE_LIFETIME, Installation, scopes_of
from bot.demo.slack.methods.call import ApiError, Call, Desk, method
from bot.demo.slack.values import Json
from bot.demo.slack.workspace import AIKO, APP, BOT, TEAM, TEAM_DOMAIN


def _access(desk: Desk, call: Call) -> Json:
    installs = desk.installs
    if call.text("client_id") != installs.client_id:
        raise ApiError("invalid_client_id")
    if call.text("client_secret") != installs.client_secret:
        raise ApiError("bad_client_secret")
    code = installs.codes.pop(call.optional("code") or "", None)
    if code is None or desk.workspace.clock() - code.issued > CODE_LIFETIME:
        raise ApiError("invalid_code")
    if (call.optional("redirect_uri") or code.redirect_uri) != code.redirect_uri:
        raise ApiError("bad_redirect_uri")
    token = f"xoxb-{secrets.token_hex(16)}"
    scopes = frozenset(scopes_of({"scope": code.scope}))
    installs.tokens[token] = Installation(code.team, scopes)
    return {
        "access_token": token,
        "token_type": "bot",
        "scope": ",".join(sorted(scopes)),
        "bot_user_id": BOT.id,
        "app_id": APP,
        "team": {"id": code.team, "name": TEAM_DOMAIN if code.team == TEAM else code.team},
        "enterprise": None,
        "is_enterprise_install": False,
        "authed_user": {"id": AIKO.id},
    }


def _revoke(desk: Desk, call: Call) -> Json:
    # "test: setting this parameter to 1 triggers a testing mode" (Slack: auth.revoke)
    if str(call.args.get("test", "")) not in ("1", "true", "True"):
        desk.installs.tokens.pop(call.token, None)
    return {"revoked": True}


METHODS = (
    method(
        "oauth.v2.access",
        _access,
        "client_id client_secret code redirect_uri grant_type refresh_token",
        caller="anyone",
    ),
    method("auth.revoke", _revoke, "test"),
)
