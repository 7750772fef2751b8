"""Exim. https://www.exim.org/exim-html-current/doc/html/spec_html/ch-encrypted_smtp_connections_using_tlsssl.html ."""

from bot.diagnosis.remedies.software.entry import HASH, Change, Recipe, Software, telling

_RELOAD = "exim -bV && systemctl reload exim4"
_FILES = (
    "tls_certificate = /etc/exim4/tls/{file}.fullchain.pem\n"
    "tls_privatekey  = /etc/exim4/tls/{file}.key"
)

ENTRY = Software(
    code="exim",
    side="server",
    services=frozenset({"smtp"}),
    signs=(telling("banner", r"^220.*\bExim\b"),),
    recipes=(
        Recipe(Change.INSTALL, _FILES, _RELOAD, HASH),
        Recipe(
            Change.RENEW,
            "certbot renew --cert-name {host} --deploy-hook 'systemctl reload exim4'",
        ),
        Recipe(Change.STARTTLS, "tls_advertise_hosts = *\n" + _FILES, _RELOAD, HASH),
        Recipe(Change.LOG, "grep -i tls /var/log/exim4/mainlog | tail -n 20"),
        Recipe(Change.START, "exim -bV && systemctl restart exim4"),
    ),
)
