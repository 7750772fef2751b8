"""Dovecot: IMAP, POP3 and ManageSieve (https://doc.dovecot.org)."""

from bot.diagnosis.remedies.software.entry import HASH, Change, Recipe, Software, telling

_RELOAD = "doveconf -n >/dev/null && doveadm reload"
_FILES = (
    "ssl_cert = </etc/dovecot/tls/{file}.fullchain.pem\nssl_key  = </etc/dovecot/tls/{file}.key"
)

ENTRY = Software(
    code="dovecot",
    side="server",
    services=frozenset({"imap"}),
    signs=(telling("banner", r"\bDovecot\b"),),
    recipes=(
        Recipe(Change.INSTALL, _FILES, _RELOAD, HASH),
        Recipe(
            Change.RENEW,
            "certbot renew --cert-name {host} --deploy-hook 'doveadm reload'",
        ),
        Recipe(
            Change.CHOOSE,
            "local_name {host} {{\n"
            "  ssl_cert = </etc/dovecot/tls/{file}.fullchain.pem\n"
            "  ssl_key  = </etc/dovecot/tls/{file}.key\n"
            "}}",
            _RELOAD,
            HASH,
        ),
        Recipe(Change.PROTOCOLS, "ssl_min_protocol = TLSv1.2", _RELOAD, HASH),
        Recipe(Change.CIPHERS, "ssl_cipher_list = ECDHE+AESGCM:ECDHE+CHACHA20", _RELOAD, HASH),
        Recipe(Change.TLS_ON, "ssl = yes\n" + _FILES, _RELOAD, HASH),
        Recipe(Change.STARTTLS, "ssl = yes\n" + _FILES, _RELOAD, HASH),
        Recipe(Change.LOG, "doveadm log errors"),
        Recipe(Change.START, "doveconf -n >/dev/null && systemctl restart dovecot"),
    ),
)
