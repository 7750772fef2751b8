"""Installations by OAuth: codes, tokens, and the page "Add to Slack".

Source: Slack's document "Installing with OAuth".
"""

import html
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from bot.demo.slack.workspace import TEAM, TEAM_DOMAIN

CODE_LIFETIME = timedelta(minutes=10)
"""Slack: "Installing with OAuth", exchanging a code: "will only last 10 minutes"."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was given out, to be exchanged once."""

    scope: str
    team: str
    redirect_uri: str
    issued: datetime


@dataclass(frozen=True, slots=True)
class Installation:
    """A workspace that the app was installed into: what its token may do."""

    team: str
    scopes: frozenset[str]


class Installations:
    """Every code and every token that the installations made."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Installation] = {}

    def approve(self, query: str, now: datetime, *, team: str = "") -> str:
        """Allow what an authorize address asks for; the address that the browser goes to then.

        Raises:
            LookupError: The address asks for something that Slack refuses; the text is its error.
        """
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if asked.get("client_id") != self.client_id:
            msg = "invalid_client_id"
            raise LookupError(msg)
        if not asked.get("scope"):
            msg = "invalid_scope"
            raise LookupError(msg)
        code = f"{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        chosen = team or asked.get("team") or TEAM
        redirect = asked.get("redirect_uri", "")
        self.codes[code] = Code(asked["scope"], chosen, redirect, now)
        back = {"code": code, "state": asked.get("state", "")}
        return _with_query(redirect, back)


def cancelled(query: str) -> str:
    """Where the browser goes when the person says no (error=access_denied)."""
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    back = {"error": "access_denied", "state": asked.get("state", "")}
    return _with_query(asked.get("redirect_uri", ""), back)


def _with_query(address: str, more: dict[str, str]) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        msg = "bad_redirect_uri"
        raise LookupError(msg)
    query = "&".join(filter(None, [parts.query, urlencode(more)]))
    return urlunsplit(parts._replace(query=query))


def authorize_page(query: str) -> str:
    """The page on which a person allows the installation."""
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    scopes = "".join(f"<li><code>{html.escape(one)}</code></li>" for one in scopes_of(asked))
    held = html.escape(query, quote=True)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Add tlscheck to Slack</title>
<link rel="stylesheet" href="/page/app.css"></head>
<body class="authorize"><main><h1>tlscheck asks for permission to join the workspace
{html.escape(asked.get("team") or TEAM_DOMAIN)}</h1>
<p>It will be able to:</p><ul>{scopes}</ul>
<p class="actions"><a class="press" href="/oauth/v2/cancel?{held}">Cancel</a>
<a class="press primary" href="/oauth/v2/approve?{held}">Allow</a></p></main></body></html>"""


def scopes_of(asked: dict[str, str]) -> list[str]:
    """The scopes that are asked for."""
    return [one for one in asked.get("scope", "").replace(" ", ",").split(",") if one]
