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
        telling("header", r"^(server: cloudflare\b|cf-ray:)"),
        telling("alias", r"\.cdn\.cloudflare\.net$"),
        telling("issuer", r"\bCloudFlare Origin\b|\bCloudflare\b.*\b(ECC|RSA) CA\b"),
    ),
    # https://www.cloudflare.com/ips/
    networks=(
        *("173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22"),
        *("141.101.64.0/18", "108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20"),
        *("197.234.240.0/22", "198.41.128.0/17", "162.158.0.0/15", "104.16.0.0/13"),
        *("104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22"),
        *("2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32"),
        *("2405:8100::/32", "2a06:98c0::/29", "2c0f:f248::/32"),
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
