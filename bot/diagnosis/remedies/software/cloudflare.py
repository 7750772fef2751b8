"""Cloudflare: its own certificate for visitors, and the origin's behind it (errors 525 and 526)."""

from bot.diagnosis.remedies.software.entry import WEB, Change, Recipe, Software, telling

_API = '-H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" -H "Content-Type: application/json" '
_ZONE = 'https://api.cloudflare.com/client/v4/zones/"$ZONE_ID"'
# What Cloudflare itself sees: the origin's own address, asked by the site's name.
_ORIGIN = (
    'openssl s_client -connect "$ORIGIN":443 -servername {host} </dev/null | '
    "grep -E ' s:| i:|Verify return code'"
)

ENTRY = Software(
    code="cloudflare",
    side="server",
    services=WEB,
    signs=(
        telling("server", r"^cloudflare\b"),
        telling("header", r"^cf-ray:"),
        telling("alias", r"\.cdn\.cloudflare\.net$"),
        telling("issuer", r"\bCloudFlare Origin\b|\bCloudflare\b.*\b(ECC|RSA) CA\b"),
    ),
    recipes=(
        Recipe(Change.INSTALL, _ORIGIN, expect="Verify return code: 0 (ok)"),
        Recipe(
            Change.RENEW,
            "curl -s " + _API + _ZONE + "/ssl/certificate_packs?status=all\n" + _ORIGIN,
        ),
        Recipe(
            Change.CHOOSE,
            "curl -s " + _API + _ZONE + "/ssl/certificate_packs?status=all\n"
            "dig +short {host} CNAME",
        ),
        Recipe(
            Change.PROTOCOLS,
            "curl -s -X PATCH "
            + _API
            + '-d \'{{"value":"1.2"}}\' '
            + _ZONE
            + "/settings/min_tls_version",
            expect='"success":true',
        ),
        Recipe(Change.LOG, _ORIGIN),
        Recipe(Change.START, _ORIGIN),
    ),
)
