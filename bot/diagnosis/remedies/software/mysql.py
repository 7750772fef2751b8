"""MySQL and MariaDB.

https://dev.mysql.com/doc/refman/8.4/en/using-encrypted-connections.html
"""

from bot.diagnosis.remedies.software.entry import HASH, Change, Recipe, Software, telling

_RELOAD = "mysql -e 'ALTER INSTANCE RELOAD TLS'"
_FILES = (
    "[mysqld]\nssl_cert = /etc/mysql/tls/{file}.fullchain.pem\nssl_key  = /etc/mysql/tls/{file}.key"
)
_RESTART = "systemctl restart mysql"

ENTRY = Software(
    code="mysql",
    side="server",
    services=frozenset({"mysql"}),
    signs=(telling("protocol", r"^mysql$"),),
    recipes=(
        Recipe(Change.INSTALL, _FILES, _RESTART, HASH),
        Recipe(
            Change.RENEW,
            "certbot renew --cert-name {host}\n"
            "sudo install -o mysql -m 600 /etc/letsencrypt/live/{host}/fullchain.pem "
            "/etc/mysql/tls/{file}.fullchain.pem\n"
            "sudo install -o mysql -m 600 /etc/letsencrypt/live/{host}/privkey.pem "
            "/etc/mysql/tls/{file}.key",
            _RELOAD,
        ),
        Recipe(Change.PROTOCOLS, "[mysqld]\ntls_version = TLSv1.2,TLSv1.3", _RESTART, HASH),
        Recipe(
            Change.CIPHERS,
            "[mysqld]\nssl_cipher = ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
            "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384",
            _RESTART,
            HASH,
        ),
        Recipe(Change.STARTTLS, _FILES, _RESTART, HASH),
        Recipe(Change.LOG, "grep -iE 'ssl|tls' /var/log/mysql/error.log | tail -n 20"),
        Recipe(
            Change.START, "systemctl restart mysql && mysqladmin --host={host} --port={port} ping"
        ),
    ),
)
