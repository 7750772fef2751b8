"""Caddy. https://caddyserver.com/docs/caddyfile/directives/tls ."""

from bot.diagnosis.remedies.software.entry import HASH, WEB, Change, Recipe, Software, telling

_RELOAD = (
    "caddy validate --config /etc/caddy/Caddyfile && caddy reload --config /etc/caddy/Caddyfile"
)
_SITE = "{host}:{port} {{\n  tls /etc/caddy/tls/{file}.fullchain.pem /etc/caddy/tls/{file}.key\n}}"

ENTRY = Software(
    code="caddy",
    side="server",
    services=WEB,
    signs=(
        telling("server", r"^Caddy\b"),
        telling("issuer", r"\bCaddy Local Authority\b"),
    ),
    recipes=(
        Recipe(Change.INSTALL, _SITE, _RELOAD, HASH),
        Recipe(
            Change.RENEW,
            "journalctl -u caddy --since '1 day ago' | grep -E 'certificate|acme'\n"
            "caddy reload --force --config /etc/caddy/Caddyfile",
        ),
        Recipe(
            Change.CHOOSE,
            "# Caddy gets a certificate for each name that heads a site:\n"
            "{host}:{port} {{\n  # what the site serves\n}}",
            _RELOAD,
            HASH,
        ),
        Recipe(
            Change.PROTOCOLS,
            "{host}:{port} {{\n  tls {{\n    protocols tls1.2 tls1.3\n  }}\n}}",
            _RELOAD,
            HASH,
        ),
        Recipe(
            Change.CIPHERS,
            "# the line “ciphers …” of the block tls is taken out: the default ones are current\n"
            "{host}:{port} {{\n  tls {{\n    protocols tls1.2 tls1.3\n  }}\n}}",
            _RELOAD,
            HASH,
        ),
        Recipe(Change.TLS_ON, _SITE, _RELOAD, HASH),
        Recipe(Change.LOG, "journalctl -u caddy --since '1 hour ago' | grep -i tls"),
        Recipe(
            Change.START,
            "caddy validate --config /etc/caddy/Caddyfile && systemctl restart caddy",
        ),
    ),
)
